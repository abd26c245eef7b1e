/** A descriptor that epoll does not take, as none beyond `fs.epoll.max_user_watches`, is closed, and nothing is left. */
import assert from "node:assert/strict";
import { fstatSync, openSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { ClientAddress } from "../../src/proxy/client-address.js";
import { ProxyHeaderReader } from "../../src/proxy/proxy-header-reader.js";
import type { BindTls } from "../../src/proxy/tls/bind-tls.js";
import { Handshake } from "../../src/proxy/tls/handshake.js";
import { Loop } from "../../src/reactor/loop.js";
import { internetAddress } from "../../src/sys/address.js";
import { SystemError } from "../../src/sys/errno.js";
import { keepForLife } from "../../src/sys/socket.js";

const client = new ClientAddress(Buffer.from(internetAddress("192.0.2.1", 1024).memory.bytes));
const never = (): never => assert.fail("nobody is to hear of it");

/** epoll takes no regular file (epoll_ctl(2), EPERM). */
function refused(t: TestContext, register: (loop: Loop, fd: number) => unknown): void {
  const loop = new Loop();
  t.after(() => loop.close());
  const fd = openSync(import.meta.filename, "r");
  keepForLife(fd); // Node has opened it
  assert.throws(() => register(loop, fd), SystemError);
  assert.throws(() => fstatSync(fd), { code: "EBADF" });
  assert.equal(loop.timers.untilNext(loop.now), -1, "no timer is armed");
}

test("a client whose PROXY header was to be awaited", (t) => {
  const owner = { onProxyHeader: never, onNoProxyHeader: never, onProxyHeaderBug: never };
  refused(t, (loop, fd) => new ProxyHeaderReader(loop, fd, client, 1000, owner));
});

test("a client that was to shake hands", (t) => {
  const owner = {
    onHandshakeDone: never,
    onHandshakeFailed: never,
    onHandshakeDropped: never,
    onHandshakeBug: never,
  };
  const tls = { start: never } as Pick<BindTls, "start"> as BindTls;
  refused(t, (loop, fd) => new Handshake(loop, fd, tls, client, 1000, owner));
});
