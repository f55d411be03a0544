// Connecting in a browser: every case of the connect pages, clicked by Playwright in Debian's Chromium.
//
// node run.mjs [--devkit PROGRAM] [--screenshots FOLDER] [part of a case's name]

import { mkdir } from "node:fs/promises";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

import { cases as connecting } from "./cases/connecting.mjs";
import { cases as links } from "./cases/links.mjs";
import { cases as refused } from "./cases/refused.mjs";
import { Person } from "./flow.mjs";
import { Harness } from "./harness.mjs";

const LONGEST = 120_000;
// The tests' network ends at this machine: a browser that looks for its maker's servers would only wait for them.
const CHROMIUM = {
  executablePath: "/usr/bin/chromium",
  chromiumSandbox: process.getuid() !== 0,
  args: [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { devkit: { type: "string", default: "target/debug/devkit" }, screenshots: { type: "string" } },
});
const chosen = [...connecting, ...refused, ...links].filter(([name]) => positionals.every((part) => name.includes(part)));

function within(milliseconds, work) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not end within ${milliseconds / 1000} s`)), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** What the person had before their eyes when a case failed. */
async function describe(person) {
  const pages = person.context.pages().map(async (page) => `${page.url()}\n${await page.locator("body").innerText({ timeout: 1000 })}`);
  const texts = await Promise.allSettled(pages);
  return texts.map(({ value, reason }) => `--- ${value ?? reason}`).join("\n");
}

async function play([name, tell], harness, browser) {
  const startedAt = performance.now();
  const person = await Person.arrive(browser, harness);
  const notes = [];
  try {
    await within(LONGEST, tell({ harness, browser, person, screenshots: values.screenshots, note: (text) => notes.push(text) }));
    await person.leave();
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`ok      ${name} (${[`${seconds} s`, ...notes].join("; ")})`);
    return true;
  } catch (error) {
    console.log(`FAILED  ${name}\n${error.stack}\n${await describe(person)}`);
    await person.context.close();
    return false;
  }
}

if (values.screenshots) {
  await mkdir(values.screenshots, { recursive: true });
}
const harness = await Harness.start(values.devkit);
let browser;
let passed = 0;
try {
  browser = await chromium.launch(CHROMIUM);
  console.log(`Chromium ${browser.version()}, ${chosen.length} cases`);
  for (const each of chosen) {
    passed += (await play(each, harness, browser)) ? 1 : 0;
  }
  if (passed < chosen.length) {
    console.log(`--- the operator's log\n${await harness.operatorsLog()}`);
  }
} finally {
  await browser?.close();
  await harness.stop();
}
console.log(`${passed} passed, ${chosen.length - passed} failed`);
process.exitCode = passed === chosen.length && passed > 0 ? 0 : 1;
