// Creates issues with jira.js as its users do, and prints how long each took as JSON.
//
// Reads a JSON object from standard input: `gateway`, `token`, `inFlight`, and `tickets`, the fields of each issue.
import { readFileSync } from 'node:fs';
import { Version3Client } from 'jira.js';

const task = JSON.parse(readFileSync(0, 'utf8'));
const client = new Version3Client({
  host: task.gateway,
  authentication: { oauth2: { accessToken: task.token } },
});
const waiting = task.tickets.values();
const latencies = [];

async function createOneAfterTheOther() {
  for (const fields of waiting) {
    const begin = performance.now();
    await client.issues.createIssue({ fields });
    latencies.push((performance.now() - begin) / 1000);
  }
}

// Of this program alone; what getrusage tells may be its parent's.
function memory(name) {
  const line = readFileSync('/proc/self/status', 'utf8').match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'));
  return line ? Number(line[1]) : 0;
}

const idleKib = memory('VmRSS');
const begin = performance.now();
await Promise.all(Array.from({ length: task.inFlight }, createOneAfterTheOther));
const seconds = (performance.now() - begin) / 1000;
console.log(JSON.stringify({ latencies, seconds, idleKib, peakKib: memory('VmHWM'), endKib: memory('VmRSS') }));
