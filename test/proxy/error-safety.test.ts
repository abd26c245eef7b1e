/**
 * A bug in one session ends that session and nothing else. A proxy whose methods throw when they are told to: at each
 * boundary where something calls a session, or a session calls something, one client pays, the others do not notice, and
 * in the end nothing is held that was not held before.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { type EventEmitter, once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { type ClientHttp2Session, connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { eventually } from "../support/eventually.js";
import { exchange } from "../support/http2.js";
import { freePort } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { serveTcp } from "../support/servers.js";
import { syslog } from "../support/syslog.js";
import type { Holdings } from "./error-safety-main.js";
import { Pki } from "./tls/pki.js";

const pki = new Pki();
const certificate = pki.issue(["a.example"]);
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const LONG = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n";

const FRONTENDS = "web quick tls proxied tcp dead narrow toHttp2 toTls".split(" ");
type Ports = Readonly<Record<string, number>>;

/** What a client does that shall meet the bug; how it ends is its own affair, but it ends. */
type Victim = (ports: Ports) => Promise<void>;

const speaks =
  (frontend: string, ...says: readonly string[]): Victim =>
  async (ports) => {
    const client = await RawClient.connect(ports[frontend]!);
    for (const text of says) client.send(text);
    await client.untilClosed(3000);
    client.close();
  };
/** However it ends. */
const closed = (stream: EventEmitter): Promise<void> => new Promise((resolve) => stream.once("close", () => resolve()));
const get = (path = "/", more = "Connection: close\r\n"): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n${more}\r\n`;
const asks = (frontend = "web", path = "/"): Victim => speaks(frontend, get(path));
const posts = speaks("web", `${get("/", "Connection: close\r\nContent-Length: 3\r\n").replace("GET", "POST")}abc`);

const overHttp2 =
  (path = "/", frontend = "web"): Victim =>
  async (ports) => {
    const session = connectHttp2(`http://127.0.0.1:${ports[frontend]}`);
    session.on("error", () => {});
    const stream = session.request({ ":path": path });
    stream.on("error", () => {});
    stream.resume();
    await closed(stream);
    session.destroy();
  };
const resetsStream: Victim = async (ports) => {
  const session = connectHttp2(`http://127.0.0.1:${ports["web"]}`);
  session.on("error", () => {});
  const stream = session.request({ ":path": "/hold" });
  stream.on("error", () => {});
  await new Promise((resolve) => setTimeout(resolve, 30));
  stream.close(8);
  await closed(stream);
  session.destroy();
};
const overTls: Victim = async (ports) => {
  const socket = connectTls({ port: ports["tls"]!, host: "127.0.0.1", rejectUnauthorized: false });
  socket.on("error", () => {});
  socket.write(get());
  socket.resume();
  await closed(socket);
};
/** The second client waits for the first; which of them goes before it gets anything? */
const queues =
  (leaver: "first" | "second"): Victim =>
  async (ports) => {
    const first = await RawClient.connect(ports["narrow"]!);
    first.send(get("/hold"));
    const second = await RawClient.connect(ports["narrow"]!);
    second.send(get());
    await new Promise((resolve) => setTimeout(resolve, 30));
    if (leaver === "first") first.reset();
    else {
      second.finish();
      await new Promise((resolve) => setTimeout(resolve, 30));
      first.reset();
    }
    await second.untilClosed(3000);
    second.close();
  };

const CASES: Readonly<Record<string, Victim>> = {
  "HttpSession.onClientReady": asks(),
  "HttpSession.onServerReady": asks(),
  "HttpSession.onConnected": asks(),
  "HttpSession.onNoServer": asks("dead"),
  "HttpSession.onConnectFailure": asks("dead"),
  "HttpSession.onTimeout": speaks("quick", "GET / HT"),
  "HttpSession.onExchangeTimeout": speaks("quick", get("/hold")),
  "HttpSession.onClientReset": resetsStream,
  "HttpSession.onServerGone": asks("web", "/close"),
  "HttpSession.readRequest": asks(),
  "HttpSession.beginRequest": asks(),
  "HttpSession.endExchange": asks(),
  "HttpSession.waitForRequest": speaks("web", get("/", ""), get()),
  "HttpSession.giveUpstreamBack": asks(),
  "HttpSession.detachServer": asks(),
  "HttpSession.end": asks(),
  "HttpSession.answer": asks("web", "/deny"),
  "HttpSession.endTarpit": asks("web", "/tarpit"),
  "HttpSession.linger": asks("web", "/deny"),
  "HttpSession.cutResponse": asks("web", "/cut"),
  "HttpSession.breakOff": speaks("web", get("/cut-chunk").replace("1.1", "1.0")),
  "Reply.send": asks("web", "/deny"),
  "FrontendRules.admit": asks(),
  "FrontendRules.inspect": asks(),
  "FrontendRules.chooseBackend": asks(),
  "HttpRequestRules.judge": asks(),
  "RequestHead.parse": asks(),
  "ResponseHead.parse": asks(),
  "BodyFraming.advance": posts,
  "BodyFraming.beginChunked": asks("web", "/long"),
  "ProxyLog.http": asks(),
  "ProxyLog.handshake": speaks("tls", "no TLS"),
  "Relay.run": speaks("web", get("/switch", "Connection: upgrade\r\nUpgrade: x\r\n")),
  "TcpSession.onClientReady": speaks("tcp", get()),
  "TcpSession.onConnected": speaks("tcp", get()),
  "TcpSession.start": speaks("tcp", get()),
  "ProxyLog.tcp": speaks("tcp", get()),
  "ProxyHeaderReader.onReady": speaks("proxied", "PROXY UNKNOWN\r\n", get()),
  "Handshake.onConnectionReady": overTls,
  "BindTls.start": overTls,
  "TlsConnection.receive": overTls,
  "TlsConnection.transmit": overTls,
  "TlsConnection.close": overTls,
  "ServerTls.start": asks("toTls"),
  "ServerTls.onClose": asks("toTls"),
  "FrontendConnection.onFieldBlock": overHttp2(),
  "FrontendConnection.onActivity": overHttp2(),
  "Http2Stream.receive": overHttp2(),
  "Http2Stream.transmit": overHttp2(),
  "Http2Stream.close": overHttp2(),
  "ServerConnection.onFieldBlock": asks("toHttp2"),
  "ServerConnection.onSettings": asks("toHttp2"),
  "BackendQueue.admit": asks("narrow"),
  "BackendQueue.cancel": queues("second"),
  "HttpSession.reuse": queues("first"),
};

/** Those whose session or connection is one of HTTP/2: the other streams of its client go on. */
const OF_A_STREAM = ["HttpSession.answer", "HttpSession.onServerReady", "HttpSession.endExchange", "ProxyLog.http"];

async function startServers(t: TestContext): Promise<Ports> {
  const plain = await serveTcp(t, (socket) => {
    socket.on("data", (chunk) => {
      const path = /^\w+ (\S+) /.exec(chunk.toString("latin1"))?.[1] ?? "";
      if (path === "/hold") return;
      if (path === "/close") socket.end();
      else if (path === "/cut-chunk") socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ncut");
      else if (path === "/cut") socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut");
      else if (path === "/long") socket.write(`${LONG}0\r\n\r\n`);
      else if (path === "/switch") socket.end("HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nbytes");
      else socket.write(OK);
      if (chunk.includes("Connection: close")) socket.end();
    });
    socket.on("end", () => socket.end());
  });
  const key = { cert: readFileSync(certificate.certificate), key: readFileSync(certificate.key) };
  const http2 = createHttp2Server((_, response) => response.end("ok")).listen(0, "127.0.0.1");
  const tls = createTlsServer(key, (socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(OK));
  }).listen(0, "127.0.0.1");
  await Promise.all([http2, tls].map((server) => once(server, "listening")));
  t.after(() => {
    http2.close();
    tls.close();
  });
  const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;
  return { plain: plain.port, http2: portOf(http2), tls: portOf(tls) };
}

const configuration = (ports: Ports, servers: Ports, closed: number, log: number): string => `
global
 nbthread 1
defaults
 mode http
 log 127.0.0.1:${log} local0
 option httplog
 timeout connect 2s
 timeout client 30s
 timeout server 30s
 timeout http-keep-alive 30s
 timeout tarpit 30ms
 retries 0
 default-server pool-max-conn 0
frontend web
 bind 127.0.0.1:${ports["web"]}
 tcp-request connection accept
 tcp-request content accept
 http-request deny if { path /deny }
 http-request tarpit if { path /tarpit }
 default_backend app
frontend quick
 bind 127.0.0.1:${ports["quick"]}
 timeout client 100ms
 default_backend slow
frontend tls
 bind 127.0.0.1:${ports["tls"]} ssl crt ${certificate.pem}
 default_backend app
frontend proxied
 bind 127.0.0.1:${ports["proxied"]} accept-proxy
 default_backend app
frontend tcp
 mode tcp
 option tcplog
 bind 127.0.0.1:${ports["tcp"]}
 default_backend raw
frontend dead
 bind 127.0.0.1:${ports["dead"]}
 default_backend nowhere
frontend narrow
 bind 127.0.0.1:${ports["narrow"]}
 default_backend limited
frontend toHttp2
 bind 127.0.0.1:${ports["toHttp2"]}
 default_backend h2
frontend toTls
 bind 127.0.0.1:${ports["toTls"]}
 default_backend secure
backend app
 server s 127.0.0.1:${servers["plain"]}
backend slow
 timeout server 100ms
 server s 127.0.0.1:${servers["plain"]}
backend raw
 mode tcp
 server s 127.0.0.1:${servers["plain"]}
backend nowhere
 server s 127.0.0.1:${closed}
backend limited
 option abortonclose
 server s 127.0.0.1:${servers["plain"]} maxconn 1
backend h2
 server s 127.0.0.1:${servers["http2"]} proto h2
backend secure
 server s 127.0.0.1:${servers["tls"]} ssl verify none
`;

/** Clients that have been there all the time. */
interface Bystanders {
  readonly session: ClientHttp2Session;
  /** Each asks once more. */
  ask(): Promise<void>;
}

async function bystanders(t: TestContext, ports: Ports): Promise<Bystanders> {
  const [web, tcp] = [await RawClient.connect(ports["web"]!), await RawClient.connect(ports["tcp"]!)];
  const tls = connectTls({ port: ports["tls"]!, host: "127.0.0.1", rejectUnauthorized: false });
  await once(tls, "secureConnect");
  const session = connectHttp2(`http://127.0.0.1:${ports["web"]}`);
  t.after(() => {
    for (const client of [web, tcp]) client.close();
    tls.destroy();
    session.destroy();
  });
  const ask = async (): Promise<void> => {
    for (const client of [web, tcp]) {
      client.send(get("/", ""));
      assert.equal((await client.response()).body, "ok");
    }
    tls.write(get("/", ""));
    const [chunk] = (await once(tls, "data")) as [Buffer];
    assert.match(chunk.toString("latin1"), /^HTTP\/1\.1 200 /);
    assert.equal((await exchange(session, { ":path": "/" })).headers[":status"], 200);
  };
  return { session, ask };
}

test("a bug in one session ends that session and nothing else", async (t) => {
  const servers = await startServers(t);
  const log = await syslog(t);
  const ports: Record<string, number> = {};
  for (const name of FRONTENDS) ports[name] = await freePort();
  const flag = join(pki.folder, "poison");
  writeFileSync(flag, "");
  const methods = [...new Set([...Object.keys(CASES), ...OF_A_STREAM])];
  const [poison, main] = ["poison", "main"].map((name) => new URL(`error-safety-${name}.js`, import.meta.url));
  const text = configuration(ports, servers, await freePort(), log.port);
  const child = spawn(process.execPath, ["--import", poison!.href, main!.pathname, text], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, POISON: flag, POISONABLE: methods.join(","), BASCULE_FFI_CHECK: "1" },
  });
  t.after(() => child.kill("SIGKILL"));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const holdings = async (line = "what"): Promise<Holdings> => {
    child.stdin.write(`${line}\n`);
    return JSON.parse((await lines.next()).value as string) as Holdings;
  };
  const { bugs: _, ...none } = await holdings();
  const others = await bystanders(t, ports);
  await others.ask();
  await others.ask();
  const { bugs, ...before } = await holdings();
  assert.deepEqual(bugs, []);

  const check = async (method: string, victim: (ports: Ports) => Promise<void>): Promise<void> => {
    const told = (await holdings()).bugs.length;
    writeFileSync(flag, method);
    await victim(ports);
    await eventually(() => readFileSync(flag, "latin1"), "");
    await others.ask();
    const after = await eventually(
      async () => {
        const { bugs: all, ...held } = await holdings();
        return { held, bugs: all.slice(told).map((bug) => /poison in \S+/.exec(bug)?.[0] ?? bug) };
      },
      ({ held }) => JSON.stringify(held) === JSON.stringify(before),
      { deadlineMs: 2500 },
    );
    assert.deepEqual(after.bugs, [`poison in ${method}`]);
  };
  for (const [method, victim] of Object.entries(CASES)) await t.test(method, () => check(method, victim));
  for (const method of OF_A_STREAM)
    await t.test(`${method}, in one of a client's streams`, () =>
      check(method, async () => {
        const stream = others.session.request({ ":path": method.endsWith("answer") ? "/deny" : "/" });
        stream.on("error", () => {});
        stream.resume();
        await closed(stream);
      }),
    );

  await t.test("in the end nothing is left, of OpenSSL's either", async () => {
    const told = (await holdings()).bugs.length;
    const end = await holdings("stop");
    assert.deepEqual(end.bugs.slice(told), []);
    assert.ok(end.current.every((count) => count === 0));
    assert.ok(end.descriptors <= none.descriptors, `${end.descriptors} of ${none.descriptors} descriptors`);
  });
});
