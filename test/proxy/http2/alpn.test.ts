/** HTTP/2 over TLS, where ALPN says who speaks it (RFC 9113 §3.3). */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createSecureServer, type IncomingHttpHeaders } from "node:http2";
import { createServer as createHttpsServer, get } from "node:https";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { Counter } from "../../../src/proxy/shared-state.js";
import { freePort, runProxy } from "../../support/proxy.js";
import { serveHttp } from "../../support/servers.js";
import { Pki } from "../tls/pki.js";

const pki = new Pki();
const certificate = pki.issue(["localhost"]);

interface Answer {
  readonly status: number | undefined;
  readonly body: Buffer;
}

async function ask(t: TestContext, port: number, body: Buffer): Promise<Answer> {
  const session = connect(`https://localhost:${port}`, { ca: pki.ca, lookup: loopback });
  session.on("error", () => {});
  t.after(() => session.destroy());
  const stream = session.request({ ":method": "POST", ":path": "/" });
  stream.end(body);
  const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders & { ":status"?: number }];
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return { status: headers[":status"], body: Buffer.concat(chunks) };
}

const answer = (done: (...result: never[]) => void, ...result: unknown[]): void =>
  (done as (...result: unknown[]) => void)(null, ...result);
/** `localhost` without a look at ::1, where nobody listens. */
const loopback = (_: string, options: { all?: boolean | undefined }, done: (...result: never[]) => void): void =>
  options.all ? answer(done, [{ address: "127.0.0.1", family: 4 }]) : answer(done, "127.0.0.1", 4);

const overHttp1 = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    get(`https://localhost:${port}/`, { ca: pki.ca, lookup: loopback as never, agent: false }, (response) => {
      response.resume().once("end", () => resolve(`${response.httpVersion} ${response.statusCode}`));
    }).once("error", reject);
  });

test("a listener with alpn h2,http/1.1 speaks what the client chooses", async (t) => {
  const server = await serveHttp(t, (request, response) => request.pipe(response));
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `listen web
      mode http
      bind 127.0.0.1:${port} ssl crt ${certificate.pem} alpn h2,http/1.1
      server one 127.0.0.1:${server.port}`,
  );
  const body = randomBytes(2_000_000);
  const answer = await ask(t, port, body);
  assert.equal(answer.status, 200);
  assert.ok(answer.body.equals(body));
  assert.equal(await overHttp1(port), "1.1 200");
  assert.equal(proxy.count("frontend", "web", Counter.connections), 2);
});

for (const [protocols, version] of [
  ["h2,http/1.1", "2.0"],
  ["http/1.1 alone", "1.1"],
] as const)
  test(`a server that knows ${protocols} is asked over HTTP/${version}`, async (t) => {
    const versions: string[] = [];
    const { key, certificate: cert } = certificate;
    const credentials = { key: readFileSync(key), cert: readFileSync(cert) };
    const onRequest = (request: { httpVersion: string; pipe(to: unknown): void }, response: unknown): void => {
      versions.push(request.httpVersion);
      request.pipe(response);
    };
    const server =
      version === "2.0"
        ? createSecureServer(credentials, onRequest as never)
        : createHttpsServer(credentials, onRequest as never);
    const sessions = new Set<{ destroy(): void }>();
    server.on("session", (session) => sessions.add(session));
    server.on("connection", (socket) => sessions.add(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => {
      server.close();
      for (const session of sessions) session.destroy();
    });
    const port = await freePort();
    await runProxy(
      t,
      `listen web
        mode http
        bind 127.0.0.1:${port}
        server one 127.0.0.1:${(server.address() as AddressInfo).port} ssl verify required ca-file ${pki.caFile} sni str(localhost) alpn h2,http/1.1`,
    );
    const body = randomBytes(1_000_000);
    for (let round = 0; round < 3; round++) {
      const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body });
      assert.ok(Buffer.from(await response.arrayBuffer()).equals(body));
    }
    assert.deepEqual(new Set(versions), new Set([version]));
  });
