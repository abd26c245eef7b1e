import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter } from "../../src/proxy/shared-state.js";
import { freePort, runProxy } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { serveHttp, serveTcp } from "../support/servers.js";

const sections = (port: number, first: number, second: number, option: string): string => `
defaults
    timeout connect 200ms
    timeout client 10s
    timeout server 10s
frontend front
    bind 127.0.0.1:${port}
    default_backend back
backend back
    retries 1
    ${option}
    stick-table type ip size 100
    stick on src
    server first 127.0.0.1:${first}
    server second 127.0.0.1:${second}
`;

for (const { option, answers } of [
  { option: "option redispatch", answers: true },
  { option: "no option redispatch", answers: false },
])
  test(`a client that sticks to a dead server ${answers ? "is sent elsewhere in the end" : "waits for it in vain"} with ${option}`, async (t) => {
    const first = await serveTcp(t, (socket) => socket.end("first"));
    const second = await serveTcp(t, (socket) => socket.end("second"));
    const port = await freePort();
    await runProxy(t, sections(port, first.port, second.port, option));
    const sticking = await RawClient.connect(port);
    sticking.finish();
    await sticking.untilClosed();
    assert.equal(sticking.text, "first");
    first.close();
    const client = await RawClient.connect(port);
    await client.untilClosed();
    assert.equal(client.text, answers ? "second" : "");
  });

test("a client whose request goes on a connection that is there already is remembered, too", async (t) => {
  const [first, second] = [
    await serveHttp(t, (_, response) => response.end("first")),
    await serveHttp(t, (_, response) => response.end("second")),
  ];
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `
global
    nbthread 1
listen app
    bind 127.0.0.1:${port}
    mode http
    http-reuse always
    stick-table type ip size 100
    stick on src
    server first 127.0.0.1:${first.port}
    server second 127.0.0.1:${second.port}`,
  );
  const ask = async (from: string): Promise<string> => {
    const client = await RawClient.connect(port, "127.0.0.1", from);
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    const { body } = await client.response();
    client.close();
    return body;
  };
  assert.deepEqual([await ask("127.0.0.2"), await ask("127.0.0.3")], ["first", "second"]);
  assert.equal(await ask("127.0.0.4"), "first");
  assert.equal(proxy.count("server", "app/first", Counter.reuses), 1);
  assert.equal(await ask("127.0.0.4"), "first", "by turns it would be the second");
});
