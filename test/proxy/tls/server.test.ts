/** `server … ssl` with real servers: node:https and openssl s_server's kin. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { type TestContext, test } from "node:test";
import { connect, type TLSSocket, type TlsOptions } from "node:tls";
import { Counter } from "../../../src/proxy/shared-state.js";
import { eventually } from "../../support/eventually.js";
import { freePort, runProxy, type TestProxy } from "../../support/proxy.js";
import { RawClient } from "../../support/raw-client.js";
import { serveTcp } from "../../support/servers.js";
import { Pki } from "./pki.js";

const pki = new Pki();
const good = pki.issue(["origin.example"]);
const client = pki.issue(["the-proxy"]);
const foreign = new Pki("Other CA").issue(["origin.example"]);

interface Origin {
  readonly server: Server;
  readonly port: number;
  /** Of each connection, in order. */
  readonly handshakes: {
    servername: string | undefined;
    isReused: boolean;
    alpn: string | undefined;
    peer: string | undefined;
  }[];
}

async function serveHttps(t: TestContext, options: TlsOptions = {}, issued = good): Promise<Origin> {
  const key = { cert: readFileSync(issued.certificate), key: readFileSync(issued.key) };
  const server = createServer({ ...key, ...options, keepAliveTimeout: 60_000 }, (request, response) => {
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
    });
    request.on("end", () => {
      if (request.url === "/close") response.setHeader("Connection", "close");
      if (request.url?.startsWith("/bytes/")) response.end(Buffer.alloc(Number(request.url.slice(7)), "x"));
      else response.end(`${length} bytes`);
    });
  });
  const handshakes: Origin["handshakes"] = [];
  server.on("secureConnection", (socket: TLSSocket) => {
    const { servername, alpnProtocol } = socket as TLSSocket & { servername?: string };
    handshakes.push({
      servername: servername === undefined || (servername as unknown) === false ? undefined : servername,
      isReused: socket.isSessionReused(),
      alpn: alpnProtocol === false || alpnProtocol === null ? undefined : alpnProtocol,
      peer: socket.getPeerCertificate().subject?.CN,
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, port: (server.address() as { port: number }).port, handshakes };
}

interface Stage extends TestProxy {
  get(path: string, init?: RequestInit): Promise<Response>;
}

async function stage(t: TestContext, port: number, options: string): Promise<Stage> {
  const listen = await freePort();
  const proxy = await runProxy(
    t,
    `
global
    nbthread 1
listen web
    bind 127.0.0.1:${listen}
    mode http
    timeout connect 1s
    retries 0
    server s1 127.0.0.1:${port} ssl ${options}
`,
  );
  t.after(() =>
    assert.deepEqual(
      proxy.lines.filter((line) => /bug/.test(line)),
      [],
    ),
  );
  return {
    ...proxy,
    get: (path, init) => fetch(`http://127.0.0.1:${listen}${path}`, { signal: AbortSignal.timeout(5_000), ...init }),
  };
}

const statusOf = async (proxy: Stage): Promise<number> => (await proxy.get("/")).status;

test("a server whose certificate verifies is served from; name and host are as configured", async (t) => {
  const origin = await serveHttps(t);
  const proxy = await stage(t, origin.port, `ca-file ${pki.caFile} sni str(origin.example)`);
  assert.equal(await (await proxy.get("/", { method: "POST", body: "12345" })).text(), "5 bytes");
  assert.deepEqual(
    origin.handshakes.map(({ servername }) => servername),
    ["origin.example"],
  );
});

for (const [what, options] of [
  ["another name", `ca-file ${pki.caFile} sni str(other.example)`],
  ["another verifyhost", `ca-file ${pki.caFile} sni str(origin.example) verifyhost other.example`],
] as const)
  test(`a certificate for ${what} is refused: 503, and counted as a failed connection`, async (t) => {
    const origin = await serveHttps(t);
    const proxy = await stage(t, origin.port, options);
    assert.equal(await statusOf(proxy), 503);
    await eventually(() => proxy.count("server", "web/s1", Counter.connectErrors), 1);
  });

test("a certificate of an unknown authority is refused, unless verify is none", async (t) => {
  const origin = await serveHttps(t, {}, foreign);
  assert.equal(await statusOf(await stage(t, origin.port, `ca-file ${pki.caFile}`)), 503);
  assert.equal(await statusOf(await stage(t, origin.port, "verify none")), 200);
});

test("without sni and verifyhost, any name will do that the authority signed for", async (t) => {
  const origin = await serveHttps(t);
  const proxy = await stage(t, origin.port, `ca-file ${pki.caFile}`);
  assert.equal(await statusOf(proxy), 200);
  assert.equal(origin.handshakes[0]!.servername, undefined);
});

test("crt: the proxy shows its certificate to servers that ask", async (t) => {
  const asking = { requestCert: true, rejectUnauthorized: true, ca: pki.ca };
  const origin = await serveHttps(t, asking);
  assert.equal(await statusOf(await stage(t, origin.port, `verify none crt ${client.pem}`)), 200);
  assert.equal(origin.handshakes[0]!.peer, "the-proxy");
  assert.notEqual(await statusOf(await stage(t, origin.port, "verify none")), 200);
});

test("alpn and versions are offered as configured", async (t) => {
  const origin = await serveHttps(t, { ALPNProtocols: ["http/1.1"] });
  assert.equal(await statusOf(await stage(t, origin.port, "verify none alpn http/1.1")), 200);
  assert.equal(origin.handshakes[0]!.alpn, "http/1.1");
  const modern = await serveHttps(t, { minVersion: "TLSv1.3" });
  assert.equal(await statusOf(await stage(t, modern.port, "verify none ssl-max-ver TLSv1.2")), 503);
});

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  test(`sessions of ${version} are taken up again`, async (t) => {
    const origin = await serveHttps(t, { minVersion: version, maxVersion: version });
    const proxy = await stage(t, origin.port, "verify none");
    for (let count = 0; count < 3; count++) await (await proxy.get("/close")).text();
    assert.deepEqual(
      origin.handshakes.map(({ isReused }) => isReused),
      [false, true, true],
    );
  });

  test(`20 MB go up and down over ${version}`, async (t) => {
    const origin = await serveHttps(t, { minVersion: version, maxVersion: version });
    const proxy = await stage(t, origin.port, "verify none");
    assert.equal(
      await (await proxy.get("/", { method: "POST", body: randomBytes(20_000_000) })).text(),
      "20000000 bytes",
    );
    assert.equal((await (await proxy.get("/bytes/20000000")).arrayBuffer()).byteLength, 20_000_000);
  });
}

test("no-ssl-reuse: every connection is a full handshake", async (t) => {
  const origin = await serveHttps(t);
  const proxy = await stage(t, origin.port, "verify none no-ssl-reuse");
  for (let count = 0; count < 3; count++) await (await proxy.get("/close")).text();
  assert.deepEqual(
    origin.handshakes.map(({ isReused }) => isReused),
    [false, false, false],
  );
});

for (const size of [5, 100_000])
  test(`an idle connection serves the next request, after an answer of ${size} bytes as well`, async (t) => {
    const origin = await serveHttps(t);
    const proxy = await stage(t, origin.port, "verify none");
    // The first request of a client never goes on a connection that was idle; those after it do.
    for (let count = 0; count < 6; count++) await (await proxy.get(`/bytes/${size}`)).arrayBuffer();
    assert.ok(origin.handshakes.length < 6, `${origin.handshakes.length} connections`);
    assert.ok(proxy.count("server", "web/s1", Counter.reuses) > 0);
  });

test("a server that speaks no TLS, or hangs up, or says nothing: 503 within timeout connect", async (t) => {
  const plain = await serveTcp(t, (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  const rude = await serveTcp(t, (socket) => socket.destroy());
  const silent = await serveTcp(t, () => {});
  for (const { port } of [plain, rude, silent]) {
    const proxy = await stage(t, port, "verify none");
    assert.equal(await statusOf(proxy), 503);
    await proxy.quiet();
  }
});

test("a server that dies in the middle of its answer breaks off the client's", async (t) => {
  const origin = await serveHttps(t);
  const proxy = await stage(t, origin.port, "verify none");
  const answer = await proxy.get("/bytes/50000000");
  origin.server.closeAllConnections();
  await assert.rejects(answer.arrayBuffer());
  await eventually(() => proxy.count("server", "web/s1", Counter.serverAborts), 1);
  await proxy.quiet();
});

test("sni takes the name from each request, and the certificate must be for it", async (t) => {
  const origin = await serveHttps(t);
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `
global
    nbthread 1
listen web
    bind 127.0.0.1:${port}
    mode http
    retries 0
    server s1 127.0.0.1:${origin.port} ssl verify required ca-file ${pki.caFile} sni req.hdr(host),lower
`,
  );
  const browser = await RawClient.connect(port);
  const statusFor = async (host: string): Promise<number> => {
    browser.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    return (await browser.response()).status;
  };
  assert.equal(await statusFor("Origin.example:8443"), 200);
  assert.equal(await statusFor("origin.example"), 200);
  // The same name goes on the same connection.
  assert.deepEqual(
    origin.handshakes.map(({ servername }) => servername),
    ["origin.example"],
  );
  // Another name is another connection, whose certificate is not for it.
  assert.equal(await statusFor("other.example"), 503);
  browser.close();
  await proxy.quiet();
  const again = await RawClient.connect(port);
  again.send("GET / HTTP/1.1\r\nHost: origin.example\r\nConnection: close\r\n\r\n");
  assert.match(await again.untilClosed(), /^HTTP\/1.1 200/);
  again.close();
  assert.equal(origin.handshakes.at(-1)!.isReused, true);
});

test("sni ssl_fc_sni hands on the name that the client has asked for; no name is none", async (t) => {
  const origin = await serveHttps(t);
  const port = await freePort();
  const front = pki.issue(["*.example"]);
  await runProxy(
    t,
    `
listen web
    mode tcp
    bind 127.0.0.1:${port} ssl crt ${front.pem}
    server s1 127.0.0.1:${origin.port} ssl verify none sni ssl_fc_sni
`,
  );
  for (const servername of ["a.example", "b.example", ""]) {
    const socket = connect({ port, host: "127.0.0.1", servername, rejectUnauthorized: false });
    socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let text = "";
    for await (const chunk of socket) text += chunk;
    assert.match(text, /^HTTP\/1.1 200/);
  }
  assert.deepEqual(
    origin.handshakes.map(({ servername }) => servername),
    ["a.example", "b.example", undefined],
  );
});
