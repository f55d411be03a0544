// What a person does in the browser, and what the pages have to be whatever they show.

import assert from "node:assert/strict";

/** The biggest that anything may be that a page is made of, in bytes. */
const LARGEST_PAGE = 50_000;

/** Opens the link and presses the button. */
export async function connect(page, link) {
  await page.goto(link);
  await pressConnect(page);
}

export async function pressConnect(page) {
  await page.getByRole("link", { name: "Connect", exact: true }).click();
}

/** Logs in at Atlassian's page. */
export async function logIn(page, email) {
  await page.getByLabel("Email").fill(email);
  await page.getByRole("button", { name: "Log in", exact: true }).click();
}

/** Who Atlassian's consent page says is logged in. */
export async function loggedInAs(page) {
  return (await page.getByText("Logged in as").innerText()).replace("Logged in as", "").trim();
}

/** Accepts, on this site, all that is asked for but `without`. */
export async function accept(page, { site, without = [] } = {}) {
  if (site) {
    await page.getByLabel("Use app on").selectOption({ label: site });
  }
  if (without.length > 0) {
    await page.getByText("Sandbox only").click();
  }
  for (const scope of without) {
    await page.getByLabel(`Grant ${scope}`, { exact: true }).uncheck();
  }
  await page.getByRole("button", { name: "Accept", exact: true }).click();
}

/** Waits until the page, which loads itself anew while there is something to wait for, has this heading. */
export async function heading(page, text) {
  await page.getByRole("heading", { level: 1, name: text }).waitFor();
}

/** The page of a consent that was refused: on it stands why, and the way back. */
export async function refusedFor(page, reason) {
  await page.waitForURL(/\/connect\/-\/result\//);
  await page.getByText(reason, { exact: true }).first().waitFor();
  await page.getByRole("link", { name: "Try again" }).waitFor();
}

export async function tryAgain(page) {
  await page.getByRole("link", { name: "Try again" }).click();
}

/** A browser of its own for one case, whose pages work without scripts, ask nobody else for anything, and stay small. */
export class Person {
  static async arrive(browser, harness) {
    const person = new Person();
    person.context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 1280, height: 800 } });
    person.context.setDefaultTimeout(20_000);
    person.trouble = [];
    person.context.on("request", (request) => person.#asked(request, harness));
    person.context.on("response", (response) => person.#answered(response, harness));
    person.context.on("console", (message) => {
      if (/Content Security Policy/.test(message.text())) {
        person.trouble.push(message.text());
      }
    });
    return person;
  }

  async page() {
    return this.context.newPage();
  }

  /** Has logged in at Atlassian before, for something else. */
  async isLoggedInAs(email, harness) {
    const page = await this.page();
    await page.goto(`${harness.sandbox}/login`);
    await logIn(page, email);
    await page.getByText(email).first().waitFor();
    await page.close();
  }

  #asked(request, harness) {
    const { origin } = new URL(request.url());
    if (origin !== harness.pages && origin !== harness.sandbox) {
      this.trouble.push(`a request to ${request.url()}`);
    }
  }

  async #answered(response, harness) {
    if (!response.url().startsWith(harness.pages)) {
      return;
    }
    const headers = response.headers();
    const document = response.request().resourceType() === "document";
    for (const name of document ? ["content-security-policy", "referrer-policy", "x-frame-options"] : []) {
      if (!headers[name]) {
        this.trouble.push(`no ${name} at ${response.url()}`);
      }
    }
    // A redirect has no body to be had.
    const { length } = await response.body().catch(() => "");
    if (length > LARGEST_PAGE) {
      this.trouble.push(`${length} bytes at ${response.url()}`);
    }
  }

  async leave() {
    await this.context.close();
    assert.deepEqual(this.trouble, []);
  }
}

/** Pictures of a page: desktop and phone, light and dark. */
export async function portray(page, name, folder) {
  if (!folder) {
    return;
  }
  for (const [device, viewport] of Object.entries({ desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } })) {
    for (const colorScheme of ["light", "dark"]) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${folder}/${name}-${device}-${colorScheme}.png`, fullPage: true });
    }
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: null });
}
