import assert from "node:assert/strict";
import { test } from "node:test";
import { errorResponse, errorStatuses } from "../../src/proxy/error-pages.js";
import { Method, ResponseHead } from "../../src/proxy/http1/head.js";

test("503 has the words and headers of HAProxy's", () =>
  assert.equal(
    errorResponse(503, undefined).toString(),
    "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 107\r\ncache-control: no-cache\r\ncontent-type: text/html\r\n" +
      "connection: close\r\n\r\n<html><body><h1>503 Service Unavailable</h1>\n" +
      "No server is available to handle this request.\n</body></html>\n",
  ));

test("every page is a well-formed response whose length is right", () => {
  for (const status of errorStatuses) {
    const page = errorResponse(status, undefined);
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
  assert.equal(errorResponse(503, content).toString("utf8"), file);
});

test("a status without a page gets that of 500", () =>
  assert.match(errorResponse(599, undefined).toString(), /^HTTP\/1\.1 500 Internal Server Error\r\n/));
