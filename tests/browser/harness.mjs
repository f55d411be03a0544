// What the cases use: `devkit stage` (a Kubernetes API server, the sandbox of Jira Cloud, and the operator with its connect
// pages) as a child process, kubectl, and the sandbox's control endpoint.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";

/** E-mail address of the dedicated account in the sandbox, and the sites that it can use. */
export const BOT = "jira-bot@acme.example";
export const ACME = "https://acme.atlassian.net";
export const GLOBEX = "https://globex.atlassian.net";

const SECONDS_TO_WAIT = 30;

export class Harness {
  /** Starts everything; `devkit` is the program. Dropped on the floor, it ends with this process. */
  static async start(devkit) {
    const child = spawn(devkit, ["stage"], { stdio: ["pipe", "pipe", "inherit"] });
    const harness = new Harness();
    harness.child = child;
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith("{")) {
        const { kubectl, ...addresses } = JSON.parse(line);
        return Object.assign(harness, addresses, { kubectlWords: kubectl });
      }
      console.log(line);
    }
    throw new Error("the harness ended before it was ready");
  }

  async stop() {
    if (this.child.exitCode === null) {
      const ended = once(this.child, "exit");
      this.child.stdin.end();
      await ended;
    }
  }

  /** Runs kubectl and gives what it prints. */
  async kubectl(words, input = "") {
    const [program, ...first] = this.kubectlWords;
    const child = spawn(program, [...first, ...words], { env: { ...process.env, KUBECONFIG: this.kubeconfig } });
    const [out, err] = [[], []];
    child.stdout.on("data", (bytes) => out.push(bytes));
    child.stderr.on("data", (bytes) => err.push(bytes));
    child.stdin.end(input);
    const [code] = await once(child, "close");
    assert.equal(code, 0, `kubectl ${words.join(" ")}: ${Buffer.concat(err)}`);
    return Buffer.concat(out).toString();
  }

  /** Carries out a command of the sandbox. */
  async command(command) {
    const answer = await fetch(`${this.sandbox}/_sandbox/commands`, { method: "POST", body: JSON.stringify(command) });
    const body = await answer.json();
    assert.equal(answer.status, 200, `${command.command}: ${body.error}`);
    return body;
  }

  /** The exchanges of codes that an app made. */
  async codesExchanged(app) {
    const requests = await (await fetch(`${this.sandbox}/_sandbox/requests`)).json();
    return requests.filter((made) => made.clientId === app.clientId && made.grantType === "authorization_code").length;
  }

  /** The end of the operator's log, which is gone if the harness is. */
  async operatorsLog() {
    const text = await readFile(this.operatorLog, "utf8").catch((error) => error.message);
    return text.split("\n").slice(-40).join("\n");
  }

  /**
   * Makes a namespace with an app's credentials and a JiraIntegration that expects the dedicated account. The app is new unless
   * one is given.
   */
  async integrate(namespace, { name = "acme", site = ACME, account = BOT, app } = {}) {
    app ??= await this.command({ command: "createApp", callbackUrl: `${this.pages}/connect/callback` });
    const stringData = { "client-id": app.clientId, "client-secret": app.clientSecret };
    const items = [
      { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
      { apiVersion: "v1", kind: "Secret", metadata: { name: `${name}-oauth`, namespace }, stringData },
      {
        apiVersion: "jira-operator.dev/v1alpha1",
        kind: "JiraIntegration",
        metadata: { name, namespace },
        spec: { site, secretRef: { name: `${name}-oauth` }, account: { email: account } },
      },
    ];
    await this.kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    return new Integration(this, namespace, name, app);
  }
}

/** One JiraIntegration. */
class Integration {
  constructor(harness, namespace, name, app) {
    Object.assign(this, { harness, namespace, name, app, appliedAt: performance.now() });
  }

  #kubectl(...words) {
    return this.harness.kubectl(["-n", this.namespace, ...words]);
  }

  async #wait(what) {
    await this.#kubectl("wait", `jiraintegration/${this.name}`, `--for=${what}`, `--timeout=${SECONDS_TO_WAIT}s`);
  }

  async status() {
    return JSON.parse(await this.#kubectl("get", "jiraintegration", this.name, "-o", "json")).status;
  }

  /** The link in the status, once it is there. */
  async link() {
    await this.#wait("jsonpath={.status.authorizationURL}");
    return (await this.status()).authorizationURL;
  }

  /** Waits until it is Ready; whose grant it is by then. */
  async ready() {
    await this.#wait("condition=Ready");
    const status = await this.status();
    assert.equal(status.authorizationURL, undefined, "the link stays in the status of a connected integration");
    return status.account;
  }

  /** Nothing was let in: it is not Ready, holds no grant, publishes no token, and still offers its link. */
  async isNotConnected() {
    const status = await this.status();
    const ready = status.conditions.find((condition) => condition.type === "Ready");
    assert.notEqual(ready.status, "True");
    assert.ok(status.authorizationURL, "the link is gone though nothing was connected");
    const secrets = JSON.parse(await this.#kubectl("get", "secrets", "-o", "json")).items;
    const kept = secrets.filter(({ metadata }) => metadata.name !== `${this.name}-oauth`);
    for (const { metadata, data = {} } of kept) {
      const tokens = Object.keys(data).filter((key) => /^(refresh|access)-token$/.test(key) && data[key] !== "");
      assert.deepEqual(tokens, [], `Secret ${metadata.name} holds tokens of a refused consent`);
    }
  }
}
