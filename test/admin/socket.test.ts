import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startAdminSocket } from "../../src/admin/socket.js";
import type { StatsSocket } from "../../src/config/haproxy/model.js";
import { milliseconds } from "../../src/config/units.js";
import { eventually, throughout } from "../support/eventually.js";
import { example, socketAt } from "./example.js";

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "bascule-admin-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

async function listening(t: TestContext, settings: Partial<StatsSocket> = {}, timeout = 5_000) {
  const path = join(folder(t), "admin.sock");
  const socket = await startAdminSocket(socketAt({ path, ...settings }), example().context, milliseconds(timeout));
  t.after(() => socket.close());
  return { path, socket };
}

interface Reader {
  text: string;
  readonly ended: Promise<string>;
}

/** Collects what comes until the end. */
function reader(client: Socket): Reader {
  const ended: Promise<string> = once(client, "close").then(() => read.text);
  const read: Reader = { text: "", ended };
  client.on("data", (bytes) => {
    read.text += bytes.toString();
  });
  client.on("error", () => {});
  return read;
}

test("a client that sends one line and half-closes at once gets the whole answer", async (t) => {
  const { path } = await listening(t);
  const client = connect(path);
  const { ended } = reader(client);
  client.end("show stat\n");
  const text = await ended;
  assert.ok(text.startsWith("# pxname,svname,"));
  assert.ok(text.endsWith("\n\n"));
  assert.equal(text.split("\n").length, 1 + 9 + 2);
});

test("without a prompt, the connection closes after the answer", async (t) => {
  const { path } = await listening(t);
  const client = connect(path);
  const { ended } = reader(client);
  client.write("show cli level\n");
  assert.equal(await ended, "admin\n\n");
});

test("hatop's conversation", async (t) => {
  const { path } = await listening(t);
  const client = connect(path);
  const answers = reader(client);
  for (const [line, answer] of [
    ["prompt", "\n> "],
    ["set timeout cli 60", "\n> "],
    ["show cli level", "admin\n\n> "],
  ] as const) {
    answers.text = "";
    client.write(`${line}\n`);
    await eventually(() => answers.text, answer);
  }
  answers.text = "";
  client.write("show stat -1 4 -1\n");
  await eventually(
    () => answers.text,
    (text) => text.endsWith("\n\n> "),
  );
  assert.equal(answers.text.split("\n").filter((line) => line.startsWith("app,")).length, 4);
  client.write("quit\n");
  await answers.ended;
});

test("the socket of level user refuses what only an operator may", async (t) => {
  const { path } = await listening(t, { level: "user" });
  const client = connect(path);
  const { ended } = reader(client);
  client.end("clear counters\n");
  assert.equal(await ended, "Permission denied\n\n");
});

test("a silent client is disconnected after the timeout, and one that set its own is not", async (t) => {
  const { path } = await listening(t, {}, 150);
  const silent = reader(connect(path));
  const patient = connect(path);
  const answers = reader(patient);
  patient.write("prompt; set timeout cli 60\n");
  await silent.ended;
  await throughout(300, () => patient.destroyed || patient.readableEnded, false);
  assert.equal(answers.text, "\n> \n> ");
  patient.destroy();
});

test("ten clients are served at once; the eleventh waits for one to leave", async (t) => {
  const { path } = await listening(t);
  const clients = Array.from({ length: 11 }, () => connect(path));
  t.after(() => {
    for (const client of clients) client.destroy();
  });
  const answers: Reader[] = [];
  for (const client of clients) {
    answers.push(reader(client));
    client.write("prompt\n");
    await once(client, "connect");
  }
  await eventually(() => answers.filter(({ text }) => text === "\n> ").length, 10);
  await throughout(100, () => answers.filter(({ text }) => text === "\n> ").length, 10);
  clients[0]!.destroy();
  await eventually(() => answers.slice(1).every(({ text }) => text === "\n> "), true);
});

test("a client that does not read does not make the answers pile up", async (t) => {
  const path = join(folder(t), "admin.sock");
  const { context } = example();
  let reports = 0;
  const health = {
    ...context.health,
    report: (index: number) => {
      reports++;
      return context.health.report(index);
    },
  };
  const socket = await startAdminSocket(socketAt({ path }), { ...context, health }, milliseconds(5_000));
  t.after(() => socket.close());
  const client = connect(path).pause();
  // 12 MB of answers, each of which asks for the reports of five servers; the kernel holds some 200 kB of them.
  const lines = 5_000;
  client.write(`${"show stat\n".repeat(lines)}`);
  await eventually(
    () => reports,
    (seen) => seen > 0,
  );
  await throughout(200, () => reports < lines, true);
  const { ended } = reader(client);
  client.resume();
  await ended;
  assert.equal(reports, 5 * lines);
});

test("the file has its mode, replaces one left behind, and goes at the end", async (t) => {
  const path = join(folder(t), "admin.sock");
  const left = createServer().listen(path);
  await once(left, "listening");
  const socket = await startAdminSocket(socketAt({ path, mode: 0o620 }), example().context, milliseconds(1_000));
  assert.equal(statSync(path).mode & 0o777, 0o620);
  const client = connect(path);
  const { ended } = reader(client);
  client.end("show version\n");
  assert.equal(await ended, "3.4.0\n\n");
  await socket.close();
  assert.equal(existsSync(path), false);
  left.close();
});

test("the file of a later process stays when the earlier one ends", async (t) => {
  const path = join(folder(t), "admin.sock");
  const { context } = example();
  const earlier = await startAdminSocket(socketAt({ path }), context, milliseconds(1_000));
  const later = await startAdminSocket(socketAt({ path }), context, milliseconds(1_000));
  t.after(() => later.close());
  await earlier.close();
  assert.equal(existsSync(path), true);
});

test("a file that is no socket is not replaced", async (t) => {
  const path = join(folder(t), "notes.txt");
  writeFileSync(path, "precious");
  await assert.rejects(
    startAdminSocket(socketAt({ path }), example().context, milliseconds(1_000)),
    /notes\.txt: there is a file of that name, which is not a socket/,
  );
});

test("an owner that does not exist is an error, and leaves nothing behind", async (t) => {
  const at = folder(t);
  const path = join(at, "admin.sock");
  await assert.rejects(
    startAdminSocket(socketAt({ path, user: "nobody-of-that-name" }), example().context, milliseconds(1_000)),
    /there is no user nobody-of-that-name/,
  );
  await eventually(() => readdirSync(at), []);
});

test("it listens over TCP as well", async (t) => {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  await new Promise((closed) => probe.close(closed));
  await listening(t, { path: undefined as never, address: "127.0.0.1", port });
  const client = connect(port, "127.0.0.1");
  const { ended } = reader(client);
  client.end("show cli level\n");
  assert.equal(await ended, "admin\n\n");
});

test("the folder of the socket is made if a boot has emptied /run", async (t) => {
  const path = join(folder(t), "run", "haproxy", "admin.sock");
  const socket = await startAdminSocket(socketAt({ path }), example().context, milliseconds(5_000));
  t.after(() => socket.close());
  assert.ok(statSync(path).isSocket());
});
