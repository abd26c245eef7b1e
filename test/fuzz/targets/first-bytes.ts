/** What may stand at the beginning of a connection: a PROXY header, a ClientHello. */
import assert from "node:assert/strict";
import { decodeProxyHeader, encodeV1, encodeV2, type ProxiedConnection } from "../../../src/proxy/proxy-protocol.js";
import { parseClientHello } from "../../../src/proxy/tls/client-hello.js";
import { latin1, type Target } from "../target.js";

const V4: ProxiedConnection = {
  source: { address: "192.0.2.1", port: 56_324 },
  destination: { address: "192.0.2.2", port: 443 },
};
const V6: ProxiedConnection = {
  source: { address: "2001:db8::1", port: 1 },
  destination: { address: "::ffff:1.2.3.4", port: 65_535 },
};

/**
 * However much has come, the verdict is the last one's or "not yet"; so one that was given early holds.
 * @param step looks at each prefix of a short input, at some of a long one
 */
function assertSteady<T>(input: Buffer, verdict: (length: number) => T, isOpen: (verdict: T) => boolean): T {
  const last = verdict(input.length);
  const step = Math.max(1, Math.floor(input.length / 300));
  for (let length = 0; length < input.length; length += step) {
    const early = verdict(length);
    if (!isOpen(early)) assert.deepEqual(early, last, `the verdict on ${length} bytes holds for all`);
  }
  return last;
}

function runProxyHeader(input: Buffer): void {
  const decoded = assertSteady(
    input,
    (length) => decodeProxyHeader(input, length),
    ({ kind }) => kind === "incomplete",
  );
  if (decoded.kind !== "complete") return;
  assert.ok(decoded.length > 0 && decoded.length <= input.length);
  const { version, length, proxied } = decoded;
  assert.deepEqual(decodeProxyHeader(input.subarray(0, length)), decoded, "what follows the header does not matter");
  const again = version === 1 ? encodeV1(proxied) : encodeV2(proxied);
  const back = decodeProxyHeader(again);
  assert.ok(back.kind === "complete" && back.length === again.length);
  if (version === 2) assert.deepEqual(back.proxied, proxied, "we read what we write");
}

function runClientHello(input: Buffer): void {
  const hello = assertSteady(
    input,
    (length) => parseClientHello(input, length),
    (verdict) => verdict === "incomplete",
  );
  if (typeof hello === "string") return;
  assert.ok(hello.serverName === undefined || hello.serverName === hello.serverName.toLowerCase());
}

const vector = (size: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const length = Buffer.alloc(size);
  length.writeUIntBE(body.length, 0, size);
  return Buffer.concat([length, body]);
};
const extension = (type: number, body: Uint8Array): Buffer => Buffer.concat([Buffer.of(0, type), vector(2, body)]);
const text = (value: string): Buffer => Buffer.from(value, "latin1");

function helloOf(extensions: readonly Buffer[] | undefined): Buffer {
  const body = [Buffer.alloc(34, 3), vector(1, Buffer.alloc(32)), vector(2, Buffer.alloc(4)), vector(1, Buffer.of(0))];
  if (extensions !== undefined) body.push(vector(2, ...extensions));
  return Buffer.concat([Buffer.of(1), vector(3, ...body)]);
}
const record = (payload: Uint8Array): Buffer => Buffer.concat([Buffer.of(22, 3, 1), vector(2, payload)]);
const SERVER_NAME = extension(0, vector(2, Buffer.of(0), vector(2, text("www.Example.org"))));
const ALPN = extension(16, vector(2, vector(1, text("h2")), vector(1, text("http/1.1"))));
const HELLO = helloOf([SERVER_NAME, ALPN, extension(43, Buffer.of(2, 3, 4))]);

export const firstBytesTargets: readonly Target[] = [
  {
    name: "proxy-header",
    corpus: [
      ...latin1("PROXY UNKNOWN\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 65535\r\nGET /"),
      encodeV1(V4),
      encodeV1(V6),
      encodeV2(V4),
      encodeV2(V6),
      encodeV2(undefined),
      encodeV2(V4, { tlvs: [{ type: 1, value: text("h2") }], crc32c: true }),
    ],
    dictionary: latin1(
      ..."PROXY |TCP4|TCP6|UNKNOWN|\r\n|0.0.0.0|255.255.255.255|::|65536|00|\x21\x11|\x20\x00|\x03\0\x04".split("|"),
    ),
    run: runProxyHeader,
  },
  {
    name: "client-hello",
    corpus: [
      record(HELLO),
      record(helloOf(undefined)),
      record(helloOf([])),
      Buffer.concat([record(HELLO.subarray(0, 10)), record(HELLO.subarray(10, 60)), record(HELLO.subarray(60))]),
      Buffer.concat(Array.from(HELLO, (byte) => record(Buffer.of(byte)))),
    ],
    dictionary: [
      SERVER_NAME,
      ALPN,
      Buffer.of(22, 3, 1, 0, 1),
      Buffer.of(0x40, 0),
      Buffer.of(22, 3, 3),
      Buffer.of(1, 0, 0x40, 0),
    ],
    run: runClientHello,
  },
];
