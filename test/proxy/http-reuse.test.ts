/** Which connections to servers live on, and which requests may go on them (configuration manual: http-reuse). */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { eventually } from "../support/eventually.js";
import { freePort, runProxy } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { serveHttp, serveTcp, type TcpServer } from "../support/servers.js";

const GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

const listen = (port: number, more: string, ...servers: string[]): string => `
global
    nbthread 1
listen web
    bind 127.0.0.1:${port}
    mode http
    ${more}
    ${servers.join("\n    ")}
`;

/** Answers each head with the number of its connection, from 1, of the requests on it so far, and what came. */
function serveNumbers(t: TestContext, fields = "", status = "200 OK"): Promise<TcpServer> {
  let connections = 0;
  return serveTcp(t, (socket) => {
    const number = ++connections;
    let requests = 0;
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const body = `${number}.${++requests} ${text.slice(0, end)}`;
        text = text.slice(end + 4);
        socket.write(`HTTP/1.1 ${status}\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`);
      }
    });
    socket.on("end", () => socket.end());
  });
}

/** Which connection a request went on, and which of its requests it was. */
async function place(client: RawClient, request = GET): Promise<string> {
  client.send(request);
  return (await client.response()).body.split(" ", 1)[0]!;
}

async function places(client: RawClient, count: number): Promise<string[]> {
  const all: string[] = [];
  while (all.length < count) all.push(await place(client));
  return all;
}

test("option http-server-close: the server is told, and closed; the client is kept", async (t) => {
  const server = await serveNumbers(t);
  const port = await freePort();
  await runProxy(t, listen(port, "option http-server-close", `server s 127.0.0.1:${server.port}`));
  const client = await RawClient.connect(port);
  client.send(GET);
  const { body, fields } = await client.response();
  assert.match(body, /^1\.1 .*\r\nConnection: close/s);
  assert.equal(fields.get("connection"), undefined);
  assert.equal(await place(client), "2.1");
  await eventually(() => server.sockets.size, 0);
  client.close();
});

test("option http-pretend-keepalive: the server is not told", async (t) => {
  const server = await serveNumbers(t);
  const port = await freePort();
  const options = "option http-server-close\n option http-pretend-keepalive";
  await runProxy(t, listen(port, options, `server s 127.0.0.1:${server.port}`));
  const client = await RawClient.connect(port);
  client.send(GET);
  assert.doesNotMatch((await client.response()).body, /Connection/i);
  assert.equal(await place(client), "2.1");
  client.close();
});

test("option httpclose: both are told, and closed", async (t) => {
  const server = await serveNumbers(t);
  const port = await freePort();
  await runProxy(t, listen(port, "option httpclose", `server s 127.0.0.1:${server.port}`));
  const client = await RawClient.connect(port);
  client.send(GET);
  const { body, fields } = await client.response();
  assert.match(body, /\r\nConnection: close/);
  assert.equal(fields.get("connection"), "close");
  await client.untilClosed();
  client.close();
});

for (const [frontend, backend, client, server] of [
  ["option http-keep-alive", "", "open", "open"],
  ["option http-keep-alive", "option http-server-close", "open", "closed"],
  ["option http-server-close", "option http-keep-alive", "open", "closed"],
  ["", "option httpclose", "closed", "closed"],
  ["option httpclose", "", "closed", "closed"],
  ["option httpclose\n no option httpclose", "", "open", "open"],
  ["option httpclose\n no option http-server-close", "", "closed", "closed"],
] as const)
  test(`frontend: ${frontend}; backend: ${backend}: the client's is ${client}, the server's ${server}`, async (t) => {
    const target = await serveNumbers(t);
    const port = await freePort();
    await runProxy(
      t,
      `frontend f\n bind 127.0.0.1:${port}\n mode http\n ${frontend}\n default_backend b\n` +
        `backend b\n mode http\n ${backend}\n server s 127.0.0.1:${target.port}\n`,
    );
    const connection = await RawClient.connect(port);
    connection.send(GET);
    const { fields } = await connection.response();
    assert.equal(fields.get("connection") === "close" ? "closed" : "open", client);
    if (server === "closed") await eventually(() => target.sockets.size, 0);
    else assert.equal(await place(connection), "1.2");
    connection.close();
  });

// "2.1" is the first request on the second connection to the server, which is not kept: one at a time is enough.
for (const [reuse, first, later, firstAfterReuse] of [
  ["never", "2.1", "1.2", "3.1"],
  ["safe", "2.1", "1.2", "3.1"],
  ["aggressive", "2.1", "1.2", "1.3"],
  ["always", "1.2", "1.3", "1.4"],
] as const)
  test(`http-reuse ${reuse}: which requests go on connections that others have left`, async (t) => {
    const server = await serveNumbers(t);
    const port = await freePort();
    await runProxy(t, listen(port, `http-reuse ${reuse}`, `server s 127.0.0.1:${server.port}`));
    const clients = [await RawClient.connect(port), await RawClient.connect(port), await RawClient.connect(port)];
    const [one, two, three] = clients as [RawClient, RawClient, RawClient];
    assert.equal(await place(one), "1.1");
    assert.equal(await place(two), first);
    assert.equal(await place(one), later);
    assert.equal(await place(three), firstAfterReuse);
    for (const client of clients) client.close();
  });

for (const [name, more, option] of [
  ["http-reuse never", "http-reuse never", ""],
  ["a PROXY header", "", "send-proxy"],
] as const)
  test(`${name}: a client keeps its connection to the server, and nobody else gets it`, async (t) => {
    const server = await serveNumbers(t);
    const port = await freePort();
    await runProxy(t, listen(port, more, `server s 127.0.0.1:${server.port} ${option}`));
    const one = await RawClient.connect(port);
    const two = await RawClient.connect(port);
    assert.deepEqual(await places(one, 2), ["1.1", "1.2"]);
    assert.deepEqual(await places(two, 2), ["2.1", "2.2"]);
    assert.equal(await place(one), "1.3");
    one.close();
    await eventually(() => server.sockets.size, 1); // it has gone with its client
    assert.equal(await place(two), "2.3");
    two.close();
  });

for (const [status, field, isOwn] of [
  ["401 Unauthorized", "WWW-Authenticate: NTLM TlRMTVNTUAAC\r\n", true],
  ["401 Unauthorized", "Www-Authenticate: Basic realm=x\r\nWWW-AUTHENTICATE: negotiate\r\n", true],
  ["407 Proxy Authentication Required", "Proxy-Authenticate: Negotiate x\r\n", true],
  ["401 Unauthorized", "WWW-Authenticate: Basic realm=x\r\n", false],
  ["200 OK", "WWW-Authenticate: NTLM\r\n", false],
] as const)
  test(`${status} with ${field.trim().replaceAll("\r\n", ", ")}: ${isOwn ? "its connection is" : "nothing becomes"} private`, async (t) => {
    const servers = [await serveNumbers(t, field, status), await serveNumbers(t, field, status)];
    const port = await freePort();
    const lines = servers.map((server, index) => `server s${index} 127.0.0.1:${server.port}`);
    await runProxy(t, listen(port, "http-reuse always", ...lines));
    const one = await RawClient.connect(port);
    // Round robin would take the second request to the other server, which knows nothing of the first.
    assert.deepEqual(await places(one, 3), isOwn ? ["1.1", "1.2", "1.3"] : ["1.1", "1.1", "1.2"]);
    const two = await RawClient.connect(port);
    const other = await place(two);
    assert.ok(isOwn ? other.endsWith(".1") : !other.endsWith(".1"), other);
    one.close();
    two.close();
  });

test("option prefer-last-server: a client goes where its own connection is", async (t) => {
  const servers = [await serveNumbers(t), await serveNumbers(t)];
  const port = await freePort();
  const lines = servers.map((server, index) => `server s${index} 127.0.0.1:${server.port}`);
  await runProxy(t, listen(port, "option prefer-last-server\n http-reuse never", ...lines));
  const client = await RawClient.connect(port);
  assert.deepEqual(await places(client, 3), ["1.1", "1.2", "1.3"]);
  client.close();
});

for (const [option, kept] of [
  ["pool-max-conn 0", 0],
  ["pool-max-conn 1", 1],
  ["pool-max-conn -1", 3],
  ["pool-purge-delay 0", 0],
] as const)
  test(`${option}: ${kept} of three idle connections are kept`, async (t) => {
    const waiting: (() => void)[] = [];
    const server = await serveHttp(t, (_, response) => waiting.push(() => response.end("x")));
    const port = await freePort();
    await runProxy(t, `${listen(port, "", `server s 127.0.0.1:${server.port} ${option}`)}\nglobal\n nbthread 2\n`);
    const clients = [await RawClient.connect(port), await RawClient.connect(port), await RawClient.connect(port)];
    for (const client of clients) client.send(GET);
    await eventually(() => waiting.length, 3);
    for (const answer of waiting) answer();
    for (const client of clients) assert.equal((await client.response()).status, 200);
    await eventually(() => server.sockets.size, kept);
    for (const client of clients) client.close();
  });

test("pool-purge-delay: idle connections that nobody needs are closed, half of them at a time", async (t) => {
  const server = await serveHttp(t, (_, response) => setTimeout(() => response.end("x"), 50));
  const port = await freePort();
  await runProxy(t, listen(port, "", `server s 127.0.0.1:${server.port} pool-purge-delay 100ms`));
  const clients: RawClient[] = [];
  while (clients.length < 8) clients.push(await RawClient.connect(port));
  for (const client of clients) client.send(GET);
  for (const client of clients) assert.equal((await client.response()).status, 200);
  assert.equal(server.connections, 8);
  await eventually(() => server.sockets.size, 0);
  for (const client of clients) client.close();
});
