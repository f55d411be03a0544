// Old links, old answers, and the browser's own buttons: none of them connects anything twice.

import assert from "node:assert/strict";

import { ACME, BOT } from "../stage.mjs";
import { Person, accept, connect, logIn } from "../flow.mjs";

async function offersNoConnect(page, link) {
  const answer = await page.goto(link);
  assert.ok(answer.status() >= 400 && answer.status() < 500, `${answer.status()}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Connect", exact: true }).count(), 0);
}

/** An integration that this page has just connected. */
async function connected(stage, page, namespace) {
  const integration = await stage.integrate(namespace);
  const link = await integration.link();
  await connect(page, link);
  await logIn(page, BOT);
  const callback = page.waitForRequest(/\/connect\/callback\?/);
  await accept(page, { site: ACME });
  await integration.ready();
  await page.waitForURL(/\/connect\/result\//);
  return { integration, link, callback: (await callback).url() };
}

async function expiredLink({ stage, person }) {
  const page = await person.page();
  const { integration, link } = await connected(stage, page, "expired");
  await offersNoConnect(page, link);
  // Nor does a link of another integration, or one that was changed, open anything.
  const other = await stage.integrate("expired-other");
  const key = new URL(link).searchParams.get("key");
  const borrowed = new URL(await other.link());
  borrowed.searchParams.set("key", key);
  await offersNoConnect(page, borrowed.href);
  borrowed.searchParams.delete("key");
  await offersNoConnect(page, borrowed.href);
  await other.isNotConnected();
  await integration.ready();
}

async function backAndReload({ stage, person }) {
  const page = await person.page();
  const { integration, callback } = await connected(stage, page, "back");
  const result = page.url();
  await page.reload();
  assert.equal(page.url(), result);
  await page.getByText("Connected", { exact: true }).first().waitFor();
  // Back to the consent, which is accepted once more.
  await page.goBack();
  await accept(page, { site: ACME });
  await page.getByRole("heading", { level: 1 }).waitFor();
  assert.ok(page.url().startsWith(stage.pages));
  // The answer of the first consent, as the history may hold it.
  await page.goto(callback);
  await page.getByRole("heading", { level: 1 }).waitFor();
  assert.equal(await stage.codesExchanged(integration.app), 1);
  assert.equal((await integration.ready()).displayName, "Jira Bot");
}

async function anotherBrowser({ stage, person, browser }) {
  const integration = await stage.integrate("another-browser");
  const page = await person.page();
  await connect(page, await integration.link());
  // Somebody is talked into accepting what was started elsewhere: their browser has not started it.
  const other = await Person.arrive(browser, stage);
  const victim = await other.page();
  await victim.goto(page.url());
  await logIn(victim, BOT);
  await accept(victim, { site: ACME });
  await victim.getByRole("heading", { level: 1 }).waitFor();
  assert.ok(victim.url().startsWith(stage.pages));
  assert.equal(await stage.codesExchanged(integration.app), 0);
  await integration.isNotConnected();
  await other.leave();
}

export const cases = [
  ["expired link", expiredLink],
  ["back button and reload", backAndReload],
  ["consent started in another browser", anotherBrowser],
];
