/** The log lines of real sessions, as a syslog server gets them (configuration.txt §8.2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../support/eventually.js";
import { freePort, runProxy } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { serveHttp, serveTcp } from "../support/servers.js";
import { syslog } from "../support/syslog.js";

const http = (port: number, logs: number, server: string, more = ""): string => `
frontend web
    bind 127.0.0.1:${port}
    mode http
    log 127.0.0.1:${logs} local0
    option httplog
    ${more}
    default_backend app
backend app
    mode http
    server s1 ${server}
`;

const DATE = String.raw`\[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d\.\d{3}\]`;

test("httplog: an exchange's client, names, times, status, bytes, load and request", async (t) => {
  const log = await syslog(t);
  const server = await serveHttp(t, (_, response) => setTimeout(() => response.end("hello"), 100));
  const port = await freePort();
  await runProxy(t, http(port, log.port, `127.0.0.1:${server.port}`));
  const client = await RawClient.connect(port);
  client.send("GET /path?q=1 HTTP/1.1\r\nHost: h\r\n\r\n");
  await client.response();
  const bytes = client.socket.bytesRead;
  await eventually(() => log.lines.length, 1);
  const [, clientPort, times, rest] = new RegExp(String.raw`^127\.0\.0\.1:(\d+) ${DATE} web app\/s1 (\S+) (.*)$`).exec(
    log.lines[0]!,
  )!;
  assert.equal(Number(clientPort), client.socket.localPort);
  assert.equal(rest, `200 ${bytes} - - ---- 1/1/0/0/0 0/0 "GET /path?q=1 HTTP/1.1"`);
  const [request, queue, connect, response, total] = times!.split("/").map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  assert.ok(request >= 0 && queue === 0 && connect >= 0, times);
  assert.ok(response >= 95 && total >= request + connect + response, times);
  client.close();
});

for (const [name, send, server, wanted] of [
  [
    "a malformed request",
    "bad\r\n\r\n",
    "127.0.0.1:9",
    /^web web\/<NOSRV> [-\d]+\/-1\/-1\/-1\/\d+ 400 \d+ - - PR-- 1\/1\/0\/0\/0 0\/0 "<BADREQ>"$/,
  ],
  [
    "no server",
    "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "127.0.0.1:9 disabled",
    /^web app\/<NOSRV> 0\/[-\d]+\/-1\/-1\/\d+ 503 \d+ - - SC-- 1\/1\/0\/0\/0 0\/0 "GET \/ HTTP\/1.1"$/,
  ],
  [
    "a server that refuses",
    "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "127.0.0.1:1",
    /^web app\/s1 0\/0\/-1\/-1\/\d+ 503 \d+ - - SC-- 1\/1\/0\/0\/0 0\/0 "GET \/ HTTP\/1.1"$/,
  ],
] as const)
  test(`httplog: ${name}`, async (t) => {
    const log = await syslog(t);
    const port = await freePort();
    await runProxy(
      t,
      `\ndefaults\n    timeout connect 1s\n    timeout client 1s\n    timeout server 1s\n    retries 0\n${http(port, log.port, server)}`,
    );
    await RawClient.exchange(port, send);
    await eventually(() => log.lines.length, 1);
    assert.match(log.lines[0]!.replace(new RegExp(String.raw`^\S+ ${DATE} `), ""), wanted);
  });

test("httplog: a time-out and a premature close of the server", async (t) => {
  const log = await syslog(t);
  const server = await serveTcp(t, (socket) => {
    socket.once("data", (chunk) => {
      if (chunk.includes("/close")) socket.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
      else socket.resume();
    });
    socket.on("end", () => socket.end());
  });
  const port = await freePort();
  await runProxy(
    t,
    http(port, log.port, `127.0.0.1:${server.port}`).replace(
      "\nbackend app",
      "\nbackend app\n    timeout server 100ms",
    ),
  );
  for (const [target, wanted] of [
    ["/close", /\/\d+ 200 \d+ - - SD-- 1\/1\/0\/0\/0 0\/0 "GET \/close /],
    ["/silence", /\/-1\/[1-9]\d\d+ 504 \d+ - - sH-- 1\/1\/0\/0\/0 0\/0 "GET \/silence /],
  ] as const) {
    const client = await RawClient.connect(port);
    client.send(`GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    await client.untilClosed();
    client.close();
    assert.match(
      await eventually(
        () => log.lines.pop() ?? "",
        (line) => line !== "",
      ),
      wanted,
    );
  }
});

test("a connection without a byte is logged with the time it was there, or not at all with dontlognull", async (t) => {
  const log = await syslog(t);
  const [port, quiet] = [await freePort(), await freePort()];
  const proxy = await runProxy(
    t,
    http(port, log.port, "127.0.0.1:9") +
      http(quiet, log.port, "127.0.0.1:9", "option dontlognull").replaceAll("web", "quiet").replaceAll("app", "other"),
  );
  for (const to of [quiet, port]) {
    const client = await RawClient.connect(to);
    client.finish();
    const answer = await client.untilClosed();
    if (to === quiet) assert.equal(answer, "");
    else assert.match(answer, /^HTTP\/1\.1 400 /); // only its own half is closed
    client.close();
  }
  await proxy.quiet();
  await eventually(() => log.lines.length, 1);
  const line = log.lines[0]!;
  assert.match(line, / web web\/<NOSRV> -1\/-1\/-1\/-1\/\d+ 400 \d+ - - CR-- 1\/1\/0\/0\/0 0\/0 "<BADREQ>"$/);
  assert.ok(Number(/\/(\d+) 400 \d+ - -/.exec(line)![1]) < 1000, line);
});

test("tcplog: a session's client, names, times, bytes and load", async (t) => {
  const log = await syslog(t);
  const server = await serveTcp(t, (socket) => void socket.pipe(socket));
  const port = await freePort();
  await runProxy(
    t,
    `
listen db
    bind 127.0.0.1:${port}
    mode tcp
    log 127.0.0.1:${log.port} local0
    option tcplog
    server s1 127.0.0.1:${server.port}`,
  );
  const client = await RawClient.connect(port);
  const from = client.socket.localPort;
  client.send("12345");
  await client.until((text) => text.length === 5);
  client.finish();
  await client.untilClosed();
  await eventually(() => log.lines.length, 1);
  assert.match(
    log.lines[0]!,
    new RegExp(String.raw`^127\.0\.0\.1:${from} ${DATE} db db\/s1 0\/\d+\/\d+ 5 -- 1\/1\/0\/0\/0 0\/0$`),
  );
});
