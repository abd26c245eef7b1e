/** Rules at work on real connections: routes by name without termination, refusals, conditional PROXY headers. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { createServer as createTlsServer, connect as tlsConnect } from "node:tls";
import { promisify } from "node:util";
import { Counter } from "../../../src/proxy/shared-state.js";
import { eventually } from "../../support/eventually.js";
import { freePort, runProxy } from "../../support/proxy.js";
import { everyByte } from "../../support/random-cuts.js";
import { RawClient } from "../../support/raw-client.js";
import { logReceiver, recorder } from "../../support/records.js";
import { serveHttp, serveTcp } from "../../support/servers.js";
import { Pki } from "../tls/pki.js";

const run = promisify(execFile);
const pki = new Pki();

/** A TLS server for one name that says the name to whoever has shaken hands. */
async function serveTls(t: TestContext, name: string): Promise<number> {
  const { key, certificate } = pki.issue([name]);
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (socket) => {
    socket.on("error", () => {});
    socket.end(`this is ${name}`);
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return (server.address() as { port: number }).port;
}

/** The certificate's common name and the text that a client gets who asks for `servername`. */
async function visit(port: number, servername: string): Promise<string> {
  const socket = tlsConnect({ port, host: "127.0.0.1", ca: pki.ca, servername, checkServerIdentity: () => undefined });
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  await once(socket, "secureConnect");
  const { CN } = socket.getPeerCertificate().subject;
  await once(socket, "close");
  return `${CN}: ${text}`;
}

/** The ClientHello of OpenSSL's client for `servername`, as it goes over the wire. */
async function helloFor(t: TestContext, servername: string): Promise<string> {
  let hello: Buffer = Buffer.alloc(0);
  const server = await serveTcp(t, (socket) =>
    socket.once("data", (chunk) => {
      hello = chunk;
      socket.destroy();
    }),
  );
  tlsConnect({ port: server.port, host: "127.0.0.1", servername }).on("error", () => {});
  await eventually(() => hello.length > 0, true);
  return hello.toString("latin1");
}

async function sniStage(t: TestContext) {
  const [a, b] = [await serveTls(t, "a.example"), await serveTls(t, "b.example")];
  const plain = await recorder(t);
  const log = await logReceiver(t);
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `
frontend in
    bind 127.0.0.1:${port}
    log 127.0.0.1:${log.port} local0
    option tcplog
    tcp-request inspect-delay 5s
    tcp-request content accept if { req.ssl_hello_type 1 }
    tcp-request content reject
    use_backend b if { req.ssl_sni -i b.example } or { req.ssl_sni -m end .b.example }
    use_backend plain if { req.ssl_sni record.example }
    default_backend a
backend a
    server s 127.0.0.1:${a}
backend b
    server s 127.0.0.1:${b}
backend plain
    server s 127.0.0.1:${plain.port}
`,
  );
  return { port, proxy, plain, log };
}

test("clients of TLS get to the backend of the name that they ask for, with its certificate", async (t) => {
  const { port } = await sniStage(t);
  const names = ["a.example", "b.example", "B.EXAMPLE", "x.b.example", "other.example"];
  assert.deepEqual(await Promise.all(names.map((name) => visit(port, name))), [
    "a.example: this is a.example",
    "b.example: this is b.example",
    "b.example: this is b.example",
    "b.example: this is b.example",
    "a.example: this is a.example",
  ]);
  const { stdout } = await run("curl", [
    ...["-s", "--http0.9", "-k", "--connect-to", `::127.0.0.1:${port}`, "-o", "/dev/null", "-w", "%{certs}"],
    `https://b.example:${port}/`,
  ]).catch((error: { stdout: string }) => error);
  assert.match(stdout, /Subject:CN = ?b\.example|^$/);
});

test("a hello in many segments, or in many records, is awaited and passed on byte for byte", async (t) => {
  const { port, plain } = await sniStage(t);
  const hello = await helloFor(t, "record.example");
  const payload = hello.slice(5);
  let records = "";
  for (let at = 0; at < payload.length; at += 50) {
    const part = payload.slice(at, at + 50);
    records += `\x16\x03\x01\x00${String.fromCharCode(part.length)}${part}`;
  }
  for (const [bytes, ends] of [
    [hello, [hello.length]],
    [hello, everyByte(hello.length)],
    [records, [7, 60, records.length]],
  ] as const) {
    plain.received.length = 0;
    const client = await RawClient.connect(port);
    await client.sendCut(`${bytes}and more`, [...ends, bytes.length + 8]);
    await eventually(() => plain.received.at(-1), `${bytes}and more`);
    client.close();
  }
});

test("who does not speak TLS is refused at once, counted, and logged with PR", async (t) => {
  const { port, proxy, log } = await sniStage(t);
  assert.equal(await RawClient.exchange(port, "GET / HTTP/1.1\r\n\r\n"), "");
  await proxy.quiet();
  assert.equal(proxy.count("frontend", "in", Counter.deniedRequests), 1);
  const [line] = await eventually(
    () => log.lines,
    (lines) => lines.length === 1,
  );
  assert.match(line!, / in in\/<NOSRV> -1\/-1\/\d+ 0 PR /);
});

test("a client that says nothing is let go on when the delay is over, one that speaks does not wait", async (t) => {
  const greeter = await serveTcp(t, (socket) => socket.end("220 mail\r\n"));
  const speaker = await recorder(t);
  const port = await freePort();
  await runProxy(
    t,
    `
frontend in
    bind 127.0.0.1:${port}
    tcp-request inspect-delay 300ms
    tcp-request content accept if { req.len gt 3 } or WAIT_END
    use_backend greets unless { req.len gt 0 }
    default_backend listens
backend greets
    server s 127.0.0.1:${greeter.port}
backend listens
    server s 127.0.0.1:${speaker.port}
`,
  );
  const quiet = await RawClient.connect(port);
  assert.equal(await quiet.untilClosed(), "220 mail\r\n");
  quiet.close();
  const client = await RawClient.connect(port);
  client.send("hel");
  client.send("lo");
  await eventually(() => speaker.received.at(-1), "hello");
  client.close();
});

test("a client that has finished sending is decided about with what it has sent", async (t) => {
  const speaker = await recorder(t);
  const port = await freePort();
  await runProxy(
    t,
    `
listen in
    bind 127.0.0.1:${port}
    tcp-request inspect-delay 1h
    tcp-request content accept if { req.len gt 1000000 }
    server s 127.0.0.1:${speaker.port}
`,
  );
  const client = await RawClient.connect(port);
  client.send("short");
  client.finish();
  await eventually(() => speaker.received.at(-1), "short");
  client.close();
  // And one that fills the buffer without deciding anything need not wait for the delay.
  const flood = "x".repeat(100_000);
  const other = await RawClient.connect(port);
  other.send(flood);
  await eventually(() => speaker.received.at(-1)?.length, flood.length);
  other.close();
});

test("tcp-request connection refuses by address before a byte is read, with RST", async (t) => {
  const server = await recorder(t);
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `
listen in
    bind 127.0.0.1:${port}
    acl friends src 127.0.0.1 127.0.0.3/32
    tcp-request connection accept if friends
    tcp-request connection reject unless { src 127.0.0.4 } { dst_port ${port} }
    server s 127.0.0.1:${server.port}
`,
  );
  for (const [address, isWelcome] of [
    ["127.0.0.1", true],
    ["127.0.0.2", false],
    ["127.0.0.3", true],
    ["127.0.0.4", true],
  ] as const) {
    server.received.length = 0;
    // The RST may come before the client knows that it is connected.
    const client = await RawClient.connect(port, "127.0.0.1", address).catch((error: { code: string }) => error.code);
    if (typeof client === "string") {
      assert.deepEqual([client, isWelcome], ["ECONNRESET", false]);
      continue;
    }
    client.send("hi");
    if (isWelcome) await eventually(() => server.received.at(-1), "hi");
    else
      await eventually(
        () => client.error,
        (error) => error === "ECONNRESET" || error === "EPIPE",
      );
    client.close();
  }
  await proxy.quiet();
  const count = (counter: number) => proxy.count("frontend", "in", counter);
  assert.deepEqual([count(Counter.connections), count(Counter.sessions), count(Counter.deniedConnections)], [4, 3, 1]);
});

test("expect-proxy awaits the header of some clients only", async (t) => {
  const server = await recorder(t);
  const port = await freePort();
  await runProxy(
    t,
    `
listen in
    bind 127.0.0.1:${port}
    tcp-request connection expect-proxy layer4 if { src 127.0.0.2 }
    server s 127.0.0.1:${server.port} send-proxy
`,
  );
  const proxied = await RawClient.connect(port, "127.0.0.1", "127.0.0.2");
  proxied.send("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\nhello");
  await eventually(() => server.received.at(-1), "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\nhello");
  proxied.close();
  const direct = await RawClient.connect(port, "127.0.0.1", "127.0.0.3");
  direct.send("hello");
  await eventually(
    () => server.received.at(-1),
    (text) => text?.startsWith("PROXY TCP4 127.0.0.3 ") === true,
  );
  direct.close();
  const liar = await RawClient.connect(port, "127.0.0.1", "127.0.0.2");
  liar.send("hello");
  assert.equal(await liar.untilClosed(), "");
  liar.close();
});

async function httpStage(t: TestContext, bind: string) {
  const serve = async (name: string): Promise<number> => {
    const server = await serveHttp(t, (request, response) => response.end(`${name} ${request.url}`));
    return server.port;
  };
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `
frontend in
    bind 127.0.0.1:${port} ${bind}
    mode http
    tcp-request content reject if { path_beg /secret }
    acl is_api path_beg /api/ /v1/
    use_backend api if is_api !METH_POST
    use_backend named if { hdr(host),lower -m dom named } or { ssl_fc_sni named.example }
    default_backend web
backend api
    mode http
    server s 127.0.0.1:${await serve("api")}
backend named
    mode http
    server s 127.0.0.1:${await serve("named")}
backend web
    mode http
    server s 127.0.0.1:${await serve("web")}
`,
  );
  return { port, proxy };
}

test("requests of one connection go each to its own backend", async (t) => {
  const { port, proxy } = await httpStage(t, "");
  const client = await RawClient.connect(port);
  const get = async (request: string, host = "x.example"): Promise<string> => {
    client.send(`${request} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\n\r\n`);
    return (await client.response()).body;
  };
  assert.equal(await get("GET /"), "web /");
  assert.equal(await get("GET /api/users"), "api /api/users");
  assert.equal(await get("POST /api/users"), "web /api/users");
  assert.equal(await get("GET /v1/"), "api /v1/");
  assert.equal(await get("GET /", "www.NAMED.example"), "named /");
  client.send("GET /secret/x HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.equal(await client.untilClosed(), "");
  client.close();
  await proxy.quiet();
  assert.equal(proxy.count("frontend", "in", Counter.deniedRequests), 1);
  assert.equal(proxy.count("backend", "api", Counter.requests), 2);
});

test("the same over HTTP/2 and TLS, also by the name in the handshake, which TLS 1.2 sessions keep", async (t) => {
  const { pem } = pki.issue(["named.example", "x.example"]);
  const { port } = await httpStage(t, `ssl crt ${pem} alpn h2,http/1.1`);
  const curl = async (url: string, ...options: string[]): Promise<string> => {
    const { stdout } = await run("curl", [
      ...["-s", "--cacert", pki.caFile, "--connect-to", `::127.0.0.1:${port}`, "-w", "|%{http_code}|"],
      ...options,
      url,
    ]).catch((error: { stdout: string }) => error);
    return stdout;
  };
  assert.equal(await curl("https://x.example/api/1"), "api /api/1|200|");
  assert.equal(await curl("https://x.example/"), "web /|200|");
  assert.equal(await curl("https://named.example/", "-H", "Host: y.example"), "named /|200|");
  assert.equal(await curl("https://x.example/secret/"), "|000|");
  // The second transfer takes the session of the first up again.
  const twice = ["--tls-max", "1.2", "--http1.1", "-H", "Host: y.example", "-H", "Connection: close"];
  assert.equal(await curl("https://named.example/[1-2]", ...twice), "named /1|200|named /2|200|");
});
