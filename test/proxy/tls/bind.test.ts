/** `bind … ssl` with real clients: node:tls, curl and openssl s_client. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { constants, createHash, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { Counter } from "../../../src/proxy/shared-state.js";
import { TlsSetupError } from "../../../src/proxy/tls/contexts.js";
import { liveContexts } from "../../../src/sys/ssl-context.js";
import { eventually } from "../../support/eventually.js";
import { freePort, runProxy, type TestProxy } from "../../support/proxy.js";
import { RawClient } from "../../support/raw-client.js";
import { type HttpServer, serveHttp, serveTcp } from "../../support/servers.js";
import { Pki } from "./pki.js";

const run = promisify(execFile);
const pki = new Pki();
const ec = pki.issue(["a.example"]);
const rsa = pki.issue(["a.example"], "rsa");
const wild = pki.issue(["*.w.example"]);
const alice = pki.issue(["alice"]);
const otherPki = new Pki("Other CA");
const mallory = otherPki.issue(["mallory"]);

after(() => assert.deepEqual(liveContexts, { contexts: 0, certificates: 0 }));

interface Stage extends TestProxy {
  readonly port: number;
  readonly server: HttpServer;
}

/** A proxy whose TLS listener has the options given, before a server that tells what it was asked. */
async function stage(t: TestContext, options: string, more = "", global = ""): Promise<Stage> {
  const server = await serveHttp(t, (request, response) => {
    const hash = createHash("sha256");
    request.on("data", (chunk) => hash.update(chunk));
    request.on("end", () => {
      if (request.url?.startsWith("/bytes/")) response.end(Buffer.alloc(Number(request.url.slice(7)), "x"));
      else response.end(request.method === "POST" ? hash.digest("hex") : `you asked for ${request.url}`);
    });
  });
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `
global
    ${global}
listen web
    bind 127.0.0.1:${port} ssl ${options}
    mode http
    ${more}
    server s1 127.0.0.1:${server.port}
`,
  );
  // A worker that ends with TLS handles left says so, as a bug.
  t.after(() =>
    assert.deepEqual(
      proxy.lines.filter((line) => /bug/.test(line)),
      [],
    ),
  );
  return { ...proxy, port, server };
}

/** A TLS client; its handshake is done. */
async function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: "127.0.0.1", ca: pki.ca, servername: "a.example", ...options });
  await once(socket, "secureConnect");
  return socket;
}

/** What the client of one handshake sees of it. */
async function seen(port: number, options: ConnectionOptions = {}) {
  const socket = await handshake(port, options);
  const { subject, serialNumber } = socket.getPeerCertificate();
  const result = {
    subject: subject.CN,
    serialNumber,
    version: socket.getProtocol(),
    alpn: socket.alpnProtocol,
    cipher: socket.getCipher().name,
    authorized: socket.authorized,
  };
  socket.destroy();
  return result;
}

const GET = "GET /x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n";

async function readAll(socket: TLSSocket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += chunk;
  return text;
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const)
  test(`${version} is spoken, and the certificate verifies`, async (t) => {
    const { port } = await stage(t, `crt ${ec.pem}`);
    const connection = await seen(port, { minVersion: version, maxVersion: version });
    assert.equal(connection.version, version);
    assert.equal(connection.authorized, true);
    const socket = await handshake(port, { minVersion: version, maxVersion: version });
    socket.write(GET);
    assert.match(await readAll(socket), /^HTTP\/1\.1 200 [\s\S]*you asked for \/x$/);
  });

test("curl gets its answer, twice on one connection", async (t) => {
  const { port, server } = await stage(t, `crt ${ec.pem}`);
  const resolve = ["--resolve", `a.example:${port}:127.0.0.1`, "--cacert", pki.caFile];
  const url = `https://a.example:${port}/one`;
  const { stdout } = await run("curl", ["-sS", "--max-time", "10", ...resolve, url, url, "-w", "[%{num_connects}]"]);
  assert.equal(stdout, "you asked for /one[1]you asked for /one[0]");
  assert.equal(server.requests, 2);
});

test("of a name's RSA and ECDSA certificates a client gets the one that it can verify", async (t) => {
  const { port } = await stage(t, `crt ${rsa.pem} crt ${ec.pem}`);
  const [client, server] = [{ minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const, port];
  assert.match((await seen(server, { ...client, ciphers: "ECDHE-RSA-AES128-GCM-SHA256" })).cipher, /RSA/);
  assert.match((await seen(server, { ...client, ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" })).cipher, /ECDSA/);
  const rsaOnly = await seen(port, { sigalgs: "rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256" });
  assert.equal(rsaOnly.version, "TLSv1.3");
});

test("the name decides on the certificate: exact, wildcard, and the first for all else", async (t) => {
  const { port } = await stage(t, `crt ${ec.pem} crt ${wild.pem}`);
  const subjectFor = async (servername: string) =>
    (await seen(port, { servername, checkServerIdentity: () => undefined })).subject;
  assert.equal(await subjectFor("a.example"), "a.example");
  assert.equal(await subjectFor("X.w.example"), "*.w.example");
  assert.equal(await subjectFor("two.labels.w.example"), "a.example");
  assert.equal(await subjectFor("b.example"), "a.example");
  assert.equal(await subjectFor(""), "a.example");
});

test("`crt` takes a folder", async (t) => {
  const folder = join(pki.folder, "folder");
  mkdirSync(folder, { recursive: true });
  for (const [name, issued] of [
    ["1.pem", ec],
    ["2.pem", wild],
  ] as const)
    copyFileSync(issued.pem, join(folder, name));
  const { port } = await stage(t, `crt ${folder}`);
  assert.equal((await seen(port, { servername: "b.w.example" })).subject, "*.w.example");
});

test("crt-list: each certificate is for the names beside it", async (t) => {
  const list = pki.write("list.txt", `# names\n${ec.pem}\n\n${wild.pem} [] *.b.example !not.b.example C.example\n`);
  const { port } = await stage(t, `crt-list ${list}`);
  const subjectFor = async (servername: string) =>
    (await seen(port, { servername, checkServerIdentity: () => undefined })).subject;
  assert.equal(await subjectFor("a.example"), "a.example");
  assert.equal(await subjectFor("x.b.example"), "*.w.example");
  assert.equal(await subjectFor("c.example"), "*.w.example");
  assert.equal(await subjectFor("not.b.example"), "a.example");
  assert.equal(await subjectFor("x.w.example"), "a.example");
});

test("crt-list: a name with ! is none of the certificate's own names, either", async (t) => {
  const list = pki.write("list.txt", `${ec.pem}\n${wild.pem} !*.w.example\n${wild.pem} *.v.example !*.u.example\n`);
  const { port } = await stage(t, `crt-list ${list}`);
  const subjectFor = async (servername: string) =>
    (await seen(port, { servername, checkServerIdentity: () => undefined })).subject;
  assert.equal(await subjectFor("x.w.example"), "a.example");
  assert.equal(await subjectFor("x.v.example"), "*.w.example");
});

test("crt-list: a bundle has a certificate for each type of key", async (t) => {
  const bundle = join(pki.folder, "both.pem");
  copyFileSync(ec.pem, `${bundle}.ecdsa`);
  copyFileSync(rsa.pem, `${bundle}.rsa`);
  const list = pki.write("list.txt", `${wild.pem}\n${bundle} b.example\n`);
  const { port } = await stage(t, `crt-list ${list}`);
  const asked = { servername: "b.example", checkServerIdentity: () => undefined, maxVersion: "TLSv1.2" } as const;
  for (const [ciphers, subject] of [
    ["ECDHE-ECDSA-AES128-GCM-SHA256", "a.example"],
    ["ECDHE-RSA-AES128-GCM-SHA256", "a.example"],
  ] as const)
    assert.equal((await seen(port, { ...asked, ciphers })).subject, subject);
});

test("crt-list: under strict-sni `*` is for nobody, since it is a default", async (t) => {
  const list = pki.write("list.txt", `${ec.pem} a.example\n${wild.pem} *\n`);
  const { port } = await stage(t, `crt-list ${list} strict-sni`);
  assert.equal((await seen(port, { servername: "a.example" })).subject, "a.example");
  await assert.rejects(seen(port, { servername: "b.example", checkServerIdentity: () => undefined }));
});

test("crt-list: a line may say more of handshakes with its certificate than the listener does", async (t) => {
  const options = `alpn http/1.0 verify required ca-file ${pki.caFile} ssl-max-ver TLSv1.2`;
  const list = pki.write("list.txt", `${ec.pem} a.example\n${wild.pem} [${options}] *.w.example\n`);
  const { port } = await stage(t, `crt-list ${list} alpn http/1.1`);
  const offer: ConnectionOptions = { ALPNProtocols: ["http/1.0", "http/1.1"], minVersion: "TLSv1.2" };
  const plain = await seen(port, offer);
  assert.deepEqual([plain.alpn, plain.version], ["http/1.1", "TLSv1.3"]);
  const inside = { ...offer, servername: "x.w.example" };
  await assert.rejects(seen(port, inside));
  const known = { cert: readFileSync(alice.certificate), key: readFileSync(alice.key) };
  const shown = await seen(port, { ...inside, ...known });
  assert.deepEqual([shown.subject, shown.alpn, shown.version], ["*.w.example", "http/1.0", "TLSv1.2"]);
  // What was agreed with one of them is not taken up by the other.
  const first = await handshake(port, { ...offer, maxVersion: "TLSv1.2" });
  const session = first.getSession()!;
  first.destroy();
  await assert.rejects(seen(port, { ...inside, session }));
});

for (const [what, line, message] of [
  [
    "an option that is not done",
    `${ec.pem} [allow-0rtt] a.example`,
    /list\.txt:2: crt-list … allow-0rtt is not supported/,
  ],
  ["an unknown option", `${ec.pem} [alnp h2]`, /list\.txt:2: crt-list has no option "alnp"/],
  ["a wrong value", `${ec.pem} [ssl-min-ver TLSv9]`, /list\.txt:2: ssl-min-ver cannot be "TLSv9"/],
  ["verify without authorities", `${ec.pem} [verify required]`, /verify needs authorities/],
  ["a filter that is no name", `${ec.pem} a.*.example`, /list\.txt:2: a\.\*\.example is neither a name nor a wildcard/],
  ["a certificate that is not there", "/nowhere.pem", /\/nowhere\.pem: no such file/],
] as const)
  test(`crt-list: ${what} is an error with its place`, async (t) => {
    const list = pki.write("list.txt", `# first line\n${line}\n`);
    await assert.rejects(stage(t, `crt-list ${list}`), message);
  });

test("a ca-file that is not there is an error in words", async (t) => {
  const line = `crt ${ec.pem} verify required ca-file /nowhere.pem`;
  await assert.rejects(stage(t, line), /ca-file \/nowhere\.pem: No such file or directory/);
});

test("strict-sni refuses names without a certificate, and none at all", async (t) => {
  const { port } = await stage(t, `crt ${ec.pem} strict-sni`);
  assert.equal((await seen(port)).subject, "a.example");
  await assert.rejects(seen(port, { servername: "b.example" }), /unrecognized name/);
  await assert.rejects(seen(port, { servername: "" }), /unrecognized name/);
});

test("alpn: our order counts; without a common protocol the connection has none", async (t) => {
  const { port } = await stage(t, `crt ${ec.pem} alpn http/1.1,http/1.0`);
  assert.equal((await seen(port, { ALPNProtocols: ["http/1.0", "http/1.1"] })).alpn, "http/1.1");
  assert.equal((await seen(port, { ALPNProtocols: ["x", "http/1.0"] })).alpn, "http/1.0");
  assert.equal((await seen(port, { ALPNProtocols: ["h2"] })).alpn, false);
  assert.equal((await seen(port)).alpn, false);
});

test("versions outside of ssl-min-ver and ssl-max-ver are refused, TLS 1.1 always unless asked for", async (t) => {
  const only12 = await stage(t, `crt ${ec.pem} ssl-max-ver TLSv1.2`);
  assert.equal((await seen(only12.port)).version, "TLSv1.2");
  await assert.rejects(seen(only12.port, { minVersion: "TLSv1.3" }), /protocol version|handshake failure/);
  const only13 = await stage(t, `crt ${ec.pem} ssl-min-ver TLSv1.3`);
  await assert.rejects(seen(only13.port, { maxVersion: "TLSv1.2" }), /protocol version/);
  const without13 = await stage(t, `crt ${ec.pem} no-tlsv13`);
  assert.equal((await seen(without13.port)).version, "TLSv1.2");
});

test("ciphers, ciphersuites and curves are those of the line", async (t) => {
  const settings = "ciphers ECDHE-ECDSA-AES128-GCM-SHA256 ciphersuites TLS_CHACHA20_POLY1305_SHA256 curves P-384";
  const { port } = await stage(t, `crt ${ec.pem} ${settings}`);
  assert.equal((await seen(port)).cipher, "TLS_CHACHA20_POLY1305_SHA256");
  assert.equal((await seen(port, { maxVersion: "TLSv1.2" })).cipher, "ECDHE-ECDSA-AES128-GCM-SHA256");
  // P-384 needs a second ClientHello (HelloRetryRequest) from a client that guesses X25519.
  assert.equal((await seen(port, { ecdhCurve: "X25519:P-384" })).version, "TLSv1.3");
  await assert.rejects(seen(port, { ecdhCurve: "X25519" }), /handshake failure/);
});

test("alpn survives a HelloRetryRequest", async (t) => {
  const { port } = await stage(t, `crt ${ec.pem} alpn http/1.1 curves P-384`);
  const offers = Array.from({ length: 8 }, (_, index) =>
    seen(port, { ecdhCurve: "X25519:P-384", ALPNProtocols: [index % 2 === 0 ? "http/1.1" : "other"] }),
  );
  const protocols = (await Promise.all(offers)).map(({ alpn }) => alpn);
  assert.deepEqual(
    protocols,
    Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? "http/1.1" : false)),
  );
});

for (const [what, version, options] of [
  ["a ticket of TLS 1.3", "TLSv1.3", ""],
  ["a stateful session of TLS 1.3", "TLSv1.3", "no-tls-tickets"],
  ["a ticket of TLS 1.2", "TLSv1.2", ""],
  ["a session of TLS 1.2", "TLSv1.2", "no-tls-tickets"],
  ["a session of TLS 1.2, with alpn", "TLSv1.2", "no-tls-tickets alpn http/1.1"],
] as const)
  test(`${what} is taken up by any worker`, async (t) => {
    const { port } = await stage(t, `crt ${ec.pem} ${options}`);
    const client = { minVersion: version, maxVersion: version };
    let session: Buffer | undefined;
    const first = connect({ port, host: "127.0.0.1", ca: pki.ca, servername: "a.example", ...client });
    first.on("session", (data: Buffer) => {
      session = data;
    });
    await once(first, "secureConnect");
    first.write(GET);
    await readAll(first);
    assert.ok(session !== undefined, "the server gave no session");
    // Eight at once: with two workers, one alone gets all of them once in 128 runs.
    const resumed = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const socket = await handshake(port, { ...client, session: session! });
        const isReused = socket.isSessionReused();
        socket.end(GET);
        assert.match(await readAll(socket), /you asked for/);
        return isReused;
      }),
    );
    assert.deepEqual(resumed, new Array(8).fill(true));
  });

for (const version of ["TLSv1.2", "TLSv1.3"] as const)
  for (const [size, options] of [
    [48, ""],
    [80, "alpn http/1.1"],
  ] as const)
    test(`tls-ticket-keys of ${size} bytes: sessions outlive the process, and rotation, under ${version}`, async (t) => {
      const keys = Array.from({ length: 5 }, () => randomBytes(size).toString("base64"));
      const file = (name: string, ...lines: string[]): string => pki.write(name, `${lines.join("\n")}\n`);
      const ticketOf = async (port: number, session?: Buffer): Promise<[isReused: boolean, ticket: Buffer]> => {
        const client = { minVersion: version, maxVersion: version, ...(session && { session }) };
        const socket = connect({ port, host: "127.0.0.1", ca: pki.ca, servername: "a.example", ...client });
        let ticket: Buffer | undefined;
        socket.on("session", (data: Buffer) => {
          ticket = data;
        });
        await once(socket, "secureConnect");
        const isReused = socket.isSessionReused();
        const session12 = socket.getSession()!;
        socket.write(GET);
        await readAll(socket);
        return [isReused, ticket ?? session12];
      };
      const listen = async (...lines: string[]): Promise<number> => {
        const path = file(`tickets-${version}-${size}.txt`, ...lines);
        return (await stage(t, `crt ${ec.pem} ${options} tls-ticket-keys ${path}`)).port;
      };
      const [one, two, three, four, five] = keys as [string, string, string, string, string];
      const first = await listen(one, two, three);
      const [isFirstReused, ticket] = await ticketOf(first);
      assert.equal(isFirstReused, false);
      // Another process, by the same keys; then one that has been given a newer key, which takes tickets of the older.
      const [isTakenUp] = await ticketOf(await listen(one, two, three), ticket);
      const [isStillKnown, renewed] = await ticketOf(await listen(two, three, four), ticket);
      assert.deepEqual([isTakenUp, isStillKnown], [true, true]);
      // By then the old key has gone: what has been renewed lives on, what has not is refused.
      const last = await listen(three, four, five);
      assert.deepEqual([(await ticketOf(last, renewed))[0], (await ticketOf(last, ticket))[0]], [true, false]);
    });

for (const [what, lines, message] of [
  ["one key", [80], /at least two keys are needed/],
  ["a key of another length", [80, 64], /keys-refused:2: a key has 48 or 80 bytes in base64, this one has 64/],
  ["keys of two lengths", [80, 48], /keys of 48 and of 80 bytes cannot be mixed/],
] as const)
  test(`tls-ticket-keys: ${what} is an error`, async (t) => {
    const text = lines.map((size) => randomBytes(size).toString("base64")).join("\n");
    const path = pki.write("keys-refused", text);
    await assert.rejects(stage(t, `crt ${ec.pem} tls-ticket-keys ${path}`), message);
  });

test("DH PARAMETERS in a certificate's file are used; those that are none are an error with the file's name", async (t) => {
  const finite: ConnectionOptions = { maxVersion: "TLSv1.2", ciphers: "DHE-RSA-AES128-GCM-SHA256" };
  const without = await stage(t, `crt ${rsa.pem} ciphers ALL`);
  await assert.rejects(handshake(without.port, finite));
  const parameters = ["genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe3072"];
  const { stdout } = await run("openssl", parameters);
  const path = pki.write("dh.pem", `${readFileSync(rsa.pem, "utf8")}${stdout}`);
  const { port } = await stage(t, `crt ${path} ciphers ALL`);
  const socket = await handshake(port, finite);
  assert.deepEqual(socket.getEphemeralKeyInfo(), { type: "DH", size: 3072 });
  socket.destroy();
  const other = await run("openssl", [...parameters.slice(0, -1), "group:ffdhe2048"]);
  const second = pki.write("other-dh.pem", `${readFileSync(rsa.pem, "utf8")}${other.stdout}`);
  const both = await stage(t, `crt ${path} crt ${second}`);
  assert.match(both.lines.join("\n"), /DH parameters of \S*other-dh\.pem are not used, for \S*dh\.pem comes first/);
  const bad = pki.write("bad-dh.pem", `${readFileSync(rsa.pem, "utf8")}${stdout.replace(/\nM/, "\nA")}`);
  await assert.rejects(stage(t, `crt ${bad}`), /bad-dh\.pem: the DH parameters cannot be read/);
});

test("verify required: only clients whose certificate the authority signed get in", async (t) => {
  const { port } = await stage(t, `crt ${ec.pem} ca-file ${pki.caFile} verify required`);
  const as = (issued: { certificate: string; key: string }) => ({
    cert: readFileSync(issued.certificate),
    key: readFileSync(issued.key),
  });
  const ask = async (options: ConnectionOptions): Promise<string> => {
    const socket = await handshake(port, options);
    socket.write(GET);
    return readAll(socket);
  };
  assert.match(await ask(as(alice)), /you asked for/);
  // In TLS 1.3 the client has finished before it is refused.
  await assert.rejects(ask({}), /certificate required/);
  await assert.rejects(ask(as(mallory)), /unknown ca|alert/);
  await assert.rejects(ask({ maxVersion: "TLSv1.2" }), /handshake failure/);
});

test("verify optional: a client without certificate gets in, one with a wrong one does not", async (t) => {
  const { port } = await stage(t, `crt ${ec.pem} ca-file ${pki.caFile} verify optional`);
  const wrong = {
    cert: readFileSync(mallory.certificate),
    key: readFileSync(mallory.key),
    maxVersion: "TLSv1.2",
  } as const;
  assert.equal((await seen(port)).subject, "a.example");
  await assert.rejects(seen(port, wrong), /unknown ca|alert/);
});

test("crl-file: a revoked certificate is refused", async (t) => {
  const revoked = pki.issue(["bob"]);
  const list = pki.revoke(revoked);
  const { port } = await stage(t, `crt ${ec.pem} ca-file ${pki.caFile} verify required crl-file ${list}`);
  const as = (issued: { certificate: string; key: string }) => ({
    cert: readFileSync(issued.certificate),
    key: readFileSync(issued.key),
    maxVersion: "TLSv1.2" as const,
  });
  assert.equal((await seen(port, as(alice))).subject, "a.example");
  await assert.rejects(seen(port, as(revoked)), /certificate revoked/);
});

test("crt-ignore-err and ca-ignore-err: what is wrong with a client's certificate may not matter", async (t) => {
  const revoked = pki.issue(["carol"]);
  const list = pki.revoke(revoked);
  const files = `crt ${ec.pem} ca-file ${pki.caFile} crl-file ${list} verify required`;
  const as = (issued: { certificate: string; key: string }, chain = "") => ({
    cert: readFileSync(issued.certificate, "utf8") + chain,
    key: readFileSync(issued.key),
    maxVersion: "TLSv1.2" as const,
  });
  const isTaken = async (options: string, client: ConnectionOptions): Promise<boolean> => {
    const { port } = await stage(t, `${files} ${options}`);
    return seen(port, client).then(
      ({ subject }) => subject === "a.example",
      () => false,
    );
  };
  // 23: revoked, 3: no list of its authority, 20 and 21: nobody vouches for it.
  assert.equal(await isTaken("crt-ignore-err 23", as(revoked)), true);
  assert.equal(await isTaken("crt-ignore-err X509_V_ERR_CERT_REVOKED", as(revoked)), true);
  assert.equal(await isTaken("ca-ignore-err all", as(revoked)), false);
  assert.equal(await isTaken("crt-ignore-err 23", as(mallory)), false);
  assert.equal(await isTaken("crt-ignore-err 3,20,21", as(mallory)), true);
  // 19, at depth 1: with its root along, what is wrong with it is its authority.
  const withRoot = as(mallory, otherPki.ca.toString());
  assert.equal(await isTaken("crt-ignore-err 3,20,21", withRoot), false);
  assert.equal(await isTaken("crt-ignore-err all ca-ignore-err 3,19", withRoot), true);
  // Without a certificate there is nothing to ignore.
  assert.equal(await isTaken("crt-ignore-err all ca-ignore-err all", { maxVersion: "TLSv1.2" }), false);
});

test("tune.ssl.cachesize 0: no session is remembered, those in tickets live on", async (t) => {
  const { port } = await stage(t, `crt ${ec.pem}`, "", "tune.ssl.cachesize 0");
  const isResumed = async (options: ConnectionOptions): Promise<boolean> => {
    const first = await handshake(port, options);
    const session = first.getSession()!;
    first.end(GET);
    await readAll(first);
    const second = await handshake(port, { ...options, session });
    const isReused = second.isSessionReused();
    second.end(GET);
    await readAll(second);
    return isReused;
  };
  const version = { maxVersion: "TLSv1.2" } as const;
  assert.equal(await isResumed({ ...version, secureOptions: constants.SSL_OP_NO_TICKET }), false);
  assert.equal(await isResumed(version), true);
});

for (const version of ["TLSv1.2", "TLSv1.3"] as const)
  test(`20 MB go up and down over ${version}, byte for byte`, async (t) => {
    const { port } = await stage(t, `crt ${ec.pem}`);
    const body = randomBytes(20_000_000);
    const post = httpsRequest({
      port,
      host: "127.0.0.1",
      ca: pki.ca,
      servername: "a.example",
      method: "POST",
      agent: false,
      maxVersion: version,
    });
    post.end(body);
    const [answer] = await once(post, "response");
    let text = "";
    for await (const chunk of answer) text += chunk;
    assert.equal(text, createHash("sha256").update(body).digest("hex"));
    const get = httpsRequest({
      port,
      host: "127.0.0.1",
      ca: pki.ca,
      servername: "a.example",
      path: "/bytes/20000000",
      agent: false,
      maxVersion: version,
    });
    get.end();
    const [download] = await once(get, "response");
    let length = 0;
    for await (const chunk of download) length += chunk.length;
    assert.equal(length, 20_000_000);
  });

test("a reader that stops for a while gets all of it in the end", async (t) => {
  const { port } = await stage(t, `crt ${ec.pem}`);
  const socket = await handshake(port);
  socket.pause();
  socket.write("GET /bytes/8000000 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  let length = 0;
  let pauses = 0;
  socket.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (++pauses % 16 !== 0) return;
    socket.pause();
    setTimeout(() => socket.resume(), 5);
  });
  const ended = once(socket, "end");
  await new Promise((resolve) => setTimeout(resolve, 200));
  socket.resume();
  await ended;
  assert.ok(length > 8_000_000 && length < 8_001_000, `${length} bytes`);
});

test("pipelined requests in one record are all answered", async (t) => {
  const { port } = await stage(t, `crt ${ec.pem}`);
  const socket = await handshake(port);
  const count = 300;
  socket.write("GET /p HTTP/1.1\r\nHost: h\r\n\r\n".repeat(count - 1) + GET);
  const text = await readAll(socket);
  assert.equal(text.split("you asked for").length - 1, count);
});

test("records of one byte are as good as large ones", async (t) => {
  const { port } = await stage(t, `crt ${ec.pem}`);
  const socket = await handshake(port);
  socket.setNoDelay(true);
  for (const character of GET) socket.write(character);
  assert.match(await readAll(socket), /you asked for \/x$/);
});

test("a client that asks for small records gets them (max_fragment_length)", async (t) => {
  const { port } = await stage(t, `crt ${ec.pem}`);
  const child = execFile(
    "openssl",
    [...["s_client", "-connect", `127.0.0.1:${port}`, "-maxfraglen", "512", "-quiet", "-tls1_2"]],
    { maxBuffer: 10_000_000 },
  );
  let text = "";
  child.stdout!.on("data", (chunk) => {
    text += chunk;
  });
  child.stdin!.write("GET /bytes/100000 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  await eventually(() => text.length > 100_000, true);
  child.kill();
  assert.match(text, /^HTTP\/1\.1 200/);
});

test("what is no TLS is refused, counted, logged, and costs no session", async (t) => {
  const { port, quiet, server, count } = await stage(t, `crt ${ec.pem}`);
  for (const bytes of ["GET / HTTP/1.1\r\nHost: h\r\n\r\n", randomBytes(500), Buffer.alloc(20_000, 0x16)]) {
    const client = await RawClient.connect(port);
    client.send(bytes);
    await client.untilClosed();
    client.close();
  }
  await quiet();
  assert.equal(server.requests, 0);
  assert.equal(count("frontend", "web", Counter.connections), 3);
  assert.equal(count("frontend", "web", Counter.sessions), 0);
});

test("a failed handshake is logged in HAProxy's words, a session's frontend has a tilde", async (t) => {
  const log = createSocket("udp4").bind(0, "127.0.0.1");
  t.after(() => log.close());
  await once(log, "listening");
  const lines: string[] = [];
  log.on("message", (line) =>
    lines.push(
      line
        .toString()
        .trim()
        .replace(/^.*?: /, ""),
    ),
  );
  const target = `log 127.0.0.1:${log.address().port} local0\n    option httplog\n    timeout client 400ms`;
  const { port } = await stage(t, `crt ${ec.pem} crt ${wild.pem} name front`, target);
  const fail = async (act: (client: RawClient) => void, reason: string): Promise<void> => {
    const client = await RawClient.connect(port);
    act(client);
    await eventually(() => lines.length, 1);
    assert.match(lines.pop()!, new RegExp(`^127\\.0\\.0\\.1:\\d+ \\[.*\\] web/front: ${reason}$`));
    client.close();
  };
  await fail((client) => client.send("GET / HTTP/1.1\r\n\r\n"), "SSL handshake failure");
  await fail((client) => client.finish(), "Connection closed during SSL handshake");
  await fail((client) => client.reset(), "SSL handshake failure");
  await fail((client) => client.send("\x16\x03"), "Timeout during SSL handshake");
  const socket = await handshake(port);
  socket.write(GET);
  await readAll(socket);
  await eventually(() => lines.length, 1);
  assert.match(lines[0]!, /^127\.0\.0\.1:\d+ \[.*\] web~ web\/s1 .* "GET \/x HTTP\/1\.1"$/);
});

test("`option dontlognull` keeps silent about clients that hang up", async (t) => {
  const log = createSocket("udp4").bind(0, "127.0.0.1");
  t.after(() => log.close());
  await once(log, "listening");
  const lines: string[] = [];
  log.on("message", (line) => lines.push(line.toString().trim()));
  const target = `log 127.0.0.1:${log.address().port} local0\n    option dontlognull`;
  const { port, quiet } = await stage(t, `crt ${ec.pem}`, target);
  const silent = await RawClient.connect(port);
  silent.finish();
  await silent.untilClosed();
  const loud = await RawClient.connect(port);
  loud.send("no TLS at all");
  await eventually(() => lines.length, 1);
  assert.match(lines[0]!, /SSL handshake failure$/);
  loud.close();
  await quiet();
});

test("a client may go at any moment of the handshake, or after", async (t) => {
  const { port, quiet } = await stage(t, `crt ${ec.pem} crt ${wild.pem} alpn http/1.1`);
  const hello = await recordHello();
  for (let length = 0; length <= hello.length; length += 23) {
    const client = await RawClient.connect(port);
    client.send(hello.subarray(0, length));
    if (length % 2 === 0) client.finish();
    else client.reset();
  }
  const gone = await handshake(port);
  gone.destroy();
  await quiet();
  assert.equal((await seen(port)).subject, "a.example");
});

test("a handshake that takes longer than `timeout client` is given up", async (t) => {
  const { port, quiet } = await stage(t, `crt ${ec.pem} crt ${wild.pem}`, "timeout client 300ms");
  const hello = await recordHello();
  const client = await RawClient.connect(port);
  client.send(hello.subarray(0, 50));
  await client.untilClosed();
  await quiet();
});

test("a ClientHello in single bytes is understood", async (t) => {
  const { port } = await stage(t, `crt ${ec.pem} crt ${wild.pem} strict-sni`);
  const hello = await recordHello("any.w.example");
  const client = await RawClient.connect(port);
  await client.sendCut(
    hello.toString("latin1"),
    Array.from({ length: hello.length }, (_, index) => index + 1),
  );
  // A ServerHello, not an alert.
  assert.equal((await client.until((text) => text.length > 5)).charCodeAt(0), 22);
  client.close();
});

test("a cut without close_notify ends the connection, and the worker goes on", async (t) => {
  const { port, quiet } = await stage(t, `crt ${ec.pem}`);
  const socket = await handshake(port);
  socket.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc");
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.destroy();
  await quiet();
  assert.equal((await seen(port)).subject, "a.example");
});

test("the proxy says close_notify at the end", async (t) => {
  const { port } = await stage(t, `crt ${ec.pem}`);
  const { stdout } = await run("sh", [
    "-c",
    `(printf '${GET.replaceAll("\r\n", "\\r\\n")}'; sleep 0.5) | openssl s_client -connect 127.0.0.1:${port} -msg 2>/dev/null`,
  ]);
  assert.match(stdout, /<<< TLS 1\.3, Alert \[length 0002\], warning close_notify/);
});

test("mode tcp: bytes both ways, and each side ends by itself", async (t) => {
  const echo = await serveTcp(t, (socket) => {
    socket.on("data", (chunk) => socket.write(chunk));
    socket.on("end", () => socket.end("bye"));
  });
  const port = await freePort();
  await runProxy(
    t,
    `
listen echo
    bind 127.0.0.1:${port} ssl crt ${ec.pem}
    server s1 127.0.0.1:${echo.port}
`,
  );
  const socket = connect({
    port,
    host: "127.0.0.1",
    ca: pki.ca,
    servername: "a.example",
    allowHalfOpen: true,
  } as ConnectionOptions);
  await once(socket, "secureConnect");
  const body = randomBytes(3_000_000);
  socket.end(body);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  const all = Buffer.concat(chunks);
  assert.equal(all.length, body.length + 3);
  assert.ok(all.subarray(0, body.length).equals(body));
});

test("certificates that are no good keep the proxy from starting, all of them named", async (t) => {
  const bad = pki.write("empty.pem", "");
  await assert.rejects(stage(t, `crt ${bad} crt /nowhere.pem`), (error: Error) => {
    assert.ok(error instanceof TlsSetupError);
    assert.match(error.message, /frontend web, bind 1: .*empty\.pem: no certificate in this file/);
    assert.match(error.message, /\/nowhere\.pem: no such file/);
    return true;
  });
  await assert.rejects(stage(t, `crt ${ec.pem} ciphers NONSENSE`), /ciphers NONSENSE: no cipher match/);
});

/** A ClientHello of node:tls. */
async function recordHello(servername = "a.example"): Promise<Buffer> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect({ port: (server.address() as { port: number }).port, host: "127.0.0.1", servername });
  client.on("error", () => {});
  const [socket] = await once(server, "connection");
  const [bytes] = await once(socket, "data");
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}
