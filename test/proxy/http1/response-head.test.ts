import assert from "node:assert/strict";
import { test } from "node:test";
import { HeadError, Method } from "../../../src/proxy/http1/head.js";
import { type HeadErrorCode, response } from "./support.js";

function parsed(text: string, method: number = Method.GET): Record<string, unknown> {
  const view = response(text, method);
  assert.ok(typeof view === "object", `refused with ${String(view)}`);
  return view;
}

test("RFC 9110 §3.9: a typical response", () => {
  const text =
    "HTTP/1.1 200 OK\r\nDate: Mon, 27 Jul 2009 12:28:53 GMT\r\nServer: Apache\r\n" +
    'ETag: "34aa387-d-1568eb00"\r\nContent-Length: 51\r\nVary: Accept-Encoding\r\n\r\n';
  const view = parsed(`${text}Hello World!`);
  assert.equal(view.length, text.length);
  assert.equal(view.status, 200);
  assert.equal(text.slice(view.reasonStart as number, view.reasonEnd as number), "OK");
  assert.equal(view.contentLength, 51);
  assert.equal(view.bodyless, false);
  assert.equal(view.untilClose, false);
  assert.equal(view.keepAlive, true);
});

// RFC 9112 §6.3, rules 1, 2 and 8.
for (const [status, method, fields, bodyless, untilClose] of [
  [100, Method.POST, "", true, false],
  [101, Method.GET, "Connection: upgrade\r\nUpgrade: websocket\r\n", true, false],
  [103, Method.GET, "Content-Length: 5\r\n", true, false],
  [204, Method.GET, "Content-Length: 5\r\n", true, false],
  [204, Method.GET, "Transfer-Encoding: chunked\r\n", true, false],
  [304, Method.GET, "Content-Length: 500\r\n", true, false],
  [200, Method.HEAD, "Content-Length: 500\r\n", true, false],
  [404, Method.HEAD, "Transfer-Encoding: chunked\r\n", true, false],
  [200, Method.CONNECT, "", true, false],
  [407, Method.CONNECT, "Content-Length: 5\r\n", false, false],
  [200, Method.GET, "Content-Length: 0\r\n", false, false],
  [200, Method.GET, "Transfer-Encoding: chunked\r\n", false, false],
  [200, Method.GET, "", false, true],
  [200, Method.GET, "Transfer-Encoding: gzip\r\n", false, true],
  [205, Method.GET, "", false, true],
] as const)
  test(`${status} to method ${method} with ${JSON.stringify(fields)}: ${bodyless ? "no body" : untilClose ? "until close" : "framed"}`, () => {
    const view = parsed(`HTTP/1.1 ${status} X\r\n${fields}\r\n`, method);
    assert.equal(view.bodyless, bodyless);
    assert.equal(view.untilClose, untilClose);
    if (untilClose) assert.equal(view.keepAlive, false);
  });

test("chunked wins over a length, which must not be forwarded (RFC 9112 §6.3)", () => {
  const view = parsed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
  assert.equal(view.chunked, true);
  assert.equal(view.contentLength, -1);
  assert.equal(view.lengthOverridden, true);
});

test("one length repeated is that length", () =>
  assert.equal(parsed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n").contentLength, 5));

for (const [line, reason] of [
  ["HTTP/1.1 200 ", ""],
  ["HTTP/1.1 200", ""],
  ["HTTP/1.0 200 OK", "OK"],
  ["HTTP/1.1 404 Not  \tFound", "Not  \tFound"],
  ["HTTP/1.1 200 Tr\xe8s bien", "Tr\xe8s bien"],
  ["HTTP/1.1 999 ?", "?"],
] as const)
  test(`${JSON.stringify(line)} has the reason ${JSON.stringify(reason)}`, () => {
    const view = parsed(`${line}\r\nContent-Length: 0\r\n\r\n`);
    assert.equal(line.slice(view.reasonStart as number, view.reasonEnd as number), reason);
    assert.equal(view.contentLength, 0);
  });

for (const [what, text, code] of [
  [
    "two lengths",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    HeadError.conflictingContentLength,
  ],
  ["a length list", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", HeadError.badContentLength],
  ["chunked with HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", HeadError.badTransferEncoding],
  ["chunked twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", HeadError.badTransferEncoding],
  ["HTTP/2", "HTTP/2 200 OK\r\n\r\n", HeadError.badVersion],
  ["no HTTP at all", "SSH-2.0-OpenSSH_9.2\r\n", HeadError.badVersion],
  ["an empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n", HeadError.badVersion],
  ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", HeadError.badStatus],
  ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", HeadError.badStatus],
  ["a status below 100", "HTTP/1.1 099 OK\r\n\r\n", HeadError.badStatus],
  ["two spaces", "HTTP/1.1  200 OK\r\n\r\n", HeadError.badStatus],
  ["no status", "HTTP/1.1\r\n\r\n", HeadError.badStatusLine],
  ["a NUL in the reason", "HTTP/1.1 200 O\0K\r\n\r\n", HeadError.badReason],
  ["a line feed alone", "HTTP/1.1 200 OK\nX: 1\r\n\r\n", HeadError.bareLineFeed],
  ["a folded field", "HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\n\r\n", HeadError.obsoleteFolding],
] as const satisfies readonly (readonly [string, string, HeadErrorCode])[])
  test(`${what} is refused`, () => assert.equal(response(text, Method.GET), code));

for (const [version, connection, keepAlive] of [
  ["1.1", "", true],
  ["1.1", "Connection: close\r\n", false],
  ["1.0", "", false],
  ["1.0", "Connection: keep-alive\r\n", true],
] as const)
  test(`HTTP/${version} with ${JSON.stringify(connection)} ${keepAlive ? "stays open" : "closes"}`, () =>
    assert.equal(parsed(`HTTP/${version} 200 OK\r\nContent-Length: 0\r\n${connection}\r\n`).keepAlive, keepAlive));
