/** `heartbeat_path … protocol tcp`, between addresses of the loopback. */
import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { fromSeconds } from "../../src/config/units.js";
import { RunningHeartbeat } from "../../src/failover/heartbeat.js";
import { monotonic } from "../../src/failover/precise-loop.js";
import { type Claim, encodeHeartbeat, MAX_HEARTBEAT } from "../../src/failover/wire/heartbeat.js";
import { eventually } from "../support/eventually.js";
import { ipv4, span } from "./support.js";

const KEY = "correct horse battery staple";
const OWN = "127.0.0.2";
const PEER = "127.0.0.3";

const claim = (priority: number): Claim => ({
  virtualRouterId: 51,
  family: 4,
  priority,
  isMaster: true,
  source: ipv4("192.0.2.12"),
});

class Router {
  readonly heard: number[] = [];
  readonly said: string[] = [];
  readonly heartbeat: RunningHeartbeat;

  constructor(t: TestContext, local: string, peer: string, port: number, key = KEY) {
    const path = { name: "back", transport: "tcp", interface: undefined, interval: undefined, span } as const;
    this.heartbeat = new RunningHeartbeat(
      { ...path, localAddress: local, peers: [peer], port, key: { kind: "text", text: key } },
      fromSeconds(0.1),
      monotonic(),
      (text) => this.said.push(text),
    );
    assert.ok(this.heartbeat.open(monotonic()), this.said.join());
    t.after(() => this.heartbeat.close());
  }

  send(priority: number): void {
    this.heartbeat.send([claim(priority)], monotonic());
    this.drain();
  }

  drain(): number[] {
    this.heartbeat.drain(monotonic(), ({ priority }) => this.heard.push(priority));
    return this.heard;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, OWN, resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A router, and a connection to it from where its peer might be. */
async function listening(t: TestContext, from = PEER) {
  const port = await freePort();
  const router = new Router(t, OWN, PEER, port);
  return { router, client: await client(t, port, from), port };
}

async function client(t: TestContext, port: number, localAddress: string) {
  const socket = connect({ host: OWN, port, localAddress });
  socket.setNoDelay(true);
  socket.on("error", () => {});
  t.after(() => socket.destroy());
  let isClosed = false;
  socket.on("close", () => {
    isClosed = true;
  });
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  return { socket, isClosed: () => isClosed };
}

function heartbeat(priority: number, at = Date.now() * 1000): Buffer {
  const packet = Buffer.alloc(MAX_HEARTBEAT);
  return packet.subarray(0, encodeHeartbeat(packet, Buffer.from(KEY), 7n, at, [claim(priority)]));
}

const closed = (router: Router, { isClosed }: { isClosed: () => boolean }) =>
  eventually(() => {
    router.drain();
    return isClosed();
  }, true);

/** What `listener` has heard by now; the other one's connection is made meanwhile. */
function heardBy(listener: Router, other: Router): number[] {
  other.drain();
  return listener.drain();
}

test("what one sends the other hears: the first as soon as they are connected, then each", async (t) => {
  const port = await freePort();
  const [a, b] = [new Router(t, OWN, PEER, port), new Router(t, PEER, OWN, port)];
  a.send(101);
  await eventually(() => heardBy(b, a), [101]);
  a.send(102);
  b.send(90);
  await eventually(() => heardBy(b, a), [101, 102]);
  await eventually(() => heardBy(a, b), [90]);
  assert.deepEqual([...a.said, ...b.said], []);
});

test("a peer that was away is connected to again, and its absence said once", async (t) => {
  const port = await freePort();
  const a = new Router(t, OWN, PEER, port);
  const lastAfter = (priority: number, router: Router) => (): number | undefined => {
    a.send(priority);
    return router.drain().at(-1);
  };
  await eventually(lastAfter(100, a), () => a.said.length > 0);
  assert.match(a.said[0]!, /cannot send to 127\.0\.0\.3: .*refused/i);
  const b = new Router(t, PEER, OWN, port);
  await eventually(lastAfter(101, b), 101);
  b.heartbeat.close();
  assert.ok(b.heartbeat.open(monotonic()));
  await eventually(lastAfter(102, b), 102);
  assert.equal(a.said.length, 1);
});

test("heartbeats are found in the stream wherever it is cut, and several in one piece", async (t) => {
  const { router, client } = await listening(t);
  const now = Date.now() * 1000;
  const first = heartbeat(1, now);
  for (const octet of first) client.socket.write(Buffer.of(octet));
  await eventually(() => router.drain(), [1]);
  client.socket.write(
    Buffer.concat([heartbeat(2, now + 1), heartbeat(3, now + 2), heartbeat(4, now + 3).subarray(0, 30)]),
  );
  await eventually(() => router.drain(), [1, 2, 3]);
  client.socket.write(heartbeat(4, now + 3).subarray(30));
  await eventually(() => router.drain(), [1, 2, 3, 4]);
});

for (const [what, octets, says] of [
  ["a wrong signature", Buffer.from(heartbeat(1)).fill(0, 60), /wrong signature/],
  ["another protocol", Buffer.from("GET / HTTP/1.1\r\n\r\n"), /no heartbeat/],
  ["a heartbeat of an hour ago", heartbeat(1, (Date.now() - 3_600_000) * 1000), /time is off/],
] as const)
  test(`${what} ends the connection, and the log says why`, async (t) => {
    const { router, client } = await listening(t);
    client.socket.write(octets);
    await closed(router, client);
    assert.deepEqual(router.heard, []);
    assert.equal(router.said.length, 1);
    assert.match(router.said[0]!, says);
  });

test("what was recorded is not believed again, on whatever connection", async (t) => {
  const { router, client: first, port } = await listening(t);
  const recorded = heartbeat(1);
  first.socket.write(recorded);
  await eventually(() => router.drain(), [1]);
  const second = await client(t, port, PEER);
  second.socket.write(recorded);
  await closed(router, second);
  assert.deepEqual(router.heard, [1]);
  assert.match(router.said[0]!, /twice/);
});

test("whoever is no peer is turned away", async (t) => {
  const { router, client } = await listening(t, "127.0.0.9");
  await closed(router, client);
  assert.deepEqual([router.heard, router.said], [[], []]);
});

test("a peer with too many connections loses its oldest, and is heard on the newest", async (t) => {
  const { router, client: oldest, port } = await listening(t);
  router.drain();
  const others: Socket[] = [];
  for (let count = 0; count < 4; count++) others.push((await client(t, port, PEER)).socket);
  await closed(router, oldest);
  others.at(-1)!.write(heartbeat(5));
  await eventually(() => router.drain(), [5]);
});

test("a connection that takes nothing any more is given up within the time that a heartbeat is worth", async (t) => {
  const port = await freePort();
  // It accepts by the kernel's backlog and never reads.
  const deaf = createServer({ pauseOnConnect: true });
  await new Promise<void>((resolve) => deaf.listen(port, PEER, resolve));
  t.after(() => deaf.close());
  const a = new Router(t, OWN, PEER, port);
  await eventually(
    () => {
      for (let count = 0; count < 500; count++) a.send(1);
      return a.said.some((text) => /cannot send to 127\.0\.0\.3/.test(text));
    },
    true,
    { deadlineMs: 20_000, everyMs: 1 },
  );
});
