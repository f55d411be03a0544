// The way as it should go, once, twice at a time, and in two tabs.

import assert from "node:assert/strict";

import { ACME, BOT, GLOBEX } from "../harness.mjs";
import { accept, connect, heading, logIn, loggedInAs, portray, pressConnect } from "../flow.mjs";

/** Most that the operator may take, in milliseconds, from apply to the link and from the click to Ready. */
const LINK_WITHIN = 2_000;
const READY_WITHIN = 5_000;

async function happyPath({ harness, person, screenshots, note }) {
  const integration = await harness.integrate("happy");
  const link = await integration.link();
  const linkTook = performance.now() - integration.appliedAt;
  const page = await person.page();
  await page.goto(link);
  assert.ok((await page.getByRole("main").innerText()).includes(ACME));
  assert.ok((await page.getByRole("main").innerText()).includes(BOT));
  await portray(page, "start", screenshots);
  await pressConnect(page);
  await logIn(page, BOT);
  assert.equal(await loggedInAs(page), `Jira Bot (${BOT})`);
  await accept(page, { site: ACME });
  const clickedAt = performance.now();
  const account = await integration.ready();
  const readyTook = performance.now() - clickedAt;
  assert.equal(account.displayName, "Jira Bot");
  await page.waitForURL(/\/connect\/-\/result\//);
  assert.ok(!page.url().includes("code="), "the code stays in the address");
  // The page shows by itself that all is well.
  await heading(page, "Connected and ready");
  await portray(page, "connected", screenshots);
  note(`link ${linkTook.toFixed(0)} ms after apply, Ready ${readyTook.toFixed(0)} ms after the click, kubectl's share included`);
  assert.ok(linkTook < LINK_WITHIN && readyTook < READY_WITHIN, "too slow");
}

async function twoTabs({ harness, person }) {
  const integration = await harness.integrate("two-tabs");
  const link = await integration.link();
  const [first, second] = [await person.page(), await person.page()];
  await connect(first, link);
  await connect(second, link);
  await logIn(first, BOT);
  await accept(first, { site: ACME });
  await integration.ready();
  // The second tab still shows the login; by now the browser is logged in, and there is nothing left to connect.
  await logIn(second, BOT);
  await accept(second, { site: ACME });
  await heading(second, "Connected and ready");
  assert.equal(await harness.codesExchanged(integration.app), 1);
  assert.equal((await integration.ready()).displayName, "Jira Bot");
}

async function twoIntegrations({ harness, person }) {
  const acme = await harness.integrate("both", { name: "acme" });
  const globex = await harness.integrate("both", { name: "globex", site: GLOBEX });
  const [left, right] = [await person.page(), await person.page()];
  await connect(left, await acme.link());
  await connect(right, await globex.link());
  await logIn(left, BOT);
  await logIn(right, BOT);
  await accept(right, { site: GLOBEX });
  await accept(left, { site: ACME });
  await acme.ready();
  await globex.ready();
  assert.equal((await acme.status()).site.url, ACME);
  assert.equal((await globex.status()).site.url, GLOBEX);
  for (const page of [left, right]) {
    await heading(page, "Connected and ready");
  }
}

export const cases = [
  ["happy path", happyPath],
  ["two tabs", twoTabs],
  ["two integrations at once", twoIntegrations],
];
