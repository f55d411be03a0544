// What goes wrong at Atlassian's pages: each is refused with its reason, stores nothing, and can be mended from the page.

import assert from "node:assert/strict";

import { ACME, BOT, GLOBEX } from "../harness.mjs";
import { accept, connect, logIn, loggedInAs, portray, pressConnect, refusedFor, tryAgain } from "../flow.mjs";

/** The managed service account in the sandbox. */
const SERVICE_ACCOUNT = "348c658682ae8701d3e9@serviceaccount.atlassian.com";

/** From the page of a refused consent to Ready. */
async function mend(page, integration, choice = {}) {
  await tryAgain(page);
  await pressConnect(page);
  await accept(page, { site: ACME, ...choice });
  await integration.ready();
}

async function wrongAccount({ harness, person, screenshots }) {
  const integration = await harness.integrate("wrong-account");
  await person.isLoggedInAs("dana@acme.example", harness);
  const page = await person.page();
  await connect(page, await integration.link());
  // Nobody is asked who they are: that is the trap.
  assert.equal(await loggedInAs(page), "Dana Developer (dana@acme.example)");
  await accept(page, { site: ACME });
  await refusedFor(page, "WrongAccount");
  await portray(page, "refused", screenshots);
  await integration.isNotConnected();

  await tryAgain(page);
  await pressConnect(page);
  await page.getByRole("link", { name: "Switch account" }).click();
  await logIn(page, BOT);
  await accept(page, { site: ACME });
  assert.equal((await integration.ready()).displayName, "Jira Bot");
}

async function serviceAccountCannotLogIn({ harness, person }) {
  const integration = await harness.integrate("service-login");
  const page = await person.page();
  await connect(page, await integration.link());
  await logIn(page, SERVICE_ACCOUNT);
  await page.getByText("managed service account").waitFor();
  await integration.isNotConnected();
  await page.getByRole("link", { name: "Log in with another account" }).click();
  await logIn(page, BOT);
  await accept(page, { site: ACME });
  await integration.ready();
}

async function serviceAccountsGrant({ harness, person }) {
  const integration = await harness.integrate("service-grant", { account: SERVICE_ACCOUNT });
  const page = await person.page();
  await connect(page, await integration.link());
  // No person could click this together; should Atlassian ever allow it, it is refused all the same.
  const request = new URL(page.url()).searchParams.get("continue");
  const authorizeUrl = new URL(request, harness.sandbox).href;
  const { location } = await harness.command({ command: "mintCode", authorizeUrl, account: SERVICE_ACCOUNT });
  await page.goto(location);
  await refusedFor(page, "ManagedServiceAccount");
  await integration.isNotConnected();
}

async function declined({ harness, person }) {
  const integration = await harness.integrate("declined");
  const page = await person.page();
  await connect(page, await integration.link());
  await logIn(page, BOT);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.waitForURL(/\/connect\/-\/result\//);
  await page.getByText("declined").first().waitFor();
  await integration.isNotConnected();
  await mend(page, integration);
}

async function fewerScopes({ harness, person }) {
  const integration = await harness.integrate("fewer-scopes");
  const page = await person.page();
  await connect(page, await integration.link());
  await logIn(page, BOT);
  await accept(page, { site: ACME, without: ["write:jira-work"] });
  await refusedFor(page, "ScopesMissing");
  await page.getByText("write:jira-work").first().waitFor();
  await integration.isNotConnected();
  await mend(page, integration);
}

async function noOfflineAccess({ harness, person }) {
  const integration = await harness.integrate("online-only");
  const page = await person.page();
  await connect(page, await integration.link());
  await logIn(page, BOT);
  await accept(page, { site: ACME, without: ["offline_access"] });
  await refusedFor(page, "OfflineAccessMissing");
  await integration.isNotConnected();
  await mend(page, integration);
}

async function wrongSite({ harness, person }) {
  const integration = await harness.integrate("wrong-site");
  const page = await person.page();
  await connect(page, await integration.link());
  await logIn(page, BOT);
  await accept(page, { site: GLOBEX });
  await refusedFor(page, "SiteNotGranted");
  await integration.isNotConnected();
  await mend(page, integration);
}

export const cases = [
  ["wrong account", wrongAccount],
  ["managed service account at the login", serviceAccountCannotLogIn],
  ["managed service account's grant", serviceAccountsGrant],
  ["declined consent", declined],
  ["fewer scopes accepted", fewerScopes],
  ["offline access not accepted", noOfflineAccess],
  ["wrong site", wrongSite],
];
