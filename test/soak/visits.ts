/** What clients do: each visit is a connection or a few, whose requests and answers are counted and checked. */
import { once } from "node:events";
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { Agent as TlsAgent } from "node:https";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../support/eventually.js";
import { firstOf, fitsPattern, type OriginCounts, pattern } from "./origin.js";
import type { Tally } from "./tally.js";

export interface Places {
  readonly http: number;
  readonly tls: number;
  readonly tcp: number;
  readonly ca: Buffer;
}

export interface Tallies {
  readonly http: Tally;
  readonly tls: Tally;
  readonly tcp: Tally;
}

const SMALL = 250;
const MEDIUM = 100_000;
/** More than the kernel's and the proxy's buffers hold on the way. */
const LARGE = 12_000_000;

interface Ask {
  readonly method?: "GET" | "POST";
  readonly path: string;
  /** Bytes of the body. */
  readonly size?: number;
  readonly isChunked?: boolean;
  /** Milliseconds between two pieces, read or written. */
  readonly pauseMs?: number;
}

/** All visits of one run. A visit that meets what must not be throws. */
export class Visitor {
  #visit = 0;

  constructor(
    readonly places: Places,
    readonly tallies: Tallies,
    readonly origin: OriginCounts,
  ) {}

  /** By name, with how often in a round. */
  readonly kinds: readonly (readonly [name: string, times: number, visit: () => Promise<void>])[] = [
    ["keep-alive", 4, () => this.#exchanges("http", true, 8)],
    ["close", 4, () => this.#exchanges("http", false, 2)],
    ["upload", 2, () => this.#exchanges("http", true, 1, { method: "POST", path: "/sum", size: 3 * MEDIUM })],
    ["chunked upload", 2, () => this.#chunkedUploads("http")],
    ["download", 2, () => this.#exchanges("http", true, 2, { path: `/bytes/${5 * MEDIUM}` })],
    ["chunked download", 2, () => this.#exchanges("http", true, 2, { path: `/chunks/${MEDIUM}` })],
    ["download given up", 2, () => this.#giveUpDownload("http")],
    ["upload given up", 2, () => this.#giveUpUpload()],
    ["slow reader", 1, () => this.#exchanges("http", true, 1, { path: `/bytes/${10 * MEDIUM}`, pauseMs: 20 })],
    [
      "slow writer",
      1,
      () => this.#exchanges("http", true, 1, { method: "POST", path: "/sum", size: 6 * 65_536, pauseMs: 100 }),
    ],
    ["pipeline", 1, () => this.#pipeline()],
    ["malformed", 1, () => this.#malformed()],
    ["nothing", 1, () => this.#nothing()],
    ["TLS", 3, () => this.#exchanges("tls", true, 4)],
    ["TLS upload", 1, () => this.#exchanges("tls", true, 1, { method: "POST", path: "/sum", size: 3 * MEDIUM })],
    ["TLS download", 1, () => this.#exchanges("tls", false, 1, { path: `/chunks/${5 * MEDIUM}` })],
    ["TLS download given up", 1, () => this.#giveUpDownload("tls")],
    ["HTTP/2", 3, () => this.#http2()],
    ["TCP", 2, () => this.#echo()],
    ["TCP given up", 1, () => this.#echo(true)],
  ];

  /** @param isKept all over one connection */
  async #exchanges(
    place: "http" | "tls",
    isKept: boolean,
    count: number,
    ask: Ask = { path: `/bytes/${SMALL}` },
  ): Promise<void> {
    const agent = this.#agent(place, isKept);
    try {
      for (let index = 0; index < count; index++) await this.#exchange(place, agent, ask);
    } finally {
      agent.destroy();
    }
  }

  async #chunkedUploads(place: "http"): Promise<void> {
    await this.#exchanges(place, true, 2, { method: "POST", path: "/sum", size: 2 * MEDIUM, isChunked: true });
  }

  #agent(place: "http" | "tls", isKept: boolean): Agent {
    const options = { keepAlive: isKept, maxSockets: 1 };
    return place === "http"
      ? new Agent(options)
      : new TlsAgent({ ...options, ca: this.places.ca, servername: "soak.example" });
  }

  /** Sends the head of a request. */
  #begin(place: "http" | "tls", agent: Agent, { method = "GET", path, size, isChunked }: Ask): ClientRequest {
    const tally = this.tallies[place];
    const headers: Record<string, string> = { "X-Visit": String(++this.#visit) };
    if (size !== undefined && isChunked !== true) headers["Content-Length"] = String(size);
    const request = httpRequest({
      port: this.places[place],
      agent,
      method,
      path,
      headers,
      protocol: place === "tls" ? "https:" : "http:",
    });
    request.on("error", () => {});
    request.once("socket", (socket: Socket & { isCounted?: true }) => {
      if (socket.isCounted) return;
      socket.isCounted = true;
      tally.connections++;
    });
    tally.requests++;
    return request;
  }

  async #exchange(place: "http" | "tls", agent: Agent, ask: Ask): Promise<void> {
    const tally = this.tallies[place];
    const request = this.#begin(place, agent, ask);
    const answered = responseOf(request);
    await this.#sendBody(request, tally, ask);
    const response = await answered;
    tally.gotHead(response.statusCode!);
    const expected = /\d+$/.exec(ask.path)?.[0];
    await this.#readBody(response, tally, expected === undefined ? undefined : Number(expected), ask.pauseMs ?? 0);
  }

  async #sendBody(request: ClientRequest, tally: Tally, { size = 0, pauseMs }: Ask): Promise<void> {
    for (const piece of pattern(size)) {
      if (request.destroyed) return;
      tally.bytesSent += piece.length;
      if (!request.write(piece)) await firstOf(request, "drain", "close", "response");
      if (pauseMs !== undefined) await sleep(pauseMs);
    }
    request.end();
  }

  /** @param expected bytes of the pattern; undefined: whatever text */
  async #readBody(
    response: IncomingMessage,
    tally: Tally,
    expected: number | undefined,
    pauseMs: number,
  ): Promise<void> {
    let length = 0;
    try {
      for await (const bytes of response as AsyncIterable<Buffer>) {
        if (expected !== undefined && response.statusCode === 200 && !fitsPattern(bytes, length))
          throw new DamagedError("a response arrived damaged");
        length += bytes.length;
        tally.bytesReceived += bytes.length;
        if (pauseMs > 0) await sleep(pauseMs);
      }
    } catch (error) {
      if (error instanceof DamagedError) throw error;
      tally.broken++;
      return;
    }
    if (expected !== undefined && response.statusCode === 200 && length !== expected)
      throw new DamagedError(`${length} bytes arrived of ${expected}`);
  }

  /** Hangs up when the first bytes of a download have come. */
  async #giveUpDownload(place: "http" | "tls"): Promise<void> {
    const agent = this.#agent(place, false);
    const tally = this.tallies[place];
    const request = this.#begin(place, agent, { path: `/bytes/${LARGE}` });
    request.end();
    const response = await responseOf(request);
    tally.gotHead(response.statusCode!);
    if (response.statusCode === 200) tally.cut++;
    request.destroy();
    agent.destroy();
  }

  /** Hangs up in the middle of an upload that the server has heard of. */
  async #giveUpUpload(): Promise<void> {
    const agent = this.#agent("http", false);
    const tally = this.tallies.http;
    const request = this.#begin("http", agent, { method: "POST", path: "/sum", size: MEDIUM });
    const name = request.getHeader("X-Visit") as string;
    let status = 0;
    request.once("response", (response) => {
      status = response.statusCode!;
    });
    request.write(pattern(1000)[Symbol.iterator]().next().value!);
    await eventually(() => this.origin.seen.has(name) || status !== 0, true, { deadlineMs: 10_000, everyMs: 5 });
    if (status === 0) tally.abandoned++;
    else tally.gotHead(status);
    request.destroy();
    agent.destroy();
  }

  async #raw(place: "http" | "tcp"): Promise<Socket> {
    const socket = connect({ port: this.places[place], allowHalfOpen: true });
    socket.on("error", () => {});
    await once(socket, "connect");
    this.tallies[place].connections++;
    return socket;
  }

  /** Several requests in one packet. */
  async #pipeline(): Promise<void> {
    const tally = this.tallies.http;
    const socket = await this.#raw("http");
    const count = 3;
    tally.requests += count;
    const head = "GET /bytes/10 HTTP/1.1\r\nHost: h\r\n";
    socket.end(`${`${head}\r\n`.repeat(count - 1)}${head}Connection: close\r\n\r\n`);
    let text = "";
    for await (const bytes of socket) text += (bytes as Buffer).toString("latin1");
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
    for (const status of statuses) tally.gotHead(status);
    tally.abandoned += count - statuses.length;
  }

  async #malformed(): Promise<void> {
    const socket = await this.#raw("http");
    socket.end("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 2\r\n\r\n");
    let text = "";
    for await (const bytes of socket) text += (bytes as Buffer).toString("latin1");
    if (!text.startsWith("HTTP/1.1 400 ") && !text.startsWith("HTTP/1.0 400 "))
      throw new Error(`a malformed request got ${text.slice(0, 30)}`);
    this.tallies.http.requests++;
    this.tallies.http.gotHead(400);
  }

  /** Connects and hangs up. */
  async #nothing(): Promise<void> {
    (await this.#raw("http")).destroy();
  }

  /** Streams side by side, one of which is given up. */
  async #http2(): Promise<void> {
    const tally = this.tallies.tls;
    const session = connectHttp2(`https://localhost:${this.places.tls}`, {
      ca: this.places.ca,
      servername: "soak.example",
    });
    session.on("error", () => {});
    tally.connections++;
    try {
      const paths = [SMALL, SMALL, MEDIUM, 3 * MEDIUM].map((size) => `/bytes/${size}`);
      await Promise.all([
        ...paths.map((path) => this.#stream(session, { path })),
        this.#stream(session, { method: "POST", path: "/sum", size: MEDIUM }),
        this.#stream(session, { path: `/bytes/${LARGE}` }, true),
      ]);
    } finally {
      await new Promise<void>((resolve) => session.close(resolve));
    }
  }

  async #stream(session: ClientHttp2Session, { method = "GET", path, size = 0 }: Ask, givesUp = false): Promise<void> {
    const tally = this.tallies.tls;
    tally.requests++;
    const stream = session.request({ ":method": method, ":path": path });
    const answered = once(stream, "response") as Promise<[{ ":status"?: number }]>;
    for (const piece of pattern(size)) stream.write(piece);
    stream.end();
    const [headers] = await answered;
    tally.gotHead(headers[":status"]!);
    if (givesUp && headers[":status"] === 200) {
      tally.cut++;
      stream.close(8);
      await once(stream, "close");
      return;
    }
    let length = 0;
    try {
      for await (const bytes of stream as AsyncIterable<Buffer>) {
        length += bytes.length;
        tally.bytesReceived += bytes.length;
      }
    } catch {
      tally.broken++;
      return;
    }
    const expected = /^\/bytes\/(\d+)$/.exec(path)?.[1];
    if (headers[":status"] === 200 && expected !== undefined && length !== Number(expected))
      throw new DamagedError(`${length} bytes arrived of ${expected} over HTTP/2`);
  }

  /** @param givesUp hangs up with bytes on the way */
  async #echo(givesUp = false): Promise<void> {
    const tally = this.tallies.tcp;
    const socket = await this.#raw("tcp");
    const text = `${++this.#visit} `.repeat(20_000);
    socket.write(text);
    if (givesUp) {
      await firstOf(socket, "data", "close");
      socket.destroy();
      tally.cut++;
      return;
    }
    socket.end();
    let back = "";
    for await (const bytes of socket) back += (bytes as Buffer).toString("latin1");
    if (back !== text) throw new DamagedError(`an echo came back as ${back.length} bytes of ${text.length}`);
  }
}

class DamagedError extends Error {}

async function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once("response", resolve);
    request.once("error", reject);
    request.once("close", () => reject(new Error(`${request.method} ${request.path} got no response`)));
  });
}
