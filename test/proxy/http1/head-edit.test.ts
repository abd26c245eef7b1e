import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Method, RequestHead, ResponseHead } from "../../../src/proxy/http1/head.js";
import { editRequest, editResponse } from "../../../src/proxy/http1/head-edit.js";
import { BufferPool, type ByteBuffer } from "../../../src/reactor/buffers.js";
import { bytesOf, fieldsOf } from "./support.js";

const pool = new BufferPool();
const ROOM = 64;

function bufferOf(text: string): ByteBuffer {
  const buffer = pool.take();
  buffer.clear(ROOM);
  buffer.bytes.set(bytesOf(text), ROOM);
  buffer.end += text.length;
  return buffer;
}

/** What is in the buffer, which goes back. */
function textOf(buffer: ByteBuffer): string {
  const text = Buffer.from(buffer.bytes.subarray(buffer.start, buffer.end)).toString("latin1");
  pool.give(buffer);
  return text;
}

function editedRequest(text: string, saysClose = false): string {
  const buffer = bufferOf(text);
  const head = new RequestHead();
  const length = head.parse(buffer.bytes, buffer.start, buffer.end);
  assert.ok(length > 0, `${length}`);
  editRequest(buffer, head, saysClose);
  return textOf(buffer);
}

function editedResponse(text: string, keepAlive = true, isOldClient = false): string {
  const buffer = bufferOf(text);
  const head = new ResponseHead();
  const length = head.parse(buffer.bytes, buffer.start, buffer.end, Method.GET);
  assert.ok(length > 0, `${length}`);
  editResponse(buffer, head, keepAlive, isOldClient);
  return textOf(buffer);
}

for (const [name, before, after] of [
  ["nothing to edit", "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\n\r\n"],
  [
    "Connection goes",
    "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nA: 1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\n\r\n",
  ],
  [
    "and what it names",
    "GET / HTTP/1.1\r\nX: 1\r\nHost: h\r\nConnection: x, TE\r\nTE: trailers\r\nY: 2\r\n\r\nbody",
    "GET / HTTP/1.1\r\nHost: h\r\nY: 2\r\n\r\nbody",
  ],
  [
    "but not what frames or routes the message",
    "POST / HTTP/1.1\r\nHost: h\r\nConnection: host, content-length, close\r\nContent-Length: 1\r\n\r\nb",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nb",
  ],
  [
    "Keep-Alive and Proxy-Connection go, named or not",
    "GET / HTTP/1.1\r\nKeep-Alive: 5\r\nHost: h\r\nProxy-Connection: keep-alive\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
  ],
  [
    "an upgrade is asked for, and nothing else that Connection names",
    "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: A\r\n\r\n",
    "GET / HTTP/1.1\r\nConnection: upgrade\r\nHost: h\r\nUpgrade: h2c\r\n\r\n",
  ],
  [
    "HTTP/1.0 keeps Connection, with which it asks to be kept",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
  ],
  [
    "a later 1.x goes on as 1.1, as which it has been read",
    "GET / HTTP/1.4\r\nHost: h\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
  ],
  [
    "what a client takes besides trailers goes (RFC 9110 §10.1.4)",
    "GET / HTTP/1.1\r\nTE: gzip, trailers\r\nHost: h\r\nte: Trailers\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nte: Trailers\r\n\r\n",
  ],
  ["empty lines before it go", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"],
] as const)
  test(`request: ${name}`, () => assert.equal(editedRequest(before), after));

for (const [name, before, after] of [
  ["HTTP/1.1", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\nConnection: close\r\nHost: h\r\n\r\n"],
  [
    "what the client wants of its own connection does not matter",
    "GET / HTTP/1.1\r\nConnection: keep-alive\r\nHost: h\r\n\r\n",
    "GET / HTTP/1.1\r\nConnection: close\r\nHost: h\r\n\r\n",
  ],
  ["HTTP/1.0 need not say it", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"],
  [
    "empty lines before it go",
    "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET / HTTP/1.1\r\nConnection: close\r\nHost: h\r\n\r\n",
  ],
] as const)
  test(`request to a server that will be closed: ${name}`, () => assert.equal(editedRequest(before, true), after));

for (const [name, before, [keepAlive, isOldClient], after] of [
  ["nothing to say", "HTTP/1.1 200 OK\r\nA: 1\r\n\r\n", [true, false], "HTTP/1.1 200 OK\r\nA: 1\r\n\r\n"],
  [
    "the server's close is not the client's",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\nA: 1\r\n\r\nx",
    [true, false],
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nA: 1\r\n\r\nx",
  ],
  [
    "the client's close is said",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\nx",
    [false, false],
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
  ],
  [
    "a close that is said already stays",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
    [false, false],
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
  ],
  [
    "an HTTP/1.0 client is told that it is kept",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
    [true, true],
    "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
  ],
  [
    "an HTTP/1.0 server's version becomes ours",
    "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
    [true, false],
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
  ],
  [
    "a later 1.x becomes ours",
    "HTTP/1.2 200 OK\r\nContent-Length: 1\r\n\r\nx",
    [true, false],
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
  ],
  [
    "of a length that is said twice one is left",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nA: 1\r\nContent-Length: 1\r\n\r\nx",
    [true, false],
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nA: 1\r\n\r\nx",
  ],
  [
    "a length that chunks override goes",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    [true, false],
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  [
    "fields of the hop go",
    "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nConnection: keep-alive, x\r\nX: 1\r\nContent-Length: 0\r\n\r\n",
    [true, false],
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
  ],
] as const)
  test(`response: ${name}`, () => assert.equal(editedResponse(before, keepAlive, isOldClient), after));

const value = fc.string({ unit: fc.constantFrom("a", "B", "7", " ", ",", ";", "=", "\t"), maxLength: 20 });
const field = fc.tuple(
  fc.constantFrom("A", "b-b", "X-Long-Name", "Keep-Alive", "Proxy-Connection", "TE", "Cookie", "x-hop", "Upgrade"),
  fc.oneof(value, fc.constant("trailers")),
);
const connection = fc.constantFrom("close", "keep-alive", "x-hop", "X-Hop, te", "a, keep-alive", "close, b-b");
const fields = fc.array(
  fc.oneof(
    { arbitrary: field, weight: 4 },
    connection.map((value): [string, string] => ["Connection", value]),
  ),
  { maxLength: 25 },
);
const lines = (fields: readonly (readonly [string, string])[]): string =>
  fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");

/** The fields that the next hop must get: by RFC 9110 §7.6.1 and §10.1.4, written down without looking at our code. */
function endToEnd(fields: readonly (readonly [string, string])[]): [string, string][] {
  const named = fields
    .filter(([name]) => name.toLowerCase() === "connection")
    .flatMap(([, value]) =>
      value
        .toLowerCase()
        .split(",")
        .map((word) => word.trim()),
    );
  const gone = new Set([...named, "connection", "keep-alive", "proxy-connection"]);
  return fields
    .filter(([name]) => !gone.has(name.toLowerCase()))
    .map(([name, value]): [string, string] => [name, value.replace(/^[ \t]+|[ \t]+$/g, "")])
    .filter(([name, value]) => name !== "TE" || value === "trailers");
}

test("an edited request reads as the same one without the fields of the hop; its body is untouched", () =>
  fc.assert(
    fc.property(fields, value, (fields, body) => {
      const all: [string, string][] = [["Host", "h"], ...fields, ["Content-Length", String(body.length)]];
      const text = editedRequest(`POST /target HTTP/1.1\r\n${lines(all)}\r\n${body}`);
      const bytes = bytesOf(text);
      const head = new RequestHead();
      const length = head.parse(bytes, 0, bytes.length);
      assert.ok(length > 0);
      assert.equal(text.slice(0, text.indexOf("\r\n")), "POST /target HTTP/1.1");
      assert.deepEqual(fieldsOf(head, bytes), endToEnd(all));
      assert.equal(text.slice(length), body);
    }),
    { numRuns: 500 },
  ));

test("an edited response reads as the same one, and says to the client what holds", () =>
  fc.assert(
    fc.property(fields, value, fc.boolean(), fc.boolean(), fc.nat(1), (fields, body, keepAlive, isOldClient, minor) => {
      const all: [string, string][] = [...fields, ["Content-Length", String(body.length)]];
      const text = editedResponse(`HTTP/1.${minor} 200 Fine\r\n${lines(all)}\r\n${body}`, keepAlive, isOldClient);
      const bytes = bytesOf(text);
      const head = new ResponseHead();
      const length = head.parse(bytes, 0, bytes.length, Method.GET);
      assert.ok(length > 0);
      assert.equal(text.slice(0, text.indexOf("\r\n")), "HTTP/1.1 200 Fine");
      const isConnection = ([name]: readonly [string, string]): boolean => name.toLowerCase() === "connection";
      const seen = fieldsOf(head, bytes);
      assert.deepEqual(
        seen.filter((field) => !isConnection(field)),
        endToEnd(all),
      );
      const said = seen.filter(isConnection).map(([, value]) => value.toLowerCase());
      if (!keepAlive) assert.ok(said.some((value) => value.includes("close")));
      else if (isOldClient) assert.ok(said.includes("keep-alive"));
      assert.equal(head.keepAlive, keepAlive);
      assert.equal(text.slice(length), body);
    }),
    { numRuns: 500 },
  ));
