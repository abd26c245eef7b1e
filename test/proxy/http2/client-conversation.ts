/** A whole HTTP/2 connection of a client, in memory. */
import assert from "node:assert/strict";
import { HeadLimits } from "../../../src/proxy/http1/head-limits.js";
import { FrontendConnection } from "../../../src/proxy/http2/frontend-connection.js";
import { WaitLists } from "../../../src/proxy/queue/wait-lists.js";
import { WaitingRoom } from "../../../src/proxy/queue/waiting-room.js";
import { buildRuntime } from "../../../src/proxy/runtime.js";
import type { SessionContext } from "../../../src/proxy/session.js";
import { SharedState } from "../../../src/proxy/shared-state.js";
import { BufferPool } from "../../../src/reactor/buffers.js";
import type { Loop } from "../../../src/reactor/loop.js";
import { PipePool } from "../../../src/reactor/pipes.js";
import { readConfiguration } from "../../support/proxy.js";
import { MemoryChannel, QuietLoop } from "./memory.js";

const configuration = readConfiguration(`
defaults
  mode http
  timeout client 5s
frontend web
  bind 127.0.0.1:1`);

/** Nobody waits in it. */
const room = new WaitingRoom(
  WaitLists.create(SharedState.create({ workers: 1, frontends: 1, backends: 0, servers: 0 })),
  0,
  new QuietLoop() as unknown as Loop,
);

/** What the client sends in pieces, and what it gets; the proxy has no backend. */
export function converse(pieces: Iterable<Uint8Array>): Buffer {
  const state = SharedState.create({ workers: 1, frontends: 1, backends: 0, servers: 0 });
  const loop = new QuietLoop();
  const pool = new BufferPool();
  const [frontend] = buildRuntime(configuration, 1, state, room, 0, [], { binds: [], servers: [] } as never).frontends;
  let ended = 0;
  const context: SessionContext = {
    loop: loop as unknown as Loop,
    pool,
    headLimits: new HeadLimits({ bufferSize: pool.size, maxRewrite: 1024, maxHeaders: 101 }),
    pipes: new PipePool(loop as unknown as Loop, 0),
    state,
    stopping: false,
    onSessionEnd: () => ended++,
    onSessionFailure: (_, error) => {
      throw error;
    },
  };
  const channel = new MemoryChannel(loop as unknown as Loop);
  const address = { text: "127.0.0.1", port: 1, ipv4: undefined, stickKey: undefined, destination: undefined };
  const connection = new FrontendConnection(context, frontend!, channel, address as never, 0);
  connection.start();
  for (const piece of pieces) {
    channel.arrive(piece);
    loop.settle();
  }
  channel.hangUp();
  loop.settle();
  assert.ok(channel.closed, "the connection ends with its client");
  assert.equal(ended, 1, "and is counted once");
  assert.equal(pool.inUse, 0, "no buffer is kept");
  return Buffer.from(channel.sent);
}

/** As text; dates and the like are not in our own answers. */
export function framesOf(bytes: Buffer): string[] {
  const frames: string[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    frames.push(bytes.subarray(at, end).toString("hex"));
    at = end;
  }
  return frames;
}
