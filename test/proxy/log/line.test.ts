import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BAD_REQUEST,
  connectLogLine,
  escapeRequest,
  type HttpRecord,
  httpLogLine,
  logDate,
  MAX_REQUEST_LINE,
  NO_SERVER,
  tcpLogLine,
} from "../../../src/proxy/log/line.js";

process.env.TZ = "UTC";

const exchange: HttpRecord = {
  clientAddress: "10.0.1.2",
  clientPort: 33317,
  frontendAddress: "10.0.3.31",
  frontendPort: 8012,
  date: Date.UTC(2009, 1, 6, 12, 14, 14, 655),
  frontendName: "http-in",
  backendName: "static",
  serverName: "srv1",
  requestTime: 10,
  queueTime: 0,
  connectTime: 30,
  responseTime: 69,
  totalTime: 109,
  status: 200,
  bytes: 2750,
  terminationState: "----",
  processConnections: 1,
  frontendConnections: 1,
  backendConnections: 1,
  serverConnections: 1,
  retries: 0,
  redispatched: false,
  serverQueue: 0,
  backendQueue: 0,
  requestLine: "GET /index.html HTTP/1.1",
};

// Chapter 8.2.3 of HAProxy's configuration manual, without its captured headers and cookie.
test("option httplog", () =>
  assert.equal(
    httpLogLine(exchange),
    '10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /index.html HTTP/1.1"',
  ));

// Chapter 8.2.2.
test("option tcplog", () =>
  assert.equal(
    tcpLogLine({
      ...exchange,
      clientPort: 33313,
      date: Date.UTC(2009, 1, 6, 12, 12, 51, 443),
      frontendName: "fnt",
      backendName: "bck",
      connectTime: 0,
      totalTime: 5007,
      bytes: 212,
      terminationState: "--",
      processConnections: 0,
      frontendConnections: 0,
      backendConnections: 0,
      serverConnections: 0,
      retries: 3,
    }),
    "10.0.1.2:33313 [06/Feb/2009:12:12:51.443] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0",
  ));

// Chapter 8.2.1.
for (const mode of ["tcp", "http"] as const)
  test(`the default line of a ${mode} frontend`, () =>
    assert.equal(
      connectLogLine({ ...exchange, clientPort: 33312, frontendName: "www" }, mode),
      `Connect from 10.0.1.2:33312 to 10.0.3.31:8012 (www/${mode.toUpperCase()})`,
    ));

// As HAProxy 2.6 wrote it.
test("a request that could not be read keeps its angle brackets and names the frontend twice", () =>
  assert.equal(
    httpLogLine({
      ...exchange,
      clientAddress: "127.0.0.1",
      clientPort: 50088,
      date: Date.UTC(2026, 10, 21, 3, 38, 52, 212),
      frontendName: "n",
      backendName: "n",
      serverName: NO_SERVER,
      requestTime: -1,
      queueTime: -1,
      connectTime: -1,
      responseTime: -1,
      totalTime: 0,
      status: 400,
      bytes: 0,
      terminationState: "PR--",
      backendConnections: 0,
      serverConnections: 0,
      requestLine: BAD_REQUEST,
    }),
    '127.0.0.1:50088 [21/Nov/2026:03:38:52.212] n n/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>"',
  ));

test("a redispatch shows as a plus before the retries, queues come last", () => {
  const line = tcpLogLine({ ...exchange, retries: 3, redispatched: true, serverQueue: 7, backendQueue: 11 });
  assert.match(line, / 1\/1\/1\/1\/\+3 7\/11$/);
});

for (const [raw, logged] of [
  ['GET /a"b HTTP/1.1', "GET /a#22b HTTP/1.1"],
  ["GET /#top", "GET /#23top"],
  ["GET /\r\n\0\t\x1b[2J", "GET /#0D#0A#00#09#1B[2J"],
  ["GET /\xe9\xff\x7f", "GET /#E9#FF#7F"],
  ["GET /{a|b}~ ", "GET /{a|b}~ "],
] as const)
  test(`${JSON.stringify(raw)} is logged as ${logged}`, () => assert.equal(escapeRequest(raw), logged));

test("a request line is cut before it is escaped, as HAProxy's 1024 byte capture is", () => {
  const line = httpLogLine({ ...exchange, requestLine: `GET /${"y".repeat(3000)}` });
  assert.ok(line.endsWith(`"GET /${"y".repeat(MAX_REQUEST_LINE - 5)}"`));
});

test("dates are local and keep their milliseconds through a second", () => {
  const noon = Date.UTC(2026, 11, 1, 12, 0, 0);
  assert.equal(logDate(noon), "01/Dec/2026:12:00:00.000");
  assert.equal(logDate(noon + 7), "01/Dec/2026:12:00:00.007");
  assert.equal(logDate(noon + 999.9), "01/Dec/2026:12:00:00.999");
  assert.equal(logDate(noon + 1000), "01/Dec/2026:12:00:01.000");
  assert.equal(logDate(noon + 12), "01/Dec/2026:12:00:00.012");
});
