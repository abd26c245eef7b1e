import assert from "node:assert/strict";
import { test } from "node:test";
import { FieldId, Method, NEED_MORE, RequestHead } from "../../../src/proxy/http1/head.js";
import { bytesOf, fieldsOf, request } from "./support.js";

function parsed(text: string): Record<string, unknown> {
  const view = request(text);
  assert.ok(typeof view === "object", `refused with ${String(view)}`);
  return view;
}

test("RFC 9110 §3.9: a typical request", () => {
  const text =
    "GET /hello.txt HTTP/1.1\r\nUser-Agent: curl/7.64.1\r\nHost: www.example.com\r\nAccept-Language: en, mi\r\n\r\n";
  const bytes = bytesOf(text);
  const head = new RequestHead();
  assert.equal(head.parse(bytes, 0, bytes.length), text.length);
  assert.equal(head.method, Method.GET);
  assert.equal(text.slice(head.methodStart, head.methodEnd), "GET");
  assert.equal(text.slice(head.targetStart, head.targetEnd), "/hello.txt");
  assert.equal(head.minor, 1);
  assert.deepEqual(fieldsOf(head, bytes), [
    ["User-Agent", "curl/7.64.1"],
    ["Host", "www.example.com"],
    ["Accept-Language", "en, mi"],
  ]);
  assert.equal(head.hostIndex, 1);
  assert.equal(head.contentLength, -1);
  assert.equal(head.chunked, false);
  assert.equal(head.keepAlive, true);
});

for (const [name, id] of Object.entries(Method).filter(([, id]) => id !== Method.OTHER))
  test(`${name} is known by its exact letters`, () => {
    const target = name === "CONNECT" ? "a.example:443" : "/";
    assert.equal(parsed(`${name} ${target} HTTP/1.1\r\nHost: a.example\r\n\r\n`).method, id);
    assert.equal(parsed(`${name.toLowerCase()} / HTTP/1.1\r\nHost: a.example\r\n\r\n`).method, Method.OTHER);
    assert.equal(parsed(`${name}X / HTTP/1.1\r\nHost: a.example\r\n\r\n`).method, Method.OTHER);
  });

for (const [key, id] of Object.entries(FieldId).filter(([, id]) => id !== FieldId.OTHER && id > FieldId.CONNECTION)) {
  const name = key.toLowerCase().replaceAll("_", "-");
  test(`${name} is known in any case, and nothing near it`, () => {
    const names = [name, name.toUpperCase(), `${name}x`, `x${name}`, name.slice(1), `${name.slice(0, -1)}~`];
    const view = parsed(`GET / HTTP/1.1\r\nHost: a\r\n${names.map((n) => `${n}: 1\r\n`).join("")}\r\n`);
    assert.deepEqual((view.ids as number[]).slice(1), [id, id, 0, 0, 0, 0]);
  });
}

test("a name with a letter's other bits is no known name", () => {
  // 0x0d | 0x20 is "-", 0x4f | 0x20 is "o": only the second is a letter that folds.
  assert.deepEqual(parsed("GET / HTTP/1.1\r\nhOsT: a\r\nContent_Length: 5\r\n\r\n").ids, [FieldId.HOST, FieldId.OTHER]);
});

test("whitespace around a value is not part of it, inside it is", () =>
  assert.deepEqual(parsed("GET / HTTP/1.1\r\nHost: \t a \t\r\nA:\r\nB: \r\nC:x \t y\r\n\r\n").fields, [
    ["Host", "a"],
    ["A", ""],
    ["B", ""],
    ["C", "x \t y"],
  ]));

test("bytes from 0x80 up are opaque in values (RFC 9110 §5.5)", () =>
  assert.deepEqual((parsed("GET / HTTP/1.1\r\nHost: a\r\nA: \xe9\xff\r\n\r\n").fields as string[][])[1], [
    "A",
    "\xe9\xff",
  ]));

test("what follows the head is left alone", () => {
  const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
  assert.equal(parsed(`${head}\0\r\nGET`).length, head.length);
});

test("a head may start anywhere in its buffer; offsets stay absolute", () => {
  const bytes = bytesOf(`junk\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\nrest`);
  const head = new RequestHead();
  assert.equal(head.parse(bytes, 8, bytes.length), bytes.length - 8 - 4);
  assert.equal(head.targetStart, 12);
  assert.equal(head.length, bytes.length - 12);
});

test("empty lines before a request are skipped and counted (RFC 9112 §2.2)", () => {
  const head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const view = parsed(`\r\n\r\n${head}`);
  assert.equal(view.skipped, 4);
  assert.equal(view.methodStart, 4);
  assert.equal(view.length, 4 + head.length);
});

for (const version of ["1.2", "1.9"])
  test(`HTTP/${version} is read as HTTP/1.1 (RFC 9110 §2.5)`, () =>
    assert.equal(parsed(`GET / HTTP/${version}\r\nHost: a\r\n\r\n`).minor, 1));

for (const [target, host] of [
  ["http://a/", "A:80"],
  ["https://a:443/", "a"],
  ["http://a:443/", "a:443"],
])
  test(`${target} and Host ${host} are the same (RFC 9110 §4.2.3)`, () => {
    parsed(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  });

for (const [version, connection, keepAlive] of [
  ["1.1", undefined, true],
  ["1.1", "close", false],
  ["1.1", "CLOSE", false],
  ["1.1", "keep-alive, close", false],
  ["1.1", "close, keep-alive", false],
  ["1.1", "foo, close ,bar", false],
  ["1.1", "keep-alive", true],
  ["1.1", "closed", true],
  ["1.1", "clos\u00e5", true],
  ["1.0", undefined, false],
  ["1.0", "keep-alive", true],
  ["1.0", "Keep-Alive", true],
  ["1.0", ",, keep-alive", true],
  ["1.0", "keep-alive, close", false],
] as const)
  test(`HTTP/${version} with Connection ${connection ?? "absent"} ${keepAlive ? "stays open" : "closes"}`, () => {
    const line = connection === undefined ? "" : `Connection: ${connection}\r\n`;
    assert.equal(parsed(`GET / HTTP/${version}\r\nHost: a\r\n${line}\r\n`).keepAlive, keepAlive);
  });

test("Connection counts over several lines", () => {
  const view = parsed("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n");
  assert.equal(view.keepAlive, false);
});

test("fields that Connection names are private to the hop; those that frame or route are not believed to be", () => {
  const text =
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Hop, close, HOST, content-length\r\nx-hop: 1\r\nX-Hop2: 1\r\nContent-Length: 0\r\n\r\n";
  const bytes = bytesOf(text);
  const head = new RequestHead();
  head.parse(bytes, 0, bytes.length);
  assert.equal(head.hasPrivateHops, true);
  assert.deepEqual(
    Array.from({ length: head.fieldCount }, (_, index) => head.isPrivateHop(bytes, index)),
    [false, false, true, false, false],
  );
  assert.equal(
    parsed("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade, TE\r\n\r\n").hasPrivateHops,
    false,
  );
});

for (const [version, fields, upgrade] of [
  ["1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\n", true],
  ["1.1", "Upgrade: websocket\r\nConnection: keep-alive, upgrade\r\n", true],
  ["1.1", "Upgrade: websocket\r\n", false],
  ["1.1", "Connection: upgrade\r\n", false],
  ["1.0", "Connection: Upgrade\r\nUpgrade: websocket\r\n", false],
] as const)
  test(`HTTP/${version} with ${JSON.stringify(fields)} is ${upgrade ? "an" : "no"} upgrade (RFC 9110 §7.8)`, () =>
    assert.equal(parsed(`GET / HTTP/${version}\r\nHost: a\r\n${fields}\r\n`).upgrade, upgrade));

test("Expect: 100-continue counts from HTTP/1.1 on (RFC 9110 §10.1.1)", () => {
  assert.equal(parsed("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n").expectContinue, true);
  assert.equal(parsed("PUT / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\n\r\n").expectContinue, false);
  assert.equal(parsed("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n").expectContinue, false);
});

test("100 fields are the most, and the first line: HAProxy's tune.http.maxhdr is 101", () => {
  const fields = (count: number) => `Host: a\r\n${"A: b\r\n".repeat(count - 1)}`;
  assert.equal((parsed(`GET / HTTP/1.1\r\n${fields(100)}\r\n`).fields as unknown[]).length, 100);
  assert.equal(typeof request(`GET / HTTP/1.1\r\n${fields(101)}\r\n`), "number");
  const head = new RequestHead(4);
  const bytes = bytesOf(`GET / HTTP/1.1\r\n${fields(4)}\r\n`);
  assert.equal(head.parse(bytes, 0, bytes.length), bytes.length);
  assert.equal(head.fieldIds.length, 4);
});

test("fed byte by byte, each byte is read a bounded number of times, however long the lines", () => {
  const bytes = bytesOf(
    `GET /${"t".repeat(3000)} HTTP/1.1\r\nHost: a\r\nCookie: ${"c".repeat(5000)}\r\n${"N".repeat(2000)}: v\r\n\r\n`,
  );
  let reads = 0;
  const counted = new Proxy(bytes, {
    get(target, key) {
      if (typeof key === "string" && /^\d+$/.test(key)) reads += 1;
      return Reflect.get(target, key, target);
    },
  });
  const head = new RequestHead();
  let result = NEED_MORE as number;
  for (let end = 1; end <= bytes.length; end += 1) result = head.parse(counted, 0, end);
  assert.equal(result, bytes.length);
  assert.ok(reads < 6 * bytes.length, `${reads} reads of ${bytes.length} bytes`);
});
