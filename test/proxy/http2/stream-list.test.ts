/** Which streams of a connection count for SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 §5.1.2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Http2Stream } from "../../../src/proxy/http2/stream.js";
import { StreamList } from "../../../src/proxy/http2/stream-list.js";

function listOf(...ends: readonly (readonly [localEnded: boolean, remoteEnded: boolean])[]): StreamList {
  const list = new StreamList();
  for (const [localEnded, remoteEnded] of ends) list.add({ localEnded, remoteEnded } as Http2Stream);
  return list;
}

const OPEN = [false, false] as const;
const HALF_CLOSED_LOCAL = [true, false] as const;
const HALF_CLOSED_REMOTE = [false, true] as const;
const CLOSED = [true, true] as const;

test("open streams count, and those half closed", () => {
  assert.equal(listOf(OPEN, HALF_CLOSED_LOCAL).hasRoom(3), true);
  assert.equal(listOf(OPEN, HALF_CLOSED_LOCAL, HALF_CLOSED_REMOTE).hasRoom(3), false);
});

test("a closed one does not, though its session is still at it: the client has seen the end, and goes on", () => {
  assert.equal(listOf(OPEN, CLOSED, HALF_CLOSED_REMOTE).hasRoom(3), true);
  assert.equal(listOf(OPEN, CLOSED, CLOSED, OPEN, OPEN).hasRoom(3), false);
});

test("with all that are closed, there are never twice as many", () => {
  assert.equal(listOf(CLOSED, CLOSED, CLOSED, CLOSED, CLOSED).hasRoom(3), true);
  assert.equal(listOf(CLOSED, CLOSED, CLOSED, CLOSED, CLOSED, CLOSED).hasRoom(3), false);
});
