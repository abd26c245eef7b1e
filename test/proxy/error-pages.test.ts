import assert from "node:assert/strict";
import { test } from "node:test";
import { builtInPage, errorStatuses, pageOfFile } from "../../src/proxy/error-pages.js";
import { Method, ResponseHead } from "../../src/proxy/http1/head.js";

test("503 has the words and headers of HAProxy's", () =>
  assert.equal(
    Buffer.from(builtInPage(503).closing).toString(),
    "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 107\r\ncache-control: no-cache\r\ncontent-type: text/html\r\n" +
      "connection: close\r\n\r\n<html><body><h1>503 Service Unavailable</h1>\n" +
      "No server is available to handle this request.\n</body></html>\n",
  ));

test("every page is a well-formed response whose length is right", () => {
  for (const status of errorStatuses) {
    const page = builtInPage(status).closing;
    const head = new ResponseHead();
    const length = head.parse(page, 0, page.length, Method.GET);
    assert.ok(length > 0, `${status}: ${length}`);
    assert.equal(head.status, status);
    assert.equal(head.contentLength, page.length - length);
    assert.equal(head.keepAlive, false);
  }
});

test("the statuses that haproxy.cfg's errorfile knows have pages", () => {
  for (const status of [200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 425, 429, 431, 500, 501, 502, 503, 504])
    assert.ok(errorStatuses.includes(status), `${status}`);
});

test("an errorfile goes out as it is, even without carriage returns", () => {
  const file = "HTTP/1.0 503 Sorry\nContent-Type: text/plain\n\nBack soon – honest\n";
  // Files are read one character a byte, whatever their encoding.
  const content = Buffer.from(file, "utf8").toString("latin1");
  assert.equal(Buffer.from(pageOfFile(content).closing).toString("utf8"), file);
});

test("a status without a page gets that of 500", () =>
  assert.match(Buffer.from(builtInPage(599).closing).toString(), /^HTTP\/1\.1 500 Internal Server Error\r\n/));

const keeping = (content: string): string | undefined => {
  const page = pageOfFile(content).keeping;
  return page === undefined ? undefined : Buffer.from(page).toString("latin1");
};

test("a page with its length is sent without its Connection field where the connection goes on", () => {
  const fields = "Connection: close\r\nContent-Length: 2\r\nKeep-Alive: 1\r\nA: b\r\n\r\nno";
  assert.equal(keeping(`HTTP/1.0 503 X\r\n${fields}`), "HTTP/1.1 503 X\r\nContent-Length: 2\r\nA: b\r\n\r\nno");
  assert.equal(pageOfFile(`HTTP/1.0 503 X\r\n${fields}`).headLength, 43);
});

for (const [name, fields] of [
  ["no length", ""],
  ["a wrong length", "Content-Length: 3\r\n"],
  ["two lengths", "Content-Length: 2\r\nContent-Length: 2\r\n"],
  ["a transfer coding", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"],
] as const)
  test(`a page with ${name} always ends its connection`, () =>
    assert.equal(keeping(`HTTP/1.1 503 X\r\n${fields}\r\nno`), undefined));
