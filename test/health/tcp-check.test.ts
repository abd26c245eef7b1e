import assert from "node:assert/strict";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { milliseconds } from "../../src/config/units.js";
import type { CheckResult } from "../../src/health/check-result.js";
import { type CheckEndpoint, tcpCheck } from "../../src/health/tcp-check.js";
import { AF_INET, AF_UNIX, abstractAddress, internetAddress, portOf, unixAddress } from "../../src/sys/address.js";
import { check as sys } from "../../src/sys/errno.js";
import {
  bind,
  close,
  lastAddress,
  listen,
  localName,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  socket,
} from "../../src/sys/socket.js";
import { eventually } from "../support/eventually.js";

const greeting = Buffer.from("hello, it is me\r\n");
const probe = tcpCheck(() => greeting);
const at = (address: string, port: number): CheckEndpoint => ({
  address,
  port,
  family: 4,
  sendProxy: undefined,
  tls: undefined,
});

const check = (address: string, port: number, budget: number): Promise<CheckResult> =>
  new Promise((resolve) => probe(at(address, port), milliseconds(budget), resolve));

test("a server that accepts passes, and sees the connection reset rather than closed", async (t) => {
  const errors: (string | undefined)[] = [];
  const server = createServer((socket: Socket) =>
    socket.on("error", (error: NodeJS.ErrnoException) => errors.push(error.code)).resume(),
  );
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => server.close());
  const result = await check("127.0.0.1", (server.address() as AddressInfo).port, 1_000);
  assert.equal(result.status, "L4OK");
  assert.equal(result.info, "");
  assert.ok(result.duration >= 0 && result.duration < 1_000);
  await eventually(() => errors, ["ECONNRESET"]);
});

test("a refused connection is L4CON with strerror's words", async () => {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  const { status, info } = await check("127.0.0.1", port, 1_000);
  assert.deepEqual({ status, info }, { status: "L4CON", info: "Connection refused" });
});

test("no answer within the budget is L4TOUT", async (t) => {
  // A listener that accepts nothing: once its queue is full, the kernel drops every SYN, as a dead host would.
  const listener = sys(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  sys(bind(listener, internetAddress("127.0.0.1", 0)), "bind");
  sys(listen(listener, 0), "listen");
  sys(localName(listener), "getsockname");
  const port = portOf(lastAddress);
  const queued = createConnection(port, "127.0.0.1").on("error", () => {});
  t.after(() => {
    queued.destroy();
    close(listener);
  });
  await once(queued, "connect");

  const { status, info, duration } = await check("127.0.0.1", port, 150);
  assert.deepEqual({ status, info }, { status: "L4TOUT", info: "" });
  assert.ok(duration >= 149, `${duration} ms is less than the budget`);
});

test("an abandoned check says nothing", async (t) => {
  const server = createServer((socket) => socket.on("error", () => {}).resume());
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  let calls = 0;
  probe(at("127.0.0.1", port), milliseconds(1_000), () => calls++)();
  // A check that starts later and ends: had the first one anything to say, it would have said it by then.
  assert.equal((await check("127.0.0.1", port, 1_000)).status, "L4OK");
  assert.equal(calls, 0);
});

for (const [kind, family, name] of [
  ["a path", "unix", join(tmpdir(), `bascule-check-${process.pid}.sock`)],
  ["an abstract name", "abns", `bascule-check-${process.pid}`],
] as const)
  test(`a server at ${kind} is checked too`, async (t) => {
    const listener = sys(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    t.after(() => close(listener));
    if (family === "unix") t.after(() => rmSync(name, { force: true }));
    const endpoint: CheckEndpoint = { address: name, family, port: 0, sendProxy: undefined, tls: undefined };
    const status = async (): Promise<string> =>
      (await new Promise<CheckResult>((resolve) => probe(endpoint, milliseconds(1_000), resolve))).status;
    assert.equal(await status(), "L4CON");
    const address = family === "unix" ? unixAddress(name) : abstractAddress(name);
    sys(bind(listener, address), "bind");
    sys(listen(listener, 1), "listen");
    assert.equal(await status(), "L4OK");
  });

test("a server that wants a PROXY header reads it, and then the end", async (t) => {
  const connections: string[] = [];
  const server = createServer((socket: Socket) => {
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes.toString();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => connections.push(`${error.code}`));
    socket.on("end", () => connections.push(text));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const endpoint: CheckEndpoint = { ...at("127.0.0.1", port), sendProxy: { version: 1, checksum: false, tlvs: [] } };
  const { status } = await new Promise<CheckResult>((resolve) => probe(endpoint, milliseconds(1_000), resolve));
  assert.equal(status, "L4OK");
  await eventually(() => connections, [greeting.toString()]);
});
