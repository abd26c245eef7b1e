/** A whole HTTP/2 connection to a server, with one request, in memory. */
import assert from "node:assert/strict";
import { initialGlobal } from "../../../src/config/haproxy/initial.js";
import { Http2Limits } from "../../../src/proxy/http2/limits.js";
import { ServerConnection } from "../../../src/proxy/http2/server-connection.js";
import type { Http2Stream } from "../../../src/proxy/http2/stream.js";
import { BufferPool } from "../../../src/reactor/buffers.js";
import type { Loop } from "../../../src/reactor/loop.js";
import { EAGAIN } from "../../../src/sys/errno.js";
import { Type } from "./frame-client.js";
import { MemoryChannel, QuietLoop } from "./memory.js";

export interface Outcome {
  /** HTTP/1.1, as the session reads it. */
  readonly text: string;
  /** `open`, `ended` or `broken`. */
  readonly state: string;
  /** `reset 1`, `goaway 1` …, as we told the server. */
  readonly told: readonly string[];
  readonly requests: readonly string[];
}

/** Sends one request, and has the server send `pieces`. */
export function ask(
  pieces: Iterable<Uint8Array>,
  request = "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
  isReading = true,
): Outcome {
  const loop = new QuietLoop();
  const pool = new BufferPool();
  const channel = new MemoryChannel(loop as unknown as Loop);
  let ended = 0;
  const connection = new ServerConnection(
    channel,
    pool,
    new Http2Limits(initialGlobal(), "backend"),
    () => {},
    () => ended++,
  );
  let text = "";
  let state = "open";
  const into = pool.take();
  const out = pool.take();
  out.end = Buffer.from(out.bytes.buffer, out.bytes.byteOffset).write(request, "latin1");
  const send = (): void => {
    while (out.length > 0 && stream.writable && !stream.hasFailed)
      out.start += Math.max(0, stream.transmit(out, out.start, out.end));
  };
  const stream: Http2Stream = connection.open({
    onConnectionReady(): void {
      send();
      while (stream.readable && state === "open" && (isReading || stream.hasFailed)) {
        into.clear();
        const count = stream.receive(into, 1000);
        if (count > 0) text += Buffer.from(into.bytes.subarray(0, count)).toString("latin1");
        else if (count === 0) state = "ended";
        else if (count !== -EAGAIN) state = "broken";
      }
    },
    onFailure(error): void {
      throw error;
    },
  });
  send();
  loop.settle();
  for (const piece of pieces) {
    channel.arrive(piece);
    loop.settle();
  }
  stream.close();
  loop.settle();
  channel.hangUp();
  loop.settle();
  connection.closeNow();
  pool.give(into);
  pool.give(out);
  assert.equal(pool.inUse, 0, "no buffer is kept");
  assert.equal(ended, 1, "it ends once");
  return { text, state, ...readBack(Buffer.from(channel.sent)) };
}

function readBack(bytes: Buffer): Pick<Outcome, "told" | "requests"> {
  const told: string[] = [];
  const requests: string[] = [];
  for (let at = 24; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    const type = bytes[at + 3];
    if (type === Type.RST_STREAM) told.push(`reset ${bytes.readUInt32BE(at + 9)}`);
    if (type === Type.GOAWAY) told.push(`goaway ${bytes.readUInt32BE(at + 13)}`);
    if (type === Type.HEADERS) requests.push(bytes.toString("latin1", at + 9, end));
    at = end;
  }
  return { told, requests };
}
