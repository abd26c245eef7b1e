import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { AF_UNIX, unixAddress } from "../../src/sys/address.js";
import { allocate } from "../../src/sys/memory.js";
import * as sys from "../../src/sys/socket.js";

/** A Unix datagram socket that somebody listens at. @returns how to take the next datagram, "" if there is none. */
export function listenAt(t: TestContext, path: string): () => string {
  const fd = sys.socket(AF_UNIX, sys.SOCK_DGRAM | sys.SOCK_CLOEXEC, 0);
  assert.ok(sys.bind(fd, unixAddress(path)) >= 0);
  t.after(() => sys.close(fd));
  const memory = allocate(8192);
  return () => {
    const length = sys.recv(fd, memory.address, 8192, sys.MSG_DONTWAIT);
    return length > 0 ? memory.bytes.toString("utf8", 0, length) : "";
  };
}
