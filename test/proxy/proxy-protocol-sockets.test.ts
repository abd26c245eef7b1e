/** The PROXY protocol on real sockets: headers awaited, passed on, refused; and with HAProxy and curl as peers. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { decodeProxyHeader } from "../../src/proxy/proxy-protocol.js";
import { Counter, Gauge } from "../../src/proxy/shared-state.js";
import { eventually, throughout } from "../support/eventually.js";
import { freePort, runProxy } from "../support/proxy.js";
import { everyByte } from "../support/random-cuts.js";
import { RawClient } from "../support/raw-client.js";
import { logReceiver, recorder } from "../support/records.js";
import { needsRootAnd } from "../support/root.js";
import { serveHttp, serveTcp } from "../support/servers.js";

const run = promisify(execFile);
const V1 = "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n";
const V2 = Buffer.from("0d0a0d0a000d0a515549540a2111000cc0000201c6336407dc0401bb", "hex").toString("latin1");
const V2_LOCAL = Buffer.from("0d0a0d0a000d0a515549540a20000000", "hex").toString("latin1");

const folder = (t: TestContext): string => {
  const path = mkdtempSync(join(tmpdir(), "bascule-proxy-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
};

/** What a header of either version says, in the words of version 1. */
function read(header: string): string {
  const decoded = decodeProxyHeader(Buffer.from(header, "latin1"));
  assert.equal(decoded.kind, "complete");
  if (decoded.kind !== "complete") return "";
  if (decoded.proxied === undefined) return "UNKNOWN";
  const { source, destination } = decoded.proxied;
  return `${source.address}:${source.port} ${destination.address}:${destination.port}`;
}

for (const [what, header] of [
  ["version 1", V1],
  ["version 2", V2],
] as const)
  test(`a client behind a header of ${what} is whom the server and the log see`, async (t) => {
    const server = await recorder(t);
    const log = await logReceiver(t);
    const port = await freePort();
    const proxy = await runProxy(
      t,
      `listen in
    bind 127.0.0.1:${port} accept-proxy
    log 127.0.0.1:${log.port} local0
    option tcplog
    server s 127.0.0.1:${server.port} send-proxy`,
    );
    const text = `${header}hello`;
    for (const ends of [[text.length], [header.length, text.length], everyByte(text.length)]) {
      const client = await RawClient.connect(port);
      await client.sendCut(text, ends);
      await eventually(() => server.received.at(-1), `${V1}hello`);
      client.finish();
      await client.untilClosed();
      client.close();
      server.received.length = 0;
    }
    await eventually(() => log.lines.length, 3);
    for (const line of log.lines) assert.match(line, /^192\.0\.2\.1:56324 \[/);
    await proxy.quiet();
    assert.equal(proxy.count("frontend", "in", Counter.sessions), 3);
  });

for (const [what, header] of [
  ["UNKNOWN", "PROXY UNKNOWN\r\n"],
  ["LOCAL", V2_LOCAL],
] as const)
  test(`after ${what} the real addresses hold`, async (t) => {
    const server = await recorder(t);
    const port = await freePort();
    await runProxy(
      t,
      `listen in
    bind 127.0.0.1:${port} accept-proxy
    server s 127.0.0.1:${server.port} send-proxy-v2`,
    );
    const client = await RawClient.connect(port);
    client.send(`${header}hello`);
    await eventually(() => server.received[0]?.endsWith("hello"), true);
    assert.equal(read(server.received[0]!), `127.0.0.1:${client.socket.localPort} 127.0.0.1:${port}`);
    client.close();
  });

test("without a header nothing reaches a server: it is logged in HAProxy's words, counted, and closed", async (t) => {
  const server = await recorder(t);
  const log = await logReceiver(t);
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `listen in
    bind 127.0.0.1:${port} accept-proxy name front
    log 127.0.0.1:${log.port} local0
    timeout client 300ms
    server s 127.0.0.1:${server.port}`,
  );
  const refused = async (bytes: string, finish: boolean): Promise<void> => {
    const client = await RawClient.connect(port);
    if (bytes !== "") client.send(bytes);
    if (finish) client.finish();
    assert.equal(await client.untilClosed(), "");
    client.close();
  };
  const reason = async (): Promise<string | undefined> => {
    await eventually(() => log.lines.length, 1);
    return /^127\.0\.0\.1:\d+ \[[^\]]+\] in\/front: (.*)$/.exec(log.lines.pop()!)?.[1];
  };
  await refused("GET / HTTP/1.1\r\n\r\n", false);
  assert.equal(await reason(), "Received something which does not look like a PROXY protocol header");
  await refused("PROXY TCP4 192.0.2.1 198.51.100.7 99999 443\r\n", false);
  assert.equal(await reason(), "Received an invalid PROXY protocol header");
  await refused("PROXY TCP4 192.0.2.1", true);
  assert.equal(await reason(), "Truncated PROXY protocol header received");
  await refused("", true);
  assert.equal(await reason(), "Connection closed while waiting for PROXY protocol header");
  await refused("PROXY TCP4 192.0.2.1", false);
  assert.equal(await reason(), "Timeout while waiting for PROXY protocol header");

  assert.deepEqual(server.received, []);
  assert.equal(proxy.count("frontend", "in", Counter.connections), 5);
  assert.equal(proxy.count("frontend", "in", Counter.sessions), 0);
  assert.equal(proxy.count("frontend", "in", Counter.requestErrors), 5);
  await proxy.quiet();
});

test("a client whose header is awaited counts against maxconn, and does not hold up a hard stop", async (t) => {
  const server = await recorder(t);
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `listen in
    bind 127.0.0.1:${port} accept-proxy
    maxconn 1
    server s 127.0.0.1:${server.port}`,
  );
  const first = await RawClient.connect(port);
  await eventually(() => proxy.gauge("frontend", "in", Gauge.current), 1);
  const second = await RawClient.connect(port);
  second.send(`${V1}second`);
  await throughout(200, () => server.received, []);
  first.close();
  await eventually(() => server.received, ["second"]);
  second.close();
  await proxy.quiet();
  const third = await RawClient.connect(port);
  await eventually(() => proxy.gauge("frontend", "in", Gauge.current), 1);
  await proxy.running.stop(true);
  await third.untilClosed();
});

test("HTTP clients behind a header are logged by it, and are never mixed up on the way to a server", async (t) => {
  const server = await serveProxyLines(t);
  const log = await logReceiver(t);
  const port = await freePort();
  await runProxy(
    t,
    `listen in
    mode http
    bind 127.0.0.1:${port} accept-proxy
    log 127.0.0.1:${log.port} local0
    option httplog
    server s 127.0.0.1:${server} send-proxy`,
  );
  const clients = await Promise.all([1, 2].map(() => RawClient.connect(port)));
  for (const [index, client] of clients.entries())
    client.send(`PROXY TCP4 192.0.2.${index} 198.51.100.7 ${index} 80\r\n`);
  for (let round = 0; round < 3; round++)
    for (const [index, client] of clients.entries()) {
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      assert.equal((await client.response()).body, `PROXY TCP4 192.0.2.${index} 198.51.100.7 ${index} 80`);
    }
  await eventually(() => log.lines.length, 6);
  assert.deepEqual(new Set(log.lines.map((line) => line.split(" ")[0])), new Set(["192.0.2.0:0", "192.0.2.1:1"]));
  for (const client of clients) client.close();
});

/** Answers each request with the PROXY line that its connection began with. */
async function serveProxyLines(t: TestContext): Promise<number> {
  const http = createServer((request, response) => response.end(lineOf.get(request.socket)));
  const lineOf = new WeakMap<Socket, string>();
  const { port } = await serveTcp(t, (socket) => {
    socket.once("readable", () => {
      const bytes = socket.read() as Buffer;
      const end = bytes.indexOf("\r\n");
      lineOf.set(socket, bytes.toString("latin1", 0, end));
      socket.unshift(bytes.subarray(end + 2));
      http.emit("connection", socket);
    });
  });
  t.after(() => http.closeAllConnections());
  return port;
}

test("curl --haproxy-protocol", async (t) => {
  const server = await serveHttp(t, (_, response) => response.end("hello"));
  const port = await freePort();
  await runProxy(
    t,
    `listen in
    mode http
    bind 127.0.0.1:${port} accept-proxy
    server s 127.0.0.1:${server.port}`,
  );
  const { stdout } = await run("curl", ["-sS", "--haproxy-protocol", `http://127.0.0.1:${port}/`]);
  assert.equal(stdout, "hello");
});

test("the header goes in front of TLS, on both sides", async (t) => {
  const directory = folder(t);
  await certificate(directory);
  const server = await recorder(t);
  const [outer, inner] = [await freePort(), await freePort()];
  await runProxy(
    t,
    `listen outer
    bind 127.0.0.1:${outer} accept-proxy
    server inner 127.0.0.1:${inner} ssl verify none send-proxy-v2
listen inner
    bind 127.0.0.1:${inner} accept-proxy ssl crt ${directory}/site.pem
    server s 127.0.0.1:${server.port} send-proxy`,
  );
  const client = await RawClient.connect(outer);
  client.send(`${V1}through TLS`);
  await eventually(() => server.received[0], `${V1}through TLS`);
  client.close();
});

async function certificate(directory: string): Promise<void> {
  const options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=site".split(" ");
  await run("openssl", [...options, "-keyout", `${directory}/key.pem`, "-out", `${directory}/crt.pem`]);
  const pem = ["crt.pem", "key.pem"].map((name) => readFileSync(join(directory, name), "utf8")).join("");
  writeFileSync(join(directory, "site.pem"), pem, { mode: 0o600 });
}

for (const [option, expected] of [
  ["send-proxy", /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ (\d+)\r\n$/],
  ["send-proxy-v2", new RegExp(`^${V2_LOCAL}$`)],
  ["check-send-proxy", /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ (\d+)\r\n$/],
  ["send-proxy port %", /^$/],
  ["send-proxy check-send-proxy port %", /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ (\d+)\r\n$/],
] as const)
  test(`health checks of a server with ${option.replace("%", "<n>")}`, async (t) => {
    const server = await recorder(t);
    await runProxy(
      t,
      `backend be
    server s 127.0.0.1:${server.port} check inter 50ms ${option.replace("%", `${server.port}`)}`,
    );
    await eventually(() => server.received.length >= 3, true);
    await eventually(() => expected.test(server.received[0]!), true);
  });

const needsHaproxy = needsRootAnd("haproxy");

test("HAProxy as the peer, in front and behind", { skip: needsHaproxy }, async (t) => {
  const directory = folder(t);
  const server = await recorder(t);
  const [first, second, third] = [await freePort(), await freePort(), await freePort()];
  await runProxy(
    t,
    `listen first
    bind 127.0.0.1:${first} accept-proxy
    server haproxy 127.0.0.1:${second} send-proxy-v2 proxy-v2-options crc32c
listen third
    bind 127.0.0.1:${third} accept-proxy
    server s 127.0.0.1:${server.port} send-proxy`,
  );
  const forward = async (options: string): Promise<void> => {
    writeFileSync(
      join(directory, "haproxy.cfg"),
      `defaults
    timeout client 5s
    timeout server 5s
    timeout connect 5s
listen second
    bind 127.0.0.1:${second} accept-proxy
    server third 127.0.0.1:${third} ${options}
`,
    );
    const haproxy = spawn("haproxy", ["-db", "-f", join(directory, "haproxy.cfg")], { stdio: "ignore" });
    t.after(() => haproxy.kill("SIGKILL"));
    await eventually(() => isListening(second), true);
    for (const header of [V1, V2, "PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n"]) {
      const client = await RawClient.connect(first);
      client.send(`${header}hello`);
      const [seen] = await eventually(
        () => server.received,
        (received) => received[0]?.endsWith("hello") === true,
      );
      assert.equal(seen, `${header === V2 ? V1 : header}hello`);
      client.close();
      server.received.length = 0;
    }
    haproxy.kill("SIGKILL");
    await eventually(() => haproxy.signalCode !== null, true);
  };
  await forward("send-proxy");
  await forward("send-proxy-v2 proxy-v2-options crc32c,unique-id");
});

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
