/** What rules do with requests in place of a server: http-request deny, tarpit, return, reject, silent-drop. */
import type { RawClient } from "../../support/raw-client.js";
import { OK, type Scenario, type World } from "./side-by-side.js";

const GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const POST_HALF = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc";

const sends = (text: string) => (client: RawClient) => client.send(text);
const asks = sends(GET);
/** The answer's bytes count. */
const notes =
  (request = GET) =>
  async (client: RawClient, world: World): Promise<void> => {
    client.send(request);
    world.note(await client.until((text) => text.includes("\r\n\r\n") && !text.endsWith(" ")));
  };
const after = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const PAUSE = "status 429 content-type text/plain string later hdr Retry-After 5";

/** The first connection is closed without a word, later ones are served. */
const closesFirst: Scenario["server"] = (socket, index) => {
  socket.on("data", () => socket.end(index === 0 ? "" : OK));
};
const POST = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";

const rule = (name: string, lines: string, client: Scenario["client"], more: Partial<Scenario> = {}): Scenario => ({
  name,
  lines: `http-request ${lines}`,
  client,
  ...more,
});

export const REFUSALS: readonly Scenario[] = [
  rule("deny", "deny", asks),
  rule("deny-keeps-alive", "deny if { path / }", sends(GET + GET.replace("/", "/a")), { logLines: 2 }),
  rule("deny-in-body", "deny", sends(POST_HALF)),
  rule("deny-status", "deny deny_status 429", asks),
  rule("deny-content", `deny ${PAUSE}`, notes(GET.replace("Host", "Via: a\r\nHost"))),
  rule("deny-head", `deny ${PAUSE}`, notes(GET.replace("GET", "HEAD"))),
  rule("deny-no-content", "deny status 403 hdr X-Share 100%%", notes()),
  rule("return", "return", notes()),
  rule("return-204", "return status 204", notes()),
  rule("return-page", "return status 503 default-errorfiles", notes()),
  rule(
    "return-closing",
    "return content-type a/b string hello",
    notes(GET.replace("Host", "Connection: close\r\nHost")),
  ),
  rule("return-http-1.0", "return content-type a/b string hello", notes(GET.replace("1.1", "1.0"))),
  rule("reject", "reject", asks),
  rule("silent-drop", "silent-drop", async (client) => {
    client.send(GET);
    await after(200);
    client.close();
  }),
  rule("allow", "allow if { path / }\nhttp-request deny", asks),
  rule("tarpit", "tarpit\ntimeout tarpit 200ms", asks),
  rule("tarpit-connect", "tarpit deny_status 429\ntimeout connect 200ms", asks),
  rule("tarpit-half-closed", "tarpit\ntimeout tarpit 400ms", async (client) => {
    client.send(GET);
    await after(100);
    client.finish();
  }),
  rule("tarpit-reset", "tarpit\ntimeout tarpit 400ms", async (client) => {
    client.send(GET);
    await after(100);
    client.reset();
  }),
  rule("tarpit-in-body", "tarpit\ntimeout tarpit 200ms", sends(POST_HALF)),
  rule("tarpit-keeps-alive", "tarpit if { path /a }\ntimeout tarpit 200ms", sends(GET.replace("/", "/a") + GET), {
    logLines: 2,
  }),
  rule("sent-once", "disable-l7-retry if METH_POST\nretry-on empty-response", sends(POST), { server: closesFirst }),
  rule("sent-again", "disable-l7-retry if METH_GET\nretry-on empty-response", sends(POST), { server: closesFirst }),
];
