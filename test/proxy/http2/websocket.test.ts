/**
 * WebSockets between all versions: HTTP/1.1 opens them with Upgrade (RFC 6455), HTTP/2 with an extended CONNECT (RFC
 * 8441). The peers are `ws` and Node's HTTP/2.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import { createSecureServer, type IncomingHttpHeaders } from "node:http2";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { describe, type TestContext, test } from "node:test";
import WebSocket, { type RawData, WebSocketServer } from "ws";
import { Counter } from "../../../src/proxy/shared-state.js";
import { eventually, throughout } from "../../support/eventually.js";
import { between, client, serveHttp2 } from "../../support/http2.js";
import { RawClient } from "../../support/raw-client.js";
import { serveHttp } from "../../support/servers.js";
import { Pki } from "../tls/pki.js";

interface SocketServer {
  readonly port: number;
  /** Headers of the requests that have opened one. */
  readonly seen: readonly IncomingHttpHeaders[];
}

type OnSocket = (socket: WebSocket) => void;

async function serveOverHttp1(t: TestContext, onSocket: OnSocket): Promise<SocketServer> {
  const seen: IncomingHttpHeaders[] = [];
  const { port, server } = await serveHttp(t, (_, response) => void response.writeHead(418).end());
  const sockets = new WebSocketServer({ server, handleProtocols: (offered) => [...offered][0] ?? false });
  sockets.on("connection", (socket, request) => {
    seen.push(request.headers);
    onSocket(socket);
  });
  return { port, seen };
}

/** A server's end on any stream: `ws` knows how, but its types do not tell. */
interface StreamSocket extends WebSocket {
  setSocket(stream: Duplex, head: Buffer, options: { maxPayload: number; skipUTF8Validation: boolean }): void;
}
const OverStream = WebSocket as unknown as new (address: null, protocols: undefined, options: object) => StreamSocket;

async function serveOverHttp2(t: TestContext, onSocket: OnSocket): Promise<SocketServer> {
  const seen: IncomingHttpHeaders[] = [];
  const { port } = await serveHttp2(
    t,
    (stream, headers) => {
      if (headers[":method"] !== "CONNECT") return stream.respond({ ":status": 418 }, { endStream: true });
      seen.push(headers);
      const offered = headers["sec-websocket-protocol"]?.split(",")[0];
      stream.respond({ ":status": 200, ...(offered === undefined ? {} : { "sec-websocket-protocol": offered }) });
      const socket = new OverStream(null, undefined, { autoPong: true });
      socket.setSocket(withoutNagle(stream), Buffer.alloc(0), { maxPayload: 0, skipUTF8Validation: false });
      onSocket(socket);
    },
    { enableConnectProtocol: true },
  );
  return { port, seen };
}

/** What `ws` calls on sockets, and a stream has no use for. */
const withoutNagle = (stream: Duplex): Duplex => Object.assign(stream, { setNoDelay() {}, setTimeout() {} });

const echo: OnSocket = (socket) => socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));

async function openSocket(t: TestContext, port: number, protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`, protocols, { perMessageDeflate: false });
  t.after(() => socket.terminate());
  await once(socket, "open");
  return socket;
}

const LIMIT = { timeout: 60_000 };
const SERVERS = [
  ["HTTP/1.1", serveOverHttp1, ""],
  ["HTTP/2", serveOverHttp2, "proto h2"],
] as const;

for (const [version, serve, server] of SERVERS) {
  describe(`a client of HTTP/1.1 to a server of ${version}`, LIMIT, () => {
    test("text and binary of all sizes come back in order, and pings are answered", async (t) => {
      const { port } = await between(t, (await serve(t, echo)).port, server);
      const socket = await openSocket(t, port);
      const messages = [0, 1, 125, 126, 65_535, 65_536, 3_000_000].map((size) => randomBytes(size));
      const received: Buffer[] = [];
      socket.on("message", (data: RawData) => received.push(data as Buffer));
      for (const message of messages) socket.send(message);
      await eventually(() => received.length, messages.length);
      assert.ok(received.every((one, index) => one.equals(messages[index]!)));
      socket.ping("are you there");
      const [pong] = (await once(socket, "pong")) as [Buffer];
      assert.equal(pong.toString(), "are you there");
    });

    test("what the handshake says comes through: protocol, version, origin, path", async (t) => {
      const { port: serverPort, seen } = await serve(t, echo);
      const { port } = await between(t, serverPort, server);
      assert.equal((await openSocket(t, port, ["chat", "other"])).protocol, "chat");
      const [headers] = seen;
      assert.equal(headers?.["sec-websocket-version"], "13");
      assert.equal(headers["sec-websocket-protocol"], "chat,other");
      assert.equal(headers[":path"] ?? "/chat", "/chat");
      assert.equal(headers["sec-websocket-key"] === undefined, version === "HTTP/2");
      assert.equal(headers[":protocol"], version === "HTTP/2" ? "websocket" : undefined);
    });

    test("closes from either side bring code and reason to the other, and end the session", async (t) => {
      const closed: string[] = [];
      const { port: serverPort } = await serve(t, (socket) => {
        socket.on("message", () => socket.close(4001, "by the server"));
        socket.on("close", (code, reason) => closed.push(`${code} ${reason}`));
      });
      const { port, proxy } = await between(t, serverPort, server);
      const first = await openSocket(t, port);
      first.close(4000, "by the client");
      await eventually(() => closed, ["4000 by the client"]);
      const second = await openSocket(t, port);
      second.send("close");
      const [code, reason] = (await once(second, "close")) as [number, Buffer];
      assert.deepEqual([code, reason.toString()], [4001, "by the server"]);
      await proxy.quiet();
      assert.equal(proxy.count("server", "web/one", Counter.serverAborts), 0);
    });

    test("a server that does not read holds its client back, and loses nothing", async (t) => {
      let sleeper: WebSocket | undefined;
      let octets = 0;
      const { port: serverPort } = await serve(t, (socket) => {
        sleeper = socket;
        socket.pause();
        socket.on("message", (data: RawData) => {
          octets += (data as Buffer).length;
        });
      });
      const { port } = await between(t, serverPort, server);
      const socket = await openSocket(t, port);
      for (let sent = 0; sent < 320; sent++) socket.send(Buffer.alloc(100_000));
      await eventually(() => sleeper !== undefined, true);
      await throughout(300, () => socket.bufferedAmount > 0, true);
      sleeper!.resume();
      await eventually(() => octets, 32_000_000, { deadlineMs: 20_000 });
    });

    test("a client that does not read holds its server back, and loses nothing", async (t) => {
      let sender: WebSocket | undefined;
      const { port: serverPort } = await serve(t, (socket) => {
        sender = socket;
        for (let sent = 0; sent < 320; sent++) socket.send(Buffer.alloc(100_000));
      });
      const { port } = await between(t, serverPort, server);
      const socket = await openSocket(t, port);
      let octets = 0;
      socket.on("message", (data: RawData) => {
        octets += (data as Buffer).length;
      });
      socket.pause();
      await throughout(300, () => sender === undefined || sender.bufferedAmount > 0, true);
      socket.resume();
      await eventually(() => octets, 32_000_000, { deadlineMs: 20_000 });
    });

    test("a client that vanishes is gone for the server too", async (t) => {
      let closed = 0;
      const { port: serverPort } = await serve(t, (socket) => {
        socket.on("error", () => {});
        socket.on("close", () => closed++);
      });
      const { port, proxy } = await between(t, serverPort, server);
      (await openSocket(t, port)).terminate();
      await eventually(() => closed, 1);
      await proxy.quiet();
    });
  });

  // The frames are those of RFC 6455 §5.7: "Hello" with a mask, as clients send it, and without, as servers do.
  test(`a client of HTTP/2 to a server of ${version}: Hello, and close`, LIMIT, async (t) => {
    const { port: serverPort, seen } = await serve(t, echo);
    const { port, proxy } = await between(t, serverPort, server);
    const session = client(t, port);
    await once(session, "remoteSettings");
    const stream = session.request({
      ":method": "CONNECT",
      ":protocol": "websocket",
      ":path": "/chat",
      ":scheme": "http",
      "sec-websocket-version": "13",
    });
    const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders & { ":status"?: number }];
    assert.equal(headers[":status"], 200);
    assert.equal(headers["sec-websocket-accept"], undefined);
    assert.equal(seen.length, 1);
    let received = Buffer.alloc(0);
    stream.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
    });
    stream.write(Buffer.from("818537fa213d7f9f4d5158", "hex"));
    await eventually(() => received.toString("hex"), "810548656c6c6f");
    stream.write(Buffer.from("888037fa213d", "hex"));
    await eventually(() => received.toString("hex"), "810548656c6c6f8800");
    stream.end();
    await once(stream, "close");
    session.close();
    await proxy.quiet();
  });
}

describe("a server of HTTP/2 that gives no WebSocket", LIMIT, () => {
  test("because it refuses: the client gets its answer", async (t) => {
    const server = await serveHttp2(
      t,
      (stream) => {
        stream.respond({ ":status": 403 });
        stream.end("not you");
      },
      { enableConnectProtocol: true },
    );
    const { port } = await between(t, server.port, "proto h2");
    await assert.rejects(openSocket(t, port), /403/);
  });

  test("because it does not know the extended CONNECT: 502, and it is not asked", async (t) => {
    let asked = 0;
    const server = await serveHttp2(t, (stream, headers) => {
      asked++;
      stream.respond({ ":status": headers[":path"] === "/other" ? 200 : 500 }, { endStream: true });
    });
    const { port } = await between(t, server.port, "proto h2");
    await assert.rejects(openSocket(t, port), /502/);
    assert.equal(asked, 0);
    assert.equal((await fetch(`http://127.0.0.1:${port}/other`)).status, 200);
  });
});

test("a server of both versions behind ALPN gets requests in HTTP/2, and WebSockets in HTTP/1.1", LIMIT, async (t) => {
  const pki = new Pki();
  const { key, certificate } = pki.issue(["localhost"]);
  const versions: string[] = [];
  const server = createSecureServer(
    { allowHTTP1: true, key: readFileSync(key), cert: readFileSync(certificate) },
    (request, response) => {
      versions.push(request.httpVersion);
      response.end();
    },
  );
  const open: { destroy(): void }[] = [];
  server.on("session", (session) => open.push(session));
  server.on("secureConnection", (socket) => open.push(socket));
  // Its types are of another server, its events are the same.
  new WebSocketServer({ server: server as unknown as Server }).on("connection", (socket, request) => {
    versions.push(`WebSocket ${request.httpVersion}`);
    echo(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const each of open) each.destroy();
  });
  const towards = `ssl verify required ca-file ${pki.caFile} sni str(localhost) alpn h2,http/1.1`;
  const { port } = await between(t, (server.address() as AddressInfo).port, towards);
  for (let round = 0; round < 2; round++) {
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
    const socket = await openSocket(t, port);
    socket.send("hello");
    assert.equal(String((await once(socket, "message"))[0]), "hello");
  }
  assert.deepEqual(versions, ["2.0", "WebSocket 1.1", "2.0", "WebSocket 1.1"]);
});

for (const [line, version, serve] of [
  ["proto h2 ws h1", "HTTP/1.1", serveOverHttp1],
  ["ws h2", "HTTP/2", serveOverHttp2],
] as const)
  test(`\`${line}\` opens WebSockets over ${version}, whatever requests take`, LIMIT, async (t) => {
    const { port } = await between(t, (await serve(t, echo)).port, line);
    for (let round = 0; round < 2; round++) {
      const socket = await openSocket(t, port);
      socket.send("hello");
      assert.equal(String((await once(socket, "message"))[0]), "hello");
    }
  });

test("an upgrade to h2c goes to a server of HTTP/2 without it", async (t) => {
  const server = await serveHttp2(t, (stream, headers) => {
    stream.respond({ ":status": headers[":method"] === "GET" ? 200 : 500 }, { endStream: true });
  });
  const { port } = await between(t, server.port, "proto h2");
  const raw = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n";

  const http1 = await RawClient.connect(port);
  t.after(() => http1.close());
  http1.send(raw);
  assert.match(await http1.until((text) => text.includes("\r\n\r\n")), /^HTTP\/1\.1 200 /);
});
