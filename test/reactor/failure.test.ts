/** A handler that throws, which is a bug, costs its own connection and nobody else's. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { BufferPool } from "../../src/reactor/buffers.js";
import type { Channel, ConnectionOwner } from "../../src/reactor/channel.js";
import { Connection } from "../../src/reactor/connection.js";
import { type Handler, Loop } from "../../src/reactor/loop.js";
import { AF_INET, internetAddress, portOf } from "../../src/sys/address.js";
import { createEventfd, EPOLLIN, notifyEventfd } from "../../src/sys/epoll.js";
import { check } from "../../src/sys/errno.js";
import * as sys from "../../src/sys/socket.js";
import { close, SOCK_NONBLOCK, SOCK_STREAM } from "../../src/sys/socket.js";

/** Two ends of a connection over loopback, non-blocking. */
function pair(): [number, number] {
  const listener = check(sys.socket(AF_INET, SOCK_STREAM, 0), "socket");
  check(sys.bind(listener, internetAddress("127.0.0.1", 0)), "bind");
  check(sys.listen(listener, 1), "listen");
  sys.localName(listener);
  const client = check(sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
  sys.connect(client, internetAddress("127.0.0.1", portOf(sys.lastAddress)));
  const server = check(sys.accept(listener), "accept");
  close(listener);
  return [client, server];
}

function loopOf(t: TestContext): Loop {
  const loop = new Loop();
  t.after(() => loop.close());
  return loop;
}

/** Sends back what comes, unless it is `boom`. */
class Echo implements ConnectionOwner {
  readonly failures: string[] = [];
  served = 0;

  constructor(readonly pool: BufferPool) {}

  onConnectionReady(channel: Channel): void {
    if (!channel.readable) return;
    const buffer = this.pool.take();
    try {
      if (channel.receive(buffer, buffer.room) <= 0) return;
      const text = Buffer.from(buffer.bytes.buffer, buffer.bytes.byteOffset, buffer.end).toString();
      if (text === "boom") throw new Error("a bug");
      this.served++;
      channel.transmit(buffer, buffer.start, buffer.end);
    } finally {
      this.pool.give(buffer);
    }
  }

  onFailure(error: unknown): void {
    this.failures.push((error as Error).message);
  }
}

test("of two connections that are ready at once, the one whose owner throws is told, and the other is served", (t) => {
  const loop = loopOf(t);
  const pool = new BufferPool();
  const ends = [pair(), pair()] as const;
  const owners = [new Echo(pool), new Echo(pool)] as const;
  const connections = ends.map(([, server], index) => new Connection(loop, server, owners[index]!));
  const out = pool.take();
  for (const [index, text] of ["boom", "well"].entries()) {
    out.end = Buffer.from(out.bytes.buffer, out.bytes.byteOffset).write(text);
    sys.send(ends[index]![0], out.address, out.end, 0);
  }
  const timer = loop.timer(() => {
    if (owners[0].failures.length > 0 && owners[1].served > 0) loop.stop();
    else loop.timers.arm(timer, loop.now + 1);
  });
  loop.timers.arm(timer, loop.now + 1);
  loop.run();
  assert.deepEqual(owners[0].failures, ["a bug"]);
  assert.deepEqual([owners[1].served, owners[1].failures], [1, []]);
  pool.give(out);
  for (const connection of connections) connection.close();
  for (const [client] of ends) close(client);
  assert.equal(pool.inUse, 0);
});

test("a failure without anybody to tell ends the loop: it is not passed over", (t) => {
  const loop = loopOf(t);
  const eventfd = createEventfd();
  t.after(() => close(eventfd));
  const handler: Handler = {
    onReady() {
      throw new Error("a bug of the loop's own");
    },
  };
  loop.add(eventfd, EPOLLIN, handler);
  notifyEventfd(eventfd);
  assert.throws(() => loop.run(), /a bug of the loop's own/);
});
