import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openControlSocket, parseControlCommand } from "../../src/supervisor/control-socket.js";
import { Supervisor } from "../../src/supervisor/supervisor.js";
import { folder } from "../cli/program.js";
import { Lives, SimulatedClock } from "./simulation.js";

async function opened(t: TestContext, path = join(folder(t, {}), "deeper", "bascule.sock")) {
  const clock = new SimulatedClock();
  const proxy = new Lives(clock, 100);
  const supervisor = new Supervisor({ parts: { proxy: proxy.launch }, clock, log: () => {} });
  void supervisor.start();
  const server = await openControlSocket(path, supervisor);
  t.after(() => server.close());
  return { path, proxy, supervisor };
}

/** Sends `text` and closes that direction at once. @returns everything that comes back. */
function ask(path: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(path, () => socket.end(text));
    socket.on("data", (bytes) => {
      answer += bytes;
    });
    socket.once("error", reject);
    socket.once("close", () => resolve(answer));
  });
}

test("status tells each part's state; the answer ends with an empty line", async (t) => {
  const { path, proxy } = await opened(t);
  proxy.last.say({ kind: "ready" });
  const answer = await ask(path, "status\n");
  assert.match(answer, /^ok\nbascule {3}pid \d+, for 0 s\nproxy {5}ready {5}pid 100, for 0 s, 0 restarts\n\n$/);
});

test("several commands in one go are answered in order, the last without a line end too", async (t) => {
  const { path } = await opened(t);
  const answers = (await ask(path, "frobnicate\n\nstop all\nstatus")).split("\n\n");
  assert.equal(answers[0], "error\nunknown command: frobnicate");
  assert.equal(answers[1], "error\nusage: stop proxy|failover");
  assert.match(answers[2]!, /^ok\nbascule/);
});

test("a command is answered when it is done", async (t) => {
  const { path, proxy } = await opened(t);
  proxy.last.say({ kind: "ready" });
  let answered = false;
  const answer = ask(path, "stop proxy\n").finally(() => {
    answered = true;
  });
  await ask(path, "status\n");
  assert.equal(answered, false);
  assert.deepEqual(proxy.last.signals, ["SIGTERM"]);
  proxy.last.exit(0);
  assert.match(await answer, /^ok\nproxy {5}stopped/);
});

test("the socket is its owner's alone", async (t) => {
  const { path } = await opened(t);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("a second supervisor does not take a living one's socket, but a dead one's", async (t) => {
  const { path, supervisor } = await opened(t);
  await assert.rejects(openControlSocket(path, supervisor), /another supervisor answers/);
  const stale = join(folder(t, {}), "stale.sock");
  writeFileSync(stale, "");
  await opened(t, stale);
  assert.match(await ask(stale, "status\n"), /^ok\n/);
});

test("commands are parsed by word", () => {
  assert.deepEqual(parseControlCommand(["restart", "failover"]), { verb: "restart", part: "failover" });
  assert.deepEqual(parseControlCommand(["status"]), { verb: "status" });
  for (const words of [[], ["status", "x"], ["stop"], ["stop", "proxy", "now"], ["start", "haproxy"]])
    assert.equal(typeof parseControlCommand(words), "string");
});
