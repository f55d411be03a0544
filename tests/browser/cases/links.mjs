// Old links, old answers, and the browser's own buttons: none of them connects anything twice.

import assert from "node:assert/strict";

import { ACME, BOT } from "../harness.mjs";
import { Person, accept, connect, heading, logIn } from "../flow.mjs";

async function offersNoConnect(page, link) {
  const answer = await page.goto(link);
  assert.equal(answer.status(), 404);
  await heading(page, "This link is not valid");
  assert.equal(await page.getByRole("link", { name: "Connect", exact: true }).count(), 0);
}

/** An integration that this page has just connected. */
async function connected(harness, page, namespace) {
  const integration = await harness.integrate(namespace);
  const link = await integration.link();
  await connect(page, link);
  await logIn(page, BOT);
  const callback = page.waitForRequest(/\/connect\/callback\?/);
  await accept(page, { site: ACME });
  await integration.ready();
  await page.waitForURL(/\/connect\/-\/result\//);
  return { integration, link, callback: (await callback).url() };
}

async function expiredLink({ harness, person }) {
  const page = await person.page();
  const { integration, link } = await connected(harness, page, "expired");
  await offersNoConnect(page, link);
  // Nor does a link of another integration, or one that was changed, open anything.
  const other = await harness.integrate("expired-other");
  const key = new URL(link).searchParams.get("key");
  const borrowed = new URL(await other.link());
  borrowed.searchParams.set("key", key);
  await offersNoConnect(page, borrowed.href);
  borrowed.searchParams.delete("key");
  await offersNoConnect(page, borrowed.href);
  await other.isNotConnected();
  await integration.ready();
}

async function backAndReload({ harness, person }) {
  const page = await person.page();
  const { integration, callback } = await connected(harness, page, "back");
  const result = page.url();
  await page.reload();
  assert.equal(page.url(), result);
  await heading(page, "Connected and ready");
  // Back to the consent, which is accepted once more.
  await page.goBack();
  await accept(page, { site: ACME });
  await heading(page, "Connected and ready");
  // The answer of the first consent, as the history may hold it.
  await page.goto(callback);
  await heading(page, "Connected and ready");
  assert.equal(await harness.codesExchanged(integration.app), 1);
  assert.equal((await integration.ready()).displayName, "Jira Bot");
}

async function anotherBrowser({ harness, person, browser }) {
  const integration = await harness.integrate("another-browser");
  const page = await person.page();
  await connect(page, await integration.link());
  // Somebody is talked into accepting what was started elsewhere: their browser has not started it.
  const other = await Person.arrive(browser, harness);
  const victim = await other.page();
  await victim.goto(page.url());
  await logIn(victim, BOT);
  await accept(victim, { site: ACME });
  await heading(victim, "This was begun in another browser");
  assert.equal(await harness.codesExchanged(integration.app), 0);
  await integration.isNotConnected();
  await other.leave();
}

export const cases = [
  ["expired link", expiredLink],
  ["back button and reload", backAndReload],
  ["consent started in another browser", anotherBrowser],
];
