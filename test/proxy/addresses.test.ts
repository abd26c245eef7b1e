/** The forms that addresses of `bind` and `server` lines take (configuration.txt §11), on real sockets. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Counter } from "../../src/proxy/shared-state.js";
import { AF_INET, internetAddress, portOf } from "../../src/sys/address.js";
import { check } from "../../src/sys/errno.js";
import { bind, close, lastAddress, listen, localName, SOCK_STREAM, socket } from "../../src/sys/socket.js";
import { eventually } from "../support/eventually.js";
import { freePort, readConfiguration, runProxy } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { logReceiver, recorder } from "../support/records.js";
import { needsRootAnd } from "../support/root.js";
import { serveHttp } from "../support/servers.js";

const run = promisify(execFile);

const folder = (t: TestContext): string => {
  const path = mkdtempSync(join(tmpdir(), "bascule-addresses-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

/** A server that says `answer` to everybody who connects. */
async function greeter(t: TestContext, answer: string, at: { host: string; port: number } | { path: string }) {
  const server = createTcpServer((socket) => socket.on("error", () => {}).end(answer));
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(at, resolve));
  t.after(() => server.close());
}

/** What the proxy says to a client that only connects. */
async function greeting(port: number, host = "127.0.0.1", deadlineMs = 5_000): Promise<string> {
  const client = await RawClient.connect(port, host);
  const text = await client.untilClosed(deadlineMs);
  client.close();
  return text;
}

test("UNIX sockets on both sides; their clients are unix:<listener> in the log", async (t) => {
  const directory = folder(t);
  const log = await logReceiver(t);
  const http = createServer((request, response) => response.end(`app ${request.url}`));
  await new Promise<void>((resolve) => http.listen(join(directory, "app.sock"), resolve));
  t.after(() => http.close());
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `listen web
    mode http
    log 127.0.0.1:${log.port} local0
    option httplog
    bind 127.0.0.1:${port}
    bind ${directory}/web.sock mode 600
    server app unix@${directory}/app.sock check inter 100ms`,
  );
  const { stdout } = await run("curl", ["-sS", "--unix-socket", join(directory, "web.sock"), "http://web/one"]);
  assert.equal(stdout, "app /one");
  await eventually(() => log.lines.length, 1);
  assert.match(log.lines[0]!, /^unix:2 \[.*\] web web\/app .* 200 /);
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/two`)).text(), "app /two");
  await eventually(() => proxy.running.health.report(0).status, "UP");

  await proxy.running.stop(true);
  assert.ok(!existsSync(join(directory, "web.sock")));
});

test("a UNIX client has no address: none is stored, and servers hear of none", async (t) => {
  const directory = folder(t);
  const server = await recorder(t);
  await runProxy(
    t,
    `listen web
    bind ${directory}/web.sock
    stick-table type ip size 10
    stick on src
    source 0.0.0.0
    server s 127.0.0.1:${server.port} send-proxy
    timeout connect 1s`,
  );
  const { stdout } = await run("bash", [
    "-c",
    `printf hello | timeout 2 socat -t 0.2 - UNIX:${directory}/web.sock; true`,
  ]);
  assert.equal(stdout, "");
  await eventually(() => server.received, ["PROXY UNKNOWN\r\nhello"]);
});

test("a server that depends on where the client connected to cannot serve a UNIX client", async (t) => {
  const directory = folder(t);
  const proxy = await runProxy(
    t,
    `listen web
    mode http
    bind ${directory}/web.sock
    retries 0
    server s *:80`,
  );
  const curl = [
    "-sS",
    "-o",
    "/dev/null",
    "-w",
    "%{http_code}",
    "--unix-socket",
    join(directory, "web.sock"),
    "http://web/",
  ];
  assert.equal((await run("curl", curl)).stdout, "503");
  await proxy.quiet();
  assert.equal(proxy.count("server", "web/s", Counter.connectErrors), 1);
});

test("abstract names on both sides", async (t) => {
  const name = `bascule-test-${process.pid}`;
  const server = await serveHttp(t, (request, response) => response.end(`app ${request.url}`));
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `listen outer
    mode http
    bind 127.0.0.1:${port}
    server inner abns@${name} check inter 100ms
listen inner
    mode http
    bind abns@${name}
    server app 127.0.0.1:${server.port}`,
  );
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/one`)).text(), "app /one");
  await eventually(() => proxy.running.health.report(0).status, "UP");
});

const needsHaproxy = needsRootAnd("haproxy");

test("HAProxy's abstract names are ours", { skip: needsHaproxy }, async (t) => {
  const directory = folder(t);
  const name = `bascule-haproxy-${process.pid}`;
  const [outer, port] = [await freePort(), await freePort()];
  await greeter(t, "from the server", { host: "127.0.0.1", port });
  writeFileSync(
    join(directory, "haproxy.cfg"),
    `defaults
    timeout client 5s
    timeout server 5s
    timeout connect 5s
listen theirs
    bind abns@${name}-theirs
    server ours abns@${name}-ours
`,
  );
  const haproxy = spawn("haproxy", ["-db", "-f", join(directory, "haproxy.cfg")], { stdio: "ignore" });
  t.after(() => haproxy.kill("SIGKILL"));
  await runProxy(
    t,
    `listen outer
    bind 127.0.0.1:${outer}
    server theirs abns@${name}-theirs
listen ours
    bind abns@${name}-ours
    server s 127.0.0.1:${port}`,
  );
  await eventually(() => greeting(outer), "from the server");
});

test("fd@ and a variable: a listening socket that the process was started with", async (t) => {
  const fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
  t.after(() => close(fd));
  check(bind(fd, internetAddress("127.0.0.1", 0)), "bind");
  check(listen(fd, 16), "listen");
  check(localName(fd), "getsockname");
  const listening = portOf(lastAddress);
  const server = await freePort();
  await greeter(t, "hello", { host: "127.0.0.1", port: server });
  const file = join(folder(t), "haproxy.cfg");
  writeFileSync(file, `listen in\n    bind fd@\${WEB}\n    server s 127.0.0.1:${server}\n`);
  const child = spawn(process.execPath, [entry, "haproxy", "-db", "-f", file], {
    env: { ...process.env, WEB: "3" },
    stdio: ["ignore", "ignore", "ignore", fd],
  });
  t.after(() => child.kill("SIGKILL"));
  // The kernel takes the client in before the process has begun to load its code.
  assert.equal(await greeting(listening, "127.0.0.1", 60_000), "hello");
  // Its clients wait for the next process meanwhile: whoever handed the socket down still has it.
  child.kill("SIGTERM");
  await eventually(
    () => child.exitCode ?? child.signalCode,
    (code) => code !== null,
  );
  const waiting = await RawClient.connect(listening);
  waiting.close();
});

const entry = fileURLToPath(new URL("../../src/cli/entry.js", import.meta.url));

for (const [what, bindLine, host] of [
  ["an IPv6 address", "[::1]:%", "::1"],
  ["ipv6@", "ipv6@[::1]:%", "::1"],
  [":::port takes IPv6", ":::%", "::1"],
  [":::port takes IPv4 too", ":::%", "127.0.0.1"],
  [":::port v4v6", ":::% v4v6", "127.0.0.1"],
  ["all of IPv4", "*:%", "127.0.0.1"],
  ["ipv4@", "ipv4@127.0.0.1:%", "127.0.0.1"],
  [":port beside :::port, by IPv4", ":%,:::%", "127.0.0.1"],
  [":port beside :::port, by IPv6", ":%,:::%", "::1"],
] as const)
  test(`bind: ${what}`, async (t) => {
    const server = await recorder(t);
    const port = await freePort();
    const line = bindLine.replaceAll("%", `${port}`);
    await runProxy(t, `listen in\n    bind ${line}\n    server s 127.0.0.1:${server.port} send-proxy`);
    const client = await RawClient.connect(port, host);
    client.send("hello");
    await eventually(() => server.received[0]?.endsWith("hello"), true);
    const family = host === "::1" ? "TCP6" : "TCP4";
    const expected = `PROXY ${family} ${host} ${host} ${client.socket.localPort} ${port}\r\nhello`;
    assert.equal(server.received[0], expected);
    client.close();
  });

test("bind :::port v6only leaves IPv4 to others", async (t) => {
  const [port, server] = [await freePort(), await freePort()];
  await greeter(t, "hello", { host: "127.0.0.1", port: server });
  await runProxy(t, `listen in\n    bind :::${port} v6only\n    server s 127.0.0.1:${server}`);
  await greeter(t, "somebody else", { host: "127.0.0.1", port });
  assert.equal(await greeting(port, "::1"), "hello");
  assert.equal(await greeting(port), "somebody else");
});

test("a range of ports is as many listeners", async (t) => {
  const [first, server] = [await freePort(), await freePort()];
  await greeter(t, "hello", { host: "127.0.0.1", port: server });
  await runProxy(t, `listen in\n    bind 127.0.0.9:${first}-${first + 2}\n    server s 127.0.0.1:${server}`);
  for (const port of [first, first + 1, first + 2]) assert.equal(await greeting(port, "127.0.0.9"), "hello");
});

test("an IPv6 server", async (t) => {
  const [port, server] = [await freePort(), await freePort()];
  await greeter(t, "hello", { host: "::1", port: server });
  const proxy = await runProxy(
    t,
    `listen in\n    bind 127.0.0.1:${port}\n    server s [::1]:${server} check inter 100ms`,
  );
  assert.equal(await greeting(port), "hello");
  await eventually(() => proxy.running.health.report(0).status, "UP");
});

// The proxy listens on 127.0.0.9 and 127.0.0.10, servers on the same ports of other addresses of this host.
for (const [what, address, at] of [
  ["no port: the one that the client connected to", "127.0.0.1", { host: "127.0.0.1", offset: 0 }],
  ["a port above it", "127.0.0.1:+1000", { host: "127.0.0.1", offset: 1_000 }],
  ["a port below it", "127.0.0.1:-1000", { host: "127.0.0.1", offset: -1_000 }],
] as const)
  test(`a server with ${what}`, async (t) => {
    const ports = [await freePort(), await freePort()];
    for (const port of ports) await greeter(t, `port ${port}`, { host: at.host, port: port + at.offset });
    const binds = ports.map((port) => `bind 127.0.0.9:${port}`).join("\n    ");
    await runProxy(t, `listen in\n    ${binds}\n    server s ${address}`);
    for (const port of ports) assert.equal(await greeting(port, "127.0.0.9"), `port ${port}`);
  });

test("a server at *: the address that the client connected to, in HTTP never another client's", async (t) => {
  const [port, server] = [await freePort(), await freePort()];
  for (const host of ["127.0.0.9", "127.0.0.10"]) {
    const http = createServer((_, response) => response.end(`at ${host}`));
    await new Promise<void>((resolve) => http.listen(server, host, resolve));
    t.after(() => http.close());
    t.after(() => http.closeAllConnections());
  }
  await runProxy(t, `listen in\n    mode http\n    bind *:${port}\n    server s *:${server}`);
  const clients = [await RawClient.connect(port, "127.0.0.9"), await RawClient.connect(port, "127.0.0.10")];
  for (let round = 0; round < 3; round++)
    for (const [index, client] of clients.entries()) {
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      const { fields, body } = await client.response();
      // Node answers in chunks to HTTP/1.1 without a length.
      assert.match(
        `${body}${client.text}`,
        new RegExp(`at 127\\.0\\.0\\.${index === 0 ? "9" : "10"}`),
        [...fields].join(),
      );
    }
  for (const client of clients) client.close();
});

test("a PROXY header also says where a client connected to, for servers that depend on it", async (t) => {
  const [port, server] = [await freePort(), await freePort()];
  await greeter(t, "hello", { host: "127.0.0.9", port: server });
  await runProxy(t, `listen in\n    bind 127.0.0.1:${port} accept-proxy\n    server s *`);
  const client = await RawClient.connect(port);
  client.send(`PROXY TCP4 192.0.2.1 127.0.0.9 1 ${server}\r\n`);
  assert.equal(await client.untilClosed(), "hello");
  client.close();
});

test("the checks of a server without a port need one", () => {
  assert.throws(
    () => readConfiguration("listen in\n    bind :80\n    server s 192.0.2.1 check"),
    /no port to connect to/,
  );
  const [backend] = readConfiguration("backend b\n    server s 192.0.2.1 check port 80").backends;
  assert.equal(backend!.servers[0]!.check!.port, 80);
});
