/** `mode tcp`: bytes between two connections, each direction with an end of its own. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { test } from "node:test";
import { Counter, Gauge } from "../../src/proxy/shared-state.js";
import { eventually } from "../support/eventually.js";
import { freePort, runProxy } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { serveTcp } from "../support/servers.js";

const listen = (port: number, servers: readonly number[], more = ""): string => `
listen db
    bind 127.0.0.1:${port}
    mode tcp
    ${more}
    ${servers.map((server, index) => `server s${index + 1} 127.0.0.1:${server}`).join("\n    ")}
`;
const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const echo = (socket: Socket): void => void socket.pipe(socket);

test("large transfers both ways at once arrive byte for byte", async (t) => {
  const down = randomBytes(20_000_000);
  const up = randomBytes(20_000_000);
  let received = Buffer.alloc(0);
  const server = await serveTcp(t, (socket) => {
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("end", () => {
      received = Buffer.concat(chunks);
    });
    socket.end(down);
  });
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, [server.port]));
  const client = await RawClient.connect(port);
  client.send(up);
  client.finish();
  await client.untilClosed();
  await eventually(() => received.length, up.length);
  assert.equal(digest(received), digest(up));
  assert.equal(digest(client.bytes), digest(down));
  await proxy.quiet();
  for (const kind of ["frontend", "backend"] as const) {
    assert.equal(proxy.count(kind, "db", Counter.bytesIn), up.length);
    assert.equal(proxy.count(kind, "db", Counter.bytesOut), down.length);
  }
});

test("the client's end reaches the server, which can still answer", async (t) => {
  const server = await serveTcp(t, (socket) => {
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("end", () => setTimeout(() => socket.end(`got ${text}`), 50));
  });
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, [server.port]));
  const client = await RawClient.connect(port);
  client.send("question");
  client.finish();
  assert.equal(await client.untilClosed(), "got question");
  await proxy.quiet();
});

test("the server's end reaches the client, which can still send", async (t) => {
  let text = "";
  let isEnded = false;
  const server = await serveTcp(t, (socket) => {
    socket.end("hello");
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("end", () => {
      isEnded = true;
    });
  });
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, [server.port]));
  const client = await RawClient.connect(port);
  assert.equal(await client.untilClosed(), "hello");
  client.send("thanks");
  await eventually(() => text, "thanks");
  assert.equal(isEnded, false);
  client.finish();
  await eventually(() => isEnded, true);
  await proxy.quiet();
});

for (const side of ["client", "server"] as const)
  test(`when the ${side} breaks off, so does the other side: nobody takes a part for the whole`, async (t) => {
    const errors: (string | undefined)[] = [];
    const server = await serveTcp(t, (socket) => {
      socket.on("error", (error: NodeJS.ErrnoException) => errors.push(error.code));
      echo(socket);
    });
    const port = await freePort();
    const proxy = await runProxy(t, listen(port, [server.port]));
    const client = await RawClient.connect(port);
    client.send("x");
    await client.until((text) => text === "x");
    if (side === "client") client.reset();
    else for (const socket of server.sockets) socket.resetAndDestroy();
    if (side === "client") await eventually(() => errors, ["ECONNRESET"]);
    else await eventually(() => client.error, "ECONNRESET");
    await proxy.quiet();
    const [abort, other] = [Counter.clientAborts, Counter.serverAborts];
    assert.equal(proxy.count("backend", "db", abort), side === "client" ? 1 : 0);
    assert.equal(proxy.count("backend", "db", other), side === "server" ? 1 : 0);
  });

test("a silent session ends after the shorter of `timeout client` and `timeout server`; one that talks does not", async (t) => {
  const server = await serveTcp(t, echo);
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, [server.port], "timeout client 1s"));
  const start = performance.now();
  const [silent, talker] = [await RawClient.connect(port), await RawClient.connect(port)];
  const talk = setInterval(() => talker.send("."), 50);
  await silent.untilClosed();
  const elapsed = performance.now() - start;
  assert.ok(elapsed >= 999, `${elapsed} ms`);
  await talker.until((text) => text.length >= 12);
  assert.equal(talker.ended, false);
  clearInterval(talk);
  silent.close();
  talker.close();
  await proxy.quiet();
});

test("connections take turns over the servers, over all workers together", async (t) => {
  const servers = [await serveTcp(t, echo), await serveTcp(t, echo), await serveTcp(t, echo)];
  const port = await freePort();
  await runProxy(
    t,
    listen(
      port,
      servers.map((server) => server.port),
    ),
  );
  const clients: RawClient[] = [];
  for (let index = 0; index < 30; index++) {
    const client = await RawClient.connect(port);
    client.send("x");
    await client.until((text) => text === "x");
    clients.push(client);
  }
  assert.deepEqual(
    servers.map((server) => server.connections),
    [10, 10, 10],
  );
  for (const client of clients) client.close();
});

test("leastconn fills up the server that has fewest", async (t) => {
  const servers = [await serveTcp(t, echo), await serveTcp(t, echo)];
  const port = await freePort();
  const proxy = await runProxy(
    t,
    listen(
      port,
      servers.map((server) => server.port),
      "balance leastconn",
    ),
  );
  const open = async (): Promise<RawClient> => {
    const client = await RawClient.connect(port);
    client.send("x");
    await client.until((text) => text === "x");
    return client;
  };
  const clients: RawClient[] = [];
  for (let index = 0; index < 10; index++) clients.push(await open());
  assert.deepEqual(
    servers.map((server) => server.sockets.size),
    [5, 5],
  );
  // Whoever is on the first server leaves; the next five go there.
  for (const socket of servers[0]!.sockets) socket.resetAndDestroy();
  await eventually(() => proxy.gauge("server", "db/s1", Gauge.current), 0);
  for (let index = 0; index < 5; index++) clients.push(await open());
  assert.deepEqual(
    servers.map((server) => server.sockets.size),
    [5, 5],
  );
  assert.equal(servers[0]!.connections, 10);
  for (const client of clients) client.close();
});

test("`stick on src` sends a client's address to one server, whoever's turn it is", async (t) => {
  const servers = [await serveTcp(t, echo), await serveTcp(t, echo)];
  const port = await freePort();
  const more = "stick-table type ip size 100 expire 1m\n    stick on src";
  await runProxy(
    t,
    listen(
      port,
      servers.map((server) => server.port),
      more,
    ),
  );
  const visit = async (from: string): Promise<void> => {
    const client = await RawClient.connect(port, "127.0.0.1", from);
    client.send("x");
    await client.until((text) => text === "x");
    client.close();
  };
  for (let index = 0; index < 8; index++) await visit("127.0.0.11");
  assert.deepEqual(servers.map((server) => server.connections).sort(), [0, 8]);
  for (let index = 0; index < 8; index++) await visit("127.0.0.12");
  assert.deepEqual(
    servers.map((server) => server.connections),
    [8, 8],
  );
});

test("a client that is stuck to a server that goes down goes to another one, and stays there", async (t) => {
  const servers = [await serveTcp(t, echo), await serveTcp(t, echo)];
  const port = await freePort();
  const more = "stick-table type ip size 100\n    stick on src\n    default-server check inter 50 fall 1";
  const proxy = await runProxy(
    t,
    listen(
      port,
      servers.map((server) => server.port),
      more,
    ),
  );
  const visit = async (): Promise<void> => {
    const client = await RawClient.connect(port);
    client.send("x");
    await client.until((text) => text === "x");
    client.close();
  };
  await visit();
  const names = ["db/s1", "db/s2"] as const;
  const stuck = names.findIndex((name) => proxy.count("server", name, Counter.sessions) === 1);
  servers[stuck]!.close();
  await eventually(() => proxy.gauge("server", names[stuck]!, Gauge.usable), 0);
  for (let index = 0; index < 3; index++) await visit();
  assert.equal(proxy.count("server", names[1 - stuck]!, Counter.sessions), 3);
});

test("a client gets nothing but the end when no server can be had", async (t) => {
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, [await freePort()], "retries 0"));
  const client = await RawClient.connect(port);
  client.send("x");
  assert.equal(await client.untilClosed(), "");
  client.close();
  await proxy.quiet();
  assert.equal(proxy.count("backend", "db", Counter.connectErrors), 1);
});
