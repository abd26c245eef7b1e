import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { LogTarget } from "../../../src/config/haproxy/model.js";
import { Logger, LogSenders } from "../../../src/proxy/log/logger.js";
import { LogSender, RECONNECT_INTERVAL } from "../../../src/proxy/log/sender.js";
import { AF_UNIX, unixAddress } from "../../../src/sys/address.js";
import { allocate } from "../../../src/sys/memory.js";
import { bind, close, MSG_DONTWAIT, recv, SOCK_CLOEXEC, SOCK_DGRAM, socket } from "../../../src/sys/socket.js";
import { eventually } from "../../support/eventually.js";

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "bascule-log-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const closeOnce = (server: Socket): void => {
  try {
    server.close();
  } catch {
    // The test has closed it itself.
  }
};

/** A log daemon's Unix datagram socket. */
class UnixReceiver {
  readonly #memory = allocate(4096);
  readonly #fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    assert.equal(bind(this.#fd, unixAddress(path)), 0);
  }

  /** The next line that has come, undefined if there is none. */
  next(): string | undefined {
    const size = recv(this.#fd, this.#memory.address, 4096, MSG_DONTWAIT);
    return size < 0 ? undefined : this.#memory.bytes.toString("utf8", 0, size);
  }

  stop(): void {
    close(this.#fd);
    rmSync(this.#path, { force: true });
  }
}

async function udpReceiver(
  t: TestContext,
  type: "udp4" | "udp6",
  address: string,
): Promise<[Socket, string[], number]> {
  const server = createSocket(type);
  const lines: string[] = [];
  server.on("message", (message) => lines.push(message.toString()));
  server.bind(0, address);
  await once(server, "listening");
  t.after(() => closeOnce(server));
  return [server, lines, (server.address() as AddressInfo).port];
}

for (const [type, address] of [
  ["udp4", "127.0.0.1"],
  ["udp6", "::1"],
] as const)
  test(`lines reach a syslog server at ${address}, each in its datagram`, async (t) => {
    const [, lines, port] = await udpReceiver(t, type, address);
    const sender = new LogSender({ kind: "udp", address, port });
    t.after(() => sender.close());
    assert.ok(sender.send("first", 1024));
    assert.ok(sender.send("second é", 1024));
    assert.ok(sender.send("x".repeat(5000), 100));
    await eventually(() => lines, ["first\n", "second é\n", `${"x".repeat(99)}\n`]);
    assert.equal(sender.dropped, 0);
  });

test("a syslog server that is away fails no line: an ICMP error for one does not cost the next", async (t) => {
  const [server, lines, port] = await udpReceiver(t, "udp4", "127.0.0.1");
  const sender = new LogSender({ kind: "udp", address: "127.0.0.1", port });
  t.after(() => sender.close());
  server.close();
  await once(server, "close");
  for (let i = 0; i < 10; i += 1) assert.ok(sender.send("into the dark", 1024));
  assert.deepEqual(lines, []);
});

test("lines reach a Unix datagram socket", (t) => {
  const path = join(temporaryFolder(t), "log");
  const daemon = new UnixReceiver(path);
  t.after(() => daemon.stop());
  const sender = new LogSender({ kind: "unix", path });
  t.after(() => sender.close());
  assert.ok(sender.send("<134>hello", 1024));
  assert.equal(daemon.next(), "<134>hello\n");
});

test("a log daemon that comes late is looked for once a second", (t) => {
  const path = join(temporaryFolder(t), "log");
  let now = 0;
  const sender = new LogSender({ kind: "unix", path }, () => now);
  t.after(() => sender.close());
  now = RECONNECT_INTERVAL;
  assert.equal(sender.send("lost", 1024), false);
  const daemon = new UnixReceiver(path);
  t.after(() => daemon.stop());
  now += RECONNECT_INTERVAL - 1;
  assert.equal(sender.send("too early", 1024), false);
  now += 1;
  assert.ok(sender.send("found", 1024));
  assert.equal(daemon.next(), "found\n");
  assert.equal(sender.dropped, 2);
});

test("a restarted log daemon gets the very line that found the old one gone", (t) => {
  const path = join(temporaryFolder(t), "log");
  let now = 0;
  const first = new UnixReceiver(path);
  const sender = new LogSender({ kind: "unix", path }, () => now);
  t.after(() => sender.close());
  assert.ok(sender.send("one", 1024));
  first.stop();
  const second = new UnixReceiver(path);
  t.after(() => second.stop());
  now = RECONNECT_INTERVAL;
  assert.ok(sender.send("two", 1024));
  assert.equal(second.next(), "two\n");
  assert.equal(sender.dropped, 0);
});

test("a daemon that reads nothing holds nobody up: lines are dropped and counted", (t) => {
  const path = join(temporaryFolder(t), "log");
  const daemon = new UnixReceiver(path);
  t.after(() => daemon.stop());
  const sender = new LogSender({ kind: "unix", path });
  t.after(() => sender.close());
  let sent = 0;
  for (let i = 0; i < 10_000; i += 1) if (sender.send("a line", 1024)) sent += 1;
  assert.ok(sent > 0 && sender.dropped > 0);
  assert.equal(sent + sender.dropped, 10_000);
  while (daemon.next() !== undefined) sent -= 1;
  assert.equal(sent, 0);
  assert.ok(sender.send("room again", 1024));
});

test("a descriptor gets lines too", (t) => {
  const file = join(temporaryFolder(t), "log");
  const fd = openSync(file, "a");
  t.after(() => closeSync(fd));
  const sender = new LogSender({ kind: "fd", fd });
  assert.ok(sender.send("one", 1024));
  assert.ok(sender.send("two", 1024));
  assert.equal(readFileSync(file, "utf8"), "one\ntwo\n");
});

test("a full pipe drops lines instead of blocking", (t) => {
  const path = join(temporaryFolder(t), "pipe");
  assert.equal(spawnSync("mkfifo", [path]).status, 0);
  const fd = openSync(path, "r+"); // nobody reads; a blocking write would hang here
  t.after(() => closeSync(fd));
  const sender = new LogSender({ kind: "fd", fd });
  for (let i = 0; i < 100; i += 1) sender.send("x".repeat(4000), 65_536);
  assert.ok(sender.dropped > 50, `${sender.dropped} lines dropped`);
});

test("closed descriptors, unreachable networks and impossible paths only count", () => {
  for (const sender of [
    new LogSender({ kind: "fd", fd: 1_000_000 }),
    new LogSender({ kind: "udp", address: "not an address", port: 514 }),
    new LogSender({ kind: "unix", path: `/${"x".repeat(200)}` }),
  ]) {
    assert.equal(sender.send("line", 1024), false);
    assert.equal(sender.dropped, 1);
    sender.close();
  }
});

test("a logger sends to each of its targets in that target's form, over one socket per destination", (t) => {
  const path = join(temporaryFolder(t), "log");
  const daemon = new UnixReceiver(path);
  t.after(() => daemon.stop());
  const senders = new LogSenders();
  t.after(() => senders.close());
  const target: LogTarget = {
    target: { kind: "unix", path },
    length: 1024,
    format: "priority",
    facility: 16,
    maxLevel: "debug",
    minLevel: "emerg",
  };
  // As Debian's haproxy.cfg has it: log /dev/log local0, log /dev/log local1 notice.
  const targets = [target, { ...target, facility: 17, maxLevel: "notice" as const }];
  const logger = new Logger(targets, senders, { tag: "haproxy", pid: 1, hostname: "lb1" });
  logger.log("info", "a request");
  logger.log("alert", "no server");
  assert.deepEqual(
    [daemon.next(), daemon.next(), daemon.next()],
    ["<134>a request\n", "<129>no server\n", "<137>no server\n"],
  );
  assert.equal(daemon.next(), undefined);
  assert.equal(senders.to({ kind: "unix", path }), senders.to({ kind: "unix", path }));
  assert.equal(new Logger([], senders, { tag: "haproxy", pid: 1, hostname: "lb1" }).isSilent, true);
});
