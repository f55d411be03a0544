// Fetches issues with jira.js as its users do, page by page, and prints what it took as JSON.
//
// Reads a JSON object from standard input: `gateway`, `token`, `fields`, and `queries`, which run side by side; the
// pages of one query follow each other, because each needs the token of the one before.
import { readFileSync } from 'node:fs';
import { Version3Client } from 'jira.js';

const task = JSON.parse(readFileSync(0, 'utf8'));
const client = new Version3Client({
  host: task.gateway,
  authentication: { oauth2: { accessToken: task.token } },
});

async function fetchAll(jql) {
  let count = 0;
  let nextPageToken;
  do {
    const page = await client.issueSearch.searchForIssuesUsingJqlEnhancedSearchPost({
      jql,
      fields: task.fields,
      maxResults: 100,
      nextPageToken,
    });
    count += page.issues.length;
    nextPageToken = page.nextPageToken;
  } while (nextPageToken);
  return count;
}

// Of this program alone; what getrusage tells may be its parent's.
function memory(name) {
  const line = readFileSync('/proc/self/status', 'utf8').match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'));
  return line ? Number(line[1]) : 0;
}

const idleKib = memory('VmRSS');
const begin = performance.now();
const counts = await Promise.all(task.queries.map(fetchAll));
const seconds = (performance.now() - begin) / 1000;
const issues = counts.reduce((sum, count) => sum + count, 0);
console.log(JSON.stringify({ issues, seconds, idleKib, peakKib: memory('VmHWM') }));
