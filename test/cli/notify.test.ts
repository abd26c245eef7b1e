import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openNotifier } from "../../src/cli/notify.js";
import { listenAt } from "./datagrams.js";
import { folder } from "./program.js";

test("a service tells NOTIFY_SOCKET that it is ready", async (t) => {
  const path = join(folder(t, {}), "notify");
  const next = listenAt(t, path);
  const notifier = await openNotifier({ NOTIFY_SOCKET: path });
  notifier.send("READY=1");
  assert.equal(next(), "READY=1");
});

test("a name that starts with @ is an abstract one", async (t) => {
  const name = `bascule-test-${process.pid}`;
  const next = listenAt(t, `\0${name}`);
  (await openNotifier({ NOTIFY_SOCKET: `@${name}` })).send("STOPPING=1");
  assert.equal(next(), "STOPPING=1");
});

test("without NOTIFY_SOCKET, or with nobody behind it, nothing happens", async () => {
  (await openNotifier({})).send("READY=1");
  (await openNotifier({ NOTIFY_SOCKET: "/nonexistent/notify" })).send("READY=1");
});
