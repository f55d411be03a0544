// An OAuth server that nobody of this project wrote: oidc-provider, set up as Atlassian's is where our client depends on it.
// Every refresh rotates the token, and a token that is used twice ends its grant. Unlike Atlassian's there is no leeway.
//
// CLIENT_ID, CLIENT_SECRET and REDIRECT_URI name the one client. Prints its address once it listens on a free loopback
// port, answers GET /counts with what it did, and ends with its standard input.

import { once } from "node:events";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const { CLIENT_ID, CLIENT_SECRET, REDIRECT_URI } = process.env;
const SCOPES = ["read:jira-work", "write:jira-work", "read:jira-user", "offline_access"];

// That nothing here is fit for production is what it is for.
const warn = console.warn;
console.warn = (line, ...rest) => (/development-only/.test(line) ? undefined : warn(line, ...rest));

const server = createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      redirect_uris: [REDIRECT_URI],
      // Plain http on loopback is for native applications.
      application_type: "native",
      grant_types: ["authorization_code", "refresh_token"],
      token_endpoint_auth_method: "client_secret_post",
    },
  ],
  scopes: SCOPES,
  rotateRefreshToken: true,
  // Atlassian's 3LO has no PKCE, so the client has none either.
  pkce: { required: () => false },
  features: { devInteractions: { enabled: true }, revocation: { enabled: true } },
  routes: { authorization: "/authorize", token: "/oauth/token", revocation: "/oauth/revoke" },
  // Whoever types a name is an account of this name.
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});

const counts = { grants: 0, consumed: 0, revoked: 0, refusals: [] };
provider.on("grant.success", () => { counts.grants += 1; });
provider.on("grant.error", (_context, error) => { counts.refusals.push(error.error_detail ?? error.message); });
provider.on("refresh_token.consumed", () => { counts.consumed += 1; });
provider.on("grant.revoked", () => { counts.revoked += 1; });

const answer = provider.callback();
server.on("request", (request, response) => {
  if (request.url !== "/counts") {
    answer(request, response);
    return;
  }
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify(counts));
});

console.log(issuer);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
