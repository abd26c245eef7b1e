/** What PROXY headers of version 2 tell of a client's TLS; HAProxy, in the same place, tells the same. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { type ConnectionOptions, connect } from "node:tls";
import { eventually } from "../support/eventually.js";
import { freePort, runProxy } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { recorder } from "../support/records.js";
import { needsRootAnd } from "../support/root.js";
import { Pki } from "./tls/pki.js";

const pki = new Pki();
const site = pki.issue(["a.example"]);
const rsa = pki.issue(["a.example"], "rsa");
const alice = pki.issue(["alice"]);

const NAMES: Readonly<Record<number, string>> = {
  1: "alpn",
  2: "authority",
  3: "crc32c",
  32: "ssl",
  33: "version",
  34: "cn",
  35: "cipher",
  36: "signature",
  37: "key",
};

/** TLVs as texts by name; those of `ssl` among them, its flags and result as hexadecimal. */
function tlvs(bytes: Buffer): Record<string, string> {
  const found: Record<string, string> = {};
  for (let at = 0; at < bytes.length; ) {
    const [name, length] = [NAMES[bytes[at]!] ?? `type ${bytes[at]}`, bytes.readUInt16BE(at + 1)];
    const value = bytes.subarray(at + 3, at + 3 + length);
    found[name] = name === "ssl" ? value.toString("hex", 0, 5) : value.toString("latin1");
    if (name === "ssl") Object.assign(found, tlvs(value.subarray(5)));
    if (name === "crc32c") found[name] = `${length} bytes`;
    at += 3 + length;
  }
  return found;
}

/** The TLVs of an IPv4 header at the start of what a server got. */
function tlvsOf(received: string): Record<string, string> {
  const bytes = Buffer.from(received, "latin1");
  return tlvs(bytes.subarray(28, 16 + bytes.readUInt16BE(14)));
}

const isWhole = (text: string | undefined): boolean =>
  text !== undefined && text.length >= 16 && text.length >= 16 + Buffer.from(text, "latin1").readUInt16BE(14);

interface Place {
  readonly port: number;
  readonly received: string[];
}

const listen = (port: number, server: number, bind: string, options: string): string => `
listen in
    mode tcp
    bind 127.0.0.1:${port} ${bind}
    server s 127.0.0.1:${server} ${options}
`;

async function throughBascule(t: TestContext, bind: string, options: string): Promise<Place> {
  const { port: server, received } = await recorder(t);
  const port = await freePort();
  await runProxy(t, listen(port, server, bind, options));
  return { port, received };
}

async function throughHaproxy(t: TestContext, bind: string, options: string): Promise<Place> {
  const { port: server, received } = await recorder(t);
  const port = await freePort();
  const file = `${pki.folder}/haproxy-${port}.cfg`;
  const times = "defaults\n    timeout client 5s\n    timeout server 5s\n    timeout connect 5s\n";
  writeFileSync(file, times + listen(port, server, bind, options));
  const haproxy = spawn("haproxy", ["-db", "-f", file], { stdio: "ignore" });
  t.after(() => haproxy.kill("SIGKILL"));
  const answers = () => RawClient.connect(port).then((client) => client.close());
  await eventually(() => answers().then(() => true), true);
  received.length = 0;
  return { port, received };
}

/** What one TLS client makes the proxy tell. */
async function tell({ port, received }: Place, options: ConnectionOptions): Promise<Record<string, string>> {
  received.length = 0;
  const socket = connect({ port, host: "127.0.0.1", ca: pki.ca, servername: "a.example", ...options });
  await once(socket, "secureConnect");
  socket.write("hello");
  const text = await eventually(() => received.at(-1), isWhole);
  socket.destroy();
  return tlvsOf(text!);
}

const BIND = `ssl crt ${site.pem} alpn h2,http/1.1 verify optional ca-file ${pki.caFile}`;
const ALL = "send-proxy-v2-ssl-cn proxy-v2-options ssl-cipher,cert-sig,cert-key,authority,crc32c";
const known = { cert: readFileSync(alice.certificate), key: readFileSync(alice.key) };
const CLIENTS: readonly (readonly [what: string, options: ConnectionOptions, expected: Record<string, string>])[] = [
  [
    "TLS 1.3",
    { ALPNProtocols: ["http/1.1"] },
    {
      ...{ alpn: "http/1.1", authority: "a.example", crc32c: "4 bytes", ssl: "0100000000", version: "TLSv1.3" },
      ...{ cipher: "TLS_AES_256_GCM_SHA384", signature: "ecdsa-with-SHA256", key: "EC256" },
    },
  ],
  [
    "TLS 1.2 with a certificate",
    { maxVersion: "TLSv1.2", ...known },
    {
      ...{ authority: "a.example", crc32c: "4 bytes", ssl: "0700000000", version: "TLSv1.2", cn: "alice" },
      ...{ cipher: "ECDHE-ECDSA-AES256-GCM-SHA384", signature: "ecdsa-with-SHA256", key: "EC256" },
    },
  ],
];

for (const [what, options, expected] of CLIENTS)
  test(`a client of ${what}`, async (t) => {
    assert.deepEqual(await tell(await throughBascule(t, BIND, ALL), options), expected);
  });

for (const [what, options, expected] of CLIENTS)
  test(`a client of ${what}, told by HAProxy`, { skip: needsRootAnd("haproxy") }, async (t) => {
    assert.deepEqual(await tell(await throughHaproxy(t, BIND, ALL), options), expected);
  });

test("only what was asked for is told; the key and signature are those of the certificate shown", async (t) => {
  const bind = `ssl crt ${rsa.pem}`;
  const client = { maxVersion: "TLSv1.2" } as const;
  const of = async (options: string) => Object.keys(await tell(await throughBascule(t, bind, options), client));
  assert.deepEqual(await of("send-proxy-v2"), []);
  assert.deepEqual(await of("send-proxy-v2-ssl"), ["ssl", "version"]);
  assert.deepEqual(await of("send-proxy-v2 proxy-v2-options authority"), ["authority"]);
  const place = await throughBascule(t, bind, "send-proxy-v2 proxy-v2-options cert-key,cert-sig");
  const { key, signature } = await tell(place, client);
  assert.deepEqual([key, signature], ["RSA2048", "ecdsa-with-SHA256"]);
});

test("a session that is taken up tells that its certificate was shown earlier", async (t) => {
  const place = await throughBascule(t, BIND, "send-proxy-v2-ssl-cn");
  const older: ConnectionOptions = { maxVersion: "TLSv1.2", ...known };
  const socket = connect({ port: place.port, host: "127.0.0.1", ca: pki.ca, servername: "a.example", ...older });
  await once(socket, "secureConnect");
  const session = socket.getSession()!;
  await eventually(() => place.received.at(-1), isWhole);
  socket.destroy();
  const { ssl, cn } = await tell(place, { ...older, session });
  assert.deepEqual([ssl, cn], ["0500000000", "alice"]);
});

test("of a client without TLS it is told that there is none", async (t) => {
  const { port, received } = await throughBascule(t, "", "send-proxy-v2-ssl-cn");
  const client = await RawClient.connect(port);
  await eventually(() => received.at(-1), isWhole);
  assert.deepEqual(tlvsOf(received.at(-1)!), { ssl: "0000000000" });
  client.close();
});
