/**
 * A real browser, over HTTP/2 and over HTTP/1.1: a page with a hundred scripts, an upload, a form and a WebSocket. The
 * page itself finds out what came of it and reports that to its server.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { WebSocketServer } from "ws";
import { Counter } from "../../src/proxy/shared-state.js";
import { Pki } from "../proxy/tls/pki.js";
import { eventually } from "../support/eventually.js";
import { freePort, runProxy } from "../support/proxy.js";
import { serveHttp } from "../support/servers.js";

const SCRIPTS = 100;
const UPLOAD = 3_000_000;
const browser = "chromium";
const skip = spawnSync("which", [browser]).status === 0 ? false : `${browser} is not installed`;
const pki = new Pki();
const certificate = pki.issue(["localhost"]);

interface Report {
  readonly loaded: number;
  /** As the browser names what it spoke: `h2`, `http/1.1`. */
  readonly protocols: readonly string[];
  readonly upload: string;
  readonly form: string;
  readonly socket: string;
}

const PAGE = `<!doctype html><title>page</title><script>loaded = 0</script>
${Array.from({ length: SCRIPTS }, (_, index) => `<script src="/script/${index}"></script>`).join("\n")}
<script type="module">
const attempt = (promise) => promise.catch(String);
const upload = async () => {
  const body = new Uint8Array(${UPLOAD}).map((_, at) => at * 7);
  const echoed = new Uint8Array(await (await fetch("/echo", { method: "POST", body })).arrayBuffer());
  return echoed.length === body.length && echoed.every((octet, at) => octet === body[at]) ? "same" : "other";
};
const form = async () => {
  const fields = new URLSearchParams({ name: "bascule", kind: "a bridge" });
  return (await fetch("/echo", { method: "POST", body: fields })).text();
};
const socket = () => new Promise((resolve, reject) => {
  const socket = new WebSocket("wss://" + location.host + "/socket");
  const sizes = [];
  socket.onopen = () => { for (const size of [5, 70000]) socket.send("x".repeat(size)); };
  socket.onmessage = ({ data }) => { if (sizes.push(data.length) === 2) socket.close(1000, "enough"); };
  socket.onclose = ({ code }) => resolve(sizes + " " + code);
});
const results = await Promise.all([upload, form, socket].map((part) => attempt(part())));
const protocols = [...new Set(performance.getEntriesByType("resource").map((entry) => entry.nextHopProtocol))];
const report = { loaded, protocols, upload: results[0], form: results[1], socket: results[2] };
await fetch("/report", { method: "POST", body: JSON.stringify(report) });
</script>`;

interface PageServer {
  readonly port: number;
  readonly reports: Report[];
  /** WebSockets that came as an extended CONNECT (RFC 8441): HTTP/2 has its field names in lower case. */
  socketsOverHttp2: number;
}

async function servePage(t: TestContext): Promise<PageServer> {
  const reports: Report[] = [];
  const { port, server } = await serveHttp(t, (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === "/") response.setHeader("content-type", "text/html").end(PAGE);
    else if (request.url?.startsWith("/script/"))
      response.setHeader("content-type", "text/javascript").end("loaded++;");
    else if (request.url === "/echo") request.pipe(response);
    else if (request.url === "/report") {
      let text = "";
      request.on("data", (chunk) => (text += chunk));
      request.on("end", () => {
        reports.push(JSON.parse(text) as Report);
        response.end();
      });
    } else response.writeHead(404).end();
  });
  const page = { port, reports, socketsOverHttp2: 0 };
  new WebSocketServer({ server }).on("connection", (socket, { rawHeaders }) => {
    if (rawHeaders.includes("sec-websocket-version")) page.socketsOverHttp2++;
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return page;
}

/** Opens a page with nothing kept from before; the browser is gone when the test ends. */
function browse(t: TestContext, url: string): void {
  const profile = mkdtempSync(join(tmpdir(), "bascule-browser-"));
  const process = spawn(
    browser,
    [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--disable-dev-shm-usage",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--ignore-certificate-errors",
      "--remote-debugging-pipe",
      `--user-data-dir=${profile}`,
      url,
    ],
    { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"], detached: true },
  );
  t.after(async () => {
    const gone = once(process, "exit");
    globalThis.process.kill(-process.pid!, "SIGKILL");
    await gone;
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
}

for (const [alpn, protocol] of [
  ["h2,http/1.1", "h2"],
  ["http/1.1", "http/1.1"],
] as const)
  test(`a browser is served over ${protocol}`, { skip, timeout: 120_000 }, async (t) => {
    const page = await servePage(t);
    const port = await freePort();
    const proxy = await runProxy(
      t,
      `listen web
        mode http
        bind 127.0.0.1:${port} ssl crt ${certificate.pem} alpn ${alpn}
        server one 127.0.0.1:${page.port}`,
    );
    browse(t, `https://127.0.0.1:${port}/`);
    await eventually(() => page.reports.length > 0, true, { deadlineMs: 90_000 });
    assert.deepEqual(page.reports[0], {
      loaded: SCRIPTS,
      protocols: [protocol],
      upload: "same",
      form: "name=bascule&kind=a+bridge",
      socket: "5,70000 1000",
    });
    assert.equal(page.socketsOverHttp2, protocol === "h2" ? 1 : 0);
    assert.ok(proxy.count("frontend", "web", Counter.requests) >= SCRIPTS + 5);
    assert.equal(proxy.count("frontend", "web", Counter.requestErrors), 0);
  });
