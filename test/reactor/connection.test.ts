import assert from "node:assert/strict";
import { fstatSync, openSync } from "node:fs";
import { test } from "node:test";
import { Connection } from "../../src/reactor/connection.js";
import { Loop } from "../../src/reactor/loop.js";
import { SystemError } from "../../src/sys/errno.js";
import { keepForLife } from "../../src/sys/socket.js";

test("a connection that the loop cannot take leaves no descriptor open", () => {
  const loop = new Loop();
  // epoll takes no plain files (epoll_ctl(2), EPERM).
  const file = openSync(new URL(import.meta.url), "r");
  keepForLife(file); // Node has opened it
  assert.throws(() => new Connection(loop, file, { onConnectionReady() {}, onFailure() {} }), SystemError);
  assert.throws(() => fstatSync(file), { code: "EBADF" });
  loop.close();
});
