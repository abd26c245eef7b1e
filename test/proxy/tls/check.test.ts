/** Health checks of servers that speak TLS: a handshake has to be seen through, as the server's settings have it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { createServer, type TLSSocket, type TlsOptions } from "node:tls";
import { eventually } from "../../support/eventually.js";
import { freePort, runProxy } from "../../support/proxy.js";
import { serveTcp } from "../../support/servers.js";
import { Pki } from "./pki.js";

const pki = new Pki();
const origin = pki.issue(["origin.example"]);
const checker = pki.issue(["the-checker"]);
const foreign = new Pki("Other CA").issue(["origin.example"]);

/** A TLS server; the names that its clients asked for. */
async function serve(t: TestContext, options: TlsOptions = {}, issued = origin) {
  const names: (string | undefined)[] = [];
  const key = { key: readFileSync(issued.key), cert: readFileSync(issued.certificate) };
  const server = createServer({ ...key, ...options }, (socket: TLSSocket & { servername?: string | false }) => {
    socket.on("error", () => {});
    names.push(socket.servername || undefined);
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return { port: (server.address() as { port: number }).port, names };
}

/** What the first check of such a server finds. */
async function check(t: TestContext, port: number, options: string): Promise<string> {
  const proxy = await runProxy(
    t,
    `
listen web
    bind 127.0.0.1:${await freePort()}
    server s 127.0.0.1:${port} check inter 500ms ${options}
`,
  );
  const result = await eventually(
    () => {
      const report = proxy.running.health.report(0);
      return report.kind === "checked" ? report.check.result : undefined;
    },
    (latest) => latest !== undefined,
  );
  return `${result!.status} ${result!.info}`.trim();
}

const trusted = `ssl verify required ca-file ${pki.caFile}`;

test("a handshake that is seen through passes, with the name asked for", async (t) => {
  const { port, names } = await serve(t);
  assert.equal(await check(t, port, `${trusted} verifyhost origin.example check-sni origin.example`), "L6OK");
  await eventually(() => names[0], "origin.example");
  assert.equal(await check(t, port, "ssl verify none"), "L6OK");
  assert.equal(await check(t, port, "verify none check-ssl"), "L6OK");
});

test("what the server's settings do not take fails", async (t) => {
  const { port } = await serve(t, { maxVersion: "TLSv1.2" });
  assert.match(await check(t, port, `${trusted} verifyhost other.example`), /^L6RSP .*other\.example/);
  assert.match(await check(t, port, "ssl verify none ssl-min-ver TLSv1.3"), /^L6RSP /);
  const stranger = await serve(t, {}, foreign);
  assert.match(await check(t, stranger.port, trusted), /^L6RSP /);
  assert.equal(await check(t, stranger.port, "ssl verify none"), "L6OK");
});

test("a server that asks for a certificate is shown the one on the line", async (t) => {
  const { port, names } = await serve(t, { requestCert: true, ca: pki.ca, maxVersion: "TLSv1.2" });
  assert.match(await check(t, port, trusted), /^L6RSP /);
  assert.equal(await check(t, port, `${trusted} crt ${checker.pem} sni str(origin.example)`), "L6OK");
  await eventually(() => names[0], "origin.example");
});

test("a server that accepts and speaks no TLS is down, one that says nothing timed out, one that refuses is L4CON", async (t) => {
  const plain = await serveTcp(t, (socket) => socket.end("220 mail\r\n"));
  assert.match(await check(t, plain.port, "ssl verify none"), /^L6RSP /);
  const silent = await serveTcp(t, () => {});
  assert.equal(await check(t, silent.port, "ssl verify none"), "L6TOUT");
  assert.equal(await check(t, await freePort(), "ssl verify none"), "L4CON Connection refused");
});

test("checks that go elsewhere, and those that are told to, are plain", async (t) => {
  const plain = await serveTcp(t, () => {});
  assert.equal(await check(t, 9, `ssl verify none port ${plain.port}`), "L4OK");
  assert.equal(await check(t, plain.port, "ssl verify none no-check-ssl"), "L4OK");
});
