/**
 * Requests that two readers could take differently, end to end: what reaches a server through Bascule is one request in
 * every reading of its bytes, or nothing. Each goes through Debian's haproxy as well: the outcome is the same, but
 * where the table says why it is not.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { eventually } from "../support/eventually.js";
import { freePort, runProxy } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { needsRootAnd } from "../support/root.js";
import { serveTcp } from "../support/servers.js";
import { AMBIGUOUS, SMUGGLED } from "./support/ambiguous-requests.js";
import { interpretations } from "./support/readers.js";

/** A server that records what each of its connections gets, and answers each with one response. */
interface Recorder {
  readonly port: number;
  /** One string a connection, one character a byte. */
  take(): string[];
}

async function recorder(t: TestContext): Promise<Recorder> {
  let records: { text: string }[] = [];
  const { port } = await serveTcp(t, (socket) => {
    const record = { text: "" };
    records.push(record);
    socket.on("data", (chunk) => {
      if (record.text === "") socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      record.text += chunk.toString("latin1");
    });
    socket.on("end", () => socket.end());
  });
  return {
    port,
    take: () => {
      const taken = records.map(({ text }) => text).filter((text) => text !== "");
      records = [];
      return taken;
    },
  };
}

const frontend = (port: number, server: number): string => `
listen web
    bind 127.0.0.1:${port}
    mode http
    timeout http-request 2s
    option http-server-close
    server s 127.0.0.1:${server}
`;

async function runHaproxy(t: TestContext, text: string, port: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "smuggling-"));
  const file = join(directory, "haproxy.cfg");
  writeFileSync(file, `defaults\n timeout connect 2s\n timeout client 2s\n timeout server 2s\n${text}`);
  const haproxy = spawn("haproxy", ["-db", "-f", file], { stdio: "ignore" });
  t.after(() => {
    haproxy.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  });
  await eventually(async () => {
    const probe = await RawClient.connect(port).catch(() => undefined);
    probe?.close();
    return probe !== undefined;
  }, true);
}

/** Status codes of the answers, and what reached the server, when all is over. */
async function send(port: number, server: Recorder, bytes: string): Promise<{ statuses: number[]; got: string[] }> {
  const client = await RawClient.connect(port);
  client.send(bytes);
  client.finish();
  const answer = await client.untilClosed(8_000);
  client.close();
  const statuses = [...answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
  return { statuses, got: server.take() };
}

describe("smuggling", { skip: needsRootAnd("haproxy") }, () => {
  test("no ambiguous request reaches a server as two, or in two readings; haproxy is asked, too", async (t) => {
    const [ours, theirs] = [await recorder(t), await recorder(t)];
    const [port, peer] = [await freePort(), await freePort()];
    await runProxy(t, frontend(port, ours.port));
    await runHaproxy(t, frontend(peer, theirs.port), peer);
    assert.ok(AMBIGUOUS.length >= 40);
    for (const { name, bytes, outcome, haproxy } of AMBIGUOUS)
      await t.test(name, async () => {
        const here = await send(port, ours, bytes);
        for (const text of here.got) {
          const readings = interpretations(text);
          assert.equal(readings.length, 1, `${readings.length} readings: ${JSON.stringify(readings)}`);
          assert.equal(readings[0]!.length, 1, JSON.stringify(readings));
          assert.ok(!readings[0]![0]!.includes(SMUGGLED));
        }
        assert.deepEqual([here.got.length, here.statuses], outcome === "one" ? [1, [200]] : [0, [400]]);
        const there = await send(peer, theirs, bytes);
        const expected = haproxy?.outcome ?? outcome;
        assert.equal(there.statuses[0]! < 400 ? "one" : "refused", expected, `haproxy: ${there.statuses}`);
      });
  });
});
