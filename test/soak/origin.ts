/** The server behind the proxy: says what it was asked, counts, and can be killed and started again. */
import { type EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const PATTERN = Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 31 + (index >> 8)) & 0xff));

/** `length` bytes that are known to both ends, in pieces. */
export function* pattern(length: number): Iterable<Buffer> {
  for (let at = 0; at < length; at += PATTERN.length) yield PATTERN.subarray(0, Math.min(PATTERN.length, length - at));
}

/** Whether `bytes` are what the pattern has at `at`. */
export function fitsPattern(bytes: Buffer, at: number): boolean {
  for (let done = 0; done < bytes.length; ) {
    const from = (at + done) % PATTERN.length;
    const length = Math.min(bytes.length - done, PATTERN.length - from);
    if (!bytes.subarray(done, done + length).equals(PATTERN.subarray(from, from + length))) return false;
    done += length;
  }
  return true;
}

/** Waits for one of some events. */
export async function firstOf(emitter: EventEmitter, ...names: readonly string[]): Promise<void> {
  const others = new AbortController();
  await Promise.race(names.map((name) => once(emitter, name, { signal: others.signal }))).finally(() => others.abort());
}

/** Of all origins of a run. */
export class OriginCounts {
  received = 0;
  heads = 0;
  /** Requests whose client went away while they came. */
  abandoned = 0;
  /** Requests under way when their server was killed. */
  killed = 0;
  /** Connections that were killed, in each of which a request may have stood that nobody had read. */
  killedConnections = 0;
  /** The names (X-Visit) of requests whose head has come: a client that will hang up waits for that. */
  readonly seen = new Set<string>();
}

export class Origin {
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #underWay = new Set<ServerResponse>();
  readonly #killed = new WeakSet<ServerResponse>();

  private constructor(
    readonly port: number,
    readonly counts: OriginCounts,
  ) {}

  /** @param port 0: any */
  static async start(counts: OriginCounts, port = 0): Promise<Origin> {
    const probe = createTcpServer();
    await new Promise<void>((resolve) => probe.listen(port, "127.0.0.1", resolve));
    const chosen = (probe.address() as { port: number }).port;
    await new Promise((resolve) => probe.close(resolve));
    const origin = new Origin(chosen, counts);
    await origin.#listen();
    return origin;
  }

  /** Kills every connection, and comes back after `pauseMs`. */
  async restart(pauseMs: number): Promise<void> {
    await this.stop();
    await sleep(pauseMs);
    await this.#listen();
  }

  async stop(): Promise<void> {
    this.counts.killed += this.#underWay.size;
    this.counts.killedConnections += this.#sockets.size;
    for (const response of this.#underWay) this.#killed.add(response);
    const server = this.#server;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => server?.close(resolve));
  }

  #listen(): Promise<void> {
    const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => this.#answer(request, response));
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#server = server;
    return new Promise((resolve) => server.listen(this.port, "127.0.0.1", 1024, resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { counts } = this;
    counts.received++;
    const visit = request.headers["x-visit"];
    if (typeof visit === "string") counts.seen.add(visit);
    this.#underWay.add(response);
    response.once("close", () => this.#underWay.delete(response));
    let length = 0;
    request.on("data", (bytes: Buffer) => {
      if (!fitsPattern(bytes, length)) response.destroy(new Error("the body arrived damaged"));
      length += bytes.length;
    });
    request.on("error", () => {});
    request.on("close", () => {
      if (!request.complete && !this.#killed.has(response)) counts.abandoned++;
    });
    request.on("end", () => {
      const [, kind, size] = /^\/(bytes|chunks)\/(\d+)$/.exec(request.url!) ?? [];
      counts.heads++;
      if (kind === undefined) response.end(String(length));
      else void this.#send(response, Number(size), kind === "bytes");
    });
  }

  async #send(response: ServerResponse, size: number, declares: boolean): Promise<void> {
    if (declares) response.setHeader("Content-Length", size);
    for (const piece of pattern(size)) {
      if (response.destroyed) return;
      if (!response.write(piece)) await firstOf(response, "drain", "close");
    }
    response.end();
  }
}
