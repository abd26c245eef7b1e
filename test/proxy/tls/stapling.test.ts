/** OCSP responses beside certificates: read, refused with a reason, and stapled for clients that ask (RFC 6066 §8). */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { connect } from "node:tls";
import { promisify } from "node:util";
import fc from "fast-check";
import { parseOcspResponse } from "../../../src/proxy/tls/ocsp-response.js";
import { readStaple } from "../../../src/proxy/tls/staple.js";
import { freePort, runProxy } from "../../support/proxy.js";
import { serveHttp } from "../../support/servers.js";
import { Pki } from "./pki.js";

const run = promisify(execFile);
const pki = new Pki();
const ec = pki.issue(["a.example"]);
const rsa = pki.issue(["a.example"], "rsa");
const other = pki.issue(["b.example"]);
const good = pki.ocspResponse(ec);
const leafOf = (pem: string): X509Certificate => new X509Certificate(readFileSync(pem));

const DAY = 86_400_000;

describe("a response", () => {
  test("says of which certificate it is, and until when it holds", () => {
    const response = parseOcspResponse(good)!;
    assert.equal(response.serialNumber, leafOf(ec.pem).serialNumber.replace(/^0+/, ""));
    assert.equal(response.status, "good");
    assert.equal(response.nextUpdate! - response.thisUpdate, DAY);
    assert.equal(parseOcspResponse(pki.ocspResponse(other, "revoked"))!.status, "revoked");
  });

  test("cut off anywhere it is none, and a damaged one never makes reading throw", () => {
    for (let length = 0; length < 100; length++) assert.equal(parseOcspResponse(good.subarray(0, length)), undefined);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
        const damaged = Buffer.from(good);
        damaged[at] = value;
        parseOcspResponse(damaged);
      }),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => parseOcspResponse(bytes) === undefined));
  });

  test("`tryLater` is none", () => assert.equal(parseOcspResponse(Buffer.from("30030a0103", "hex")), undefined));
});

describe("what is of no use is told with its reason", () => {
  const cases: readonly (readonly [what: string, bytes: Buffer, reason: RegExp, now?: number])[] = [
    ["an empty file", Buffer.alloc(0), /empty; it is not stapled/],
    ["PEM", Buffer.from("-----BEGIN"), /no successful OCSP response in DER/],
    ["one about another certificate", pki.ocspResponse(other), /about another certificate/],
    ["one that says revoked", pki.ocspResponse(ec, "revoked"), /the certificate is revoked/],
    ["one that has expired", good, /expired on \d{4}-/, Date.now() + 2 * DAY],
    ["one of tomorrow", good, /holds from \d{4}-.* on only/, Date.now() - DAY],
  ];
  for (const [what, bytes, reason, now] of cases)
    test(what, () => {
      const path = pki.write(`refused-${cases.findIndex(([name]) => name === what)}.pem`, readFileSync(ec.pem, "utf8"));
      writeFileSync(`${path}.ocsp`, bytes);
      const staple = readStaple(path, leafOf(path), now);
      assert.ok(typeof staple === "string" && staple.startsWith(`${path}.ocsp: `), String(staple));
      assert.match(staple, reason);
    });

  test("a certificate without one has no staple", () => assert.equal(readStaple(ec.pem, leafOf(ec.pem)), undefined));
});

/** A TLS listener with these certificates. */
async function stage(t: TestContext, options: string) {
  const server = await serveHttp(t, (_, response) => response.end("ok"));
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `
listen web
    mode http
    bind 127.0.0.1:${port} ssl ${options}
    server s 127.0.0.1:${server.port}
`,
  );
  return { port, lines: proxy.lines };
}

/** What openssl s_client says of the staple. */
async function status(port: number, ...options: string[]): Promise<string> {
  const child = run("openssl", [
    ...["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "a.example", "-CAfile", pki.caFile],
    ...options,
  ]);
  child.child.stdin!.end();
  const { stdout } = await child;
  return /OCSP Response Status: (\w+)/.exec(stdout)?.[1] ?? /OCSP response: (no response sent)/.exec(stdout)?.[1] ?? "";
}

test("clients that ask get the response of the certificate that they are shown", async (t) => {
  const [first, second] = [ec, rsa].map((issued, index) => {
    const path = pki.write(`stapled-${index}.pem`, readFileSync(issued.pem, "utf8"));
    return { path, response: pki.ocspResponse(issued) };
  }) as [{ path: string; response: Buffer }, { path: string; response: Buffer }];
  writeFileSync(`${first.path}.ocsp`, first.response);
  const { port, lines } = await stage(t, `crt ${first.path} crt ${second.path} alpn http/1.1`);
  assert.equal(await status(port, "-status"), "successful");
  assert.equal(await status(port, "-status", "-tls1_2"), "successful");
  assert.equal(await status(port), "");
  // The RSA certificate has none, and must not be shown with its twin's.
  const onlyRsa = ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256", "-status"];
  assert.equal(await status(port, ...onlyRsa), "no response sent");
  const options = { port, host: "127.0.0.1", ca: pki.ca, servername: "a.example", requestOCSP: true };
  const socket = connect(options);
  const [response] = await once(socket, "OCSPResponse");
  assert.deepEqual(response, first.response);
  socket.destroy();
  assert.deepEqual(
    lines.filter((line) => /bug|ocsp/.test(line)),
    [],
  );
});

test("a bad response is a warning, and the certificate is served without", async (t) => {
  const path = pki.write("unstapled.pem", readFileSync(ec.pem, "utf8"));
  writeFileSync(`${path}.ocsp`, "nonsense");
  const { port, lines } = await stage(t, `crt ${path}`);
  assert.ok(
    lines.some((line) => line.includes(`${path}.ocsp: no successful OCSP response`)),
    lines.join("\n"),
  );
  assert.equal(await status(port, "-status"), "no response sent");
});
