/** Every `timeout …` of a proxy, and what becomes of requests whose servers fail: retries, redispatch, retry-on, abortonclose. */
import type { Socket } from "node:net";
import { eventually } from "../../support/eventually.js";
import type { RawClient } from "../../support/raw-client.js";
import { answerEach, OK, type Scenario, type World } from "./side-by-side.js";

const GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
const SOON = "500ms";
const LATER = "1s";

const sends = (text: string) => (client: RawClient) => client.send(text);
/** What is said to it once its time is over. */
const hears = (text: string) => async (client: RawClient, world: World) => {
  client.send("hello");
  await client.untilClosed();
  world.note(client.text === text ? text : `${client.text} and not ${text}`);
};
const answersEnd: Scenario["server"] = (socket) => void socket.on("end", () => socket.end("late"));
const silent = (): void => {};
/** On the first connection it does this, on later ones it answers. */
const first =
  (does: (socket: Socket) => void): NonNullable<Scenario["server"]> =>
  (socket, index) => {
    if (index > 0) answerEach(socket);
    else socket.once("data", () => does(socket));
  };
const says =
  (text: string): NonNullable<Scenario["server"]> =>
  (socket) => {
    socket.once("data", () => socket.write(text));
    socket.on("end", () => socket.end());
  };

const HALF = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
const CHUNKED_HALF = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf";
const UNAVAILABLE = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
const UPGRADE = "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
const SWITCHED = "HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";

const http = (name: string, lines: string, client: Scenario["client"], server?: Scenario["server"]): Scenario => ({
  name,
  lines: `${lines}\nserver s SERVER`,
  client,
  ...(server === undefined ? {} : { server }),
});
const tcp: typeof http = (name, lines, client, server) =>
  http(name, `mode tcp\noption tcplog\n${lines}`, client, server);

export const TIMEOUTS: readonly Scenario[] = [
  http("http-request-none", `timeout http-request ${SOON}`, silent),
  http("http-request-part", `timeout http-request ${SOON}`, sends("GET / HT")),
  { ...http("http-request-later", `timeout http-request ${SOON}`, sends(`${GET}GET /`)), logLines: 2 },
  http("client-head", `timeout client ${SOON}`, sends("GET / HT")),
  http("keep-alive", `timeout http-keep-alive ${SOON}`, sends(GET)),
  http("keep-alive-falls-back", `no option dontlognull\ntimeout http-request ${SOON}`, sends(GET)),
  http("server-silent", `timeout server ${SOON}`, sends(GET), silent),
  http("server-in-head", `timeout server ${SOON}`, sends(GET), says("HTTP/1.1 200 OK\r\nCont")),
  http("server-in-body", `timeout server ${SOON}`, sends(GET), says(HALF)),
  http("server-in-chunk", `timeout server ${SOON}`, sends(GET), says(CHUNKED_HALF)),
  http("tunnel", `timeout tunnel ${SOON}`, sends(UPGRADE), says(SWITCHED)),
  http("tunnel-server", `timeout server ${SOON}`, sends(UPGRADE), says(SWITCHED)),
  http("tunnel-client", `timeout client ${SOON}`, sends(UPGRADE), says(SWITCHED)),
  // Who is late is listened to no more; the other one has its own time.
  tcp("tcp-client-late", `timeout client ${SOON}`, hears("late"), answersEnd),
  tcp("tcp-client-late-tunnel", `timeout client ${SOON}\ntimeout server ${LATER}`, hears("late"), answersEnd),
  tcp("tcp-client-late-fin", `timeout client ${SOON}\ntimeout server-fin ${SOON}`, sends("hello"), silent),
  tcp(
    "tcp-server-late",
    `timeout server ${SOON}`,
    async (client, world) => {
      client.send("hello");
      await client.untilClosed();
      client.send(", late");
      await eventually(world.heard, "hello, late").catch(() => {});
      world.note(world.heard());
      client.finish();
    },
    silent,
  ),
  tcp("tcp-server-late-fin", `timeout server ${SOON}\ntimeout client-fin ${SOON}`, sends("hello"), silent),
  {
    ...http("tunnel-client-late", `timeout client ${SOON}\ntimeout server ${LATER}`, async (client, world) => {
      client.send(UPGRADE);
      world.note((await client.untilClosed()).split("\r\n\r\n")[1] ?? "");
    }),
    server: (socket) => {
      socket.once("data", () => socket.write(SWITCHED));
      socket.on("end", () => socket.end("late"));
    },
  },
  tcp("tcp-client", `timeout client ${SOON}\ntimeout server ${LATER}`, sends("hello"), silent),
  tcp("tcp-server", `timeout server ${SOON}\ntimeout client ${LATER}`, sends("hello"), silent),
  tcp("tcp-tunnel", `timeout tunnel ${SOON}`, sends("hello"), silent),
  tcp("tcp-client-fin", `timeout client-fin ${SOON}\ntimeout server ${LATER}`, (client) => client.finish(), silent),
  tcp("tcp-server-fin", `timeout server-fin ${SOON}`, (client) => client.finish(), silent),
  tcp("tcp-client-fin-of-server", `timeout client-fin ${SOON}`, sends("hello"), (socket) => socket.end("bye")),
  tcp("tcp-server-fin-of-server", `timeout server-fin ${SOON}\ntimeout client ${LATER}`, sends("hello"), (socket) =>
    socket.end("bye"),
  ),
  {
    ...http("queue", `timeout queue ${SOON}\nretries 0`, sends(GET)),
    lines: `timeout queue ${SOON}\nserver s SERVER maxconn 1`,
    server: silent,
    client: async (client, world) => {
      const holder = await world.connect();
      holder.send(GET);
      await eventually(world.accepted, 1);
      client.send(GET);
      await client.until((text) => text.includes("503"));
      holder.reset();
    },
  },
];

export const FAILURES: readonly Scenario[] = [
  { name: "refused", lines: "retries 1\nserver s 127.0.0.1:1", client: sends(GET) },
  {
    name: "redispatched",
    lines: "retries 1\noption redispatch 1\nserver dead 127.0.0.1:1\nserver s SERVER",
    client: sends(GET),
  },
  http(
    "server-closes",
    "",
    sends(POST),
    first((socket) => void socket.end()),
  ),
  http(
    "server-resets",
    "",
    sends(POST),
    first((socket) => void socket.resetAndDestroy()),
  ),
  http(
    "server-junk",
    "",
    sends(POST),
    first((socket) => void socket.end("220 mail\r\n")),
  ),
  http(
    "server-closes-in-body",
    "",
    sends(GET),
    first((socket) => void socket.end(HALF)),
  ),
  http(
    "server-closes-in-chunk",
    "",
    sends(GET),
    first((socket) => void socket.end(CHUNKED_HALF)),
  ),
  {
    ...http(
      "server-closes-in-chunk-of-old-client",
      "",
      sends(GET.replace("1.1", "1.0")),
      first((socket) => void socket.end(CHUNKED_HALF)),
    ),
    endsOtherwise: "it gets no chunks, and we reset its connection, lest it takes what has come for the whole",
  },
  http(
    "retry-on-empty-response",
    "retry-on empty-response",
    sends(POST),
    first((socket) => void socket.end()),
  ),
  http(
    "retry-on-reset",
    "retry-on empty-response",
    sends(POST),
    first((socket) => void socket.resetAndDestroy()),
  ),
  http(
    "retry-on-junk-response",
    "retry-on junk-response",
    sends(POST),
    first((socket) => void socket.end("220 mail\r\n")),
  ),
  http("retry-on-response-timeout", `retry-on response-timeout\ntimeout server ${SOON}`, sends(POST), first(silent)),
  http(
    "retry-on-503",
    "retry-on 503",
    sends(POST),
    first((socket) => void socket.end(UNAVAILABLE)),
  ),
  http(
    "retry-on-another",
    "retry-on 500",
    sends(POST),
    first((socket) => void socket.end(UNAVAILABLE)),
  ),
  http(
    "retry-on-none",
    "retry-on none",
    sends(POST),
    first((socket) => void socket.end()),
  ),
  http(
    "aborted",
    "option abortonclose",
    async (client, world) => {
      client.send(GET);
      await eventually(world.accepted, 1);
      client.finish();
    },
    silent,
  ),
  http(
    "half-closed",
    "",
    async (client) => {
      client.send(GET.replace("Host", "Connection: close\r\nHost"));
      client.finish();
    },
    (socket) => void socket.once("data", () => setTimeout(() => socket.end(OK), 200)),
  ),
];

/** How many connections a server gets for two clients' two requests each. */
export const REUSE: readonly Scenario[] = ["never", "safe", "aggressive", "always"].map((mode) => ({
  name: `reuse-${mode}`,
  lines: `http-reuse ${mode}\nserver s SERVER`,
  logLines: 4,
  client: async (client, world) => {
    const clients = [client, await world.connect()];
    for (let round = 0; round < 2; round++)
      for (const one of clients) {
        one.send(GET);
        await one.response();
      }
    world.note(`${world.accepted()} connections`);
  },
}));
