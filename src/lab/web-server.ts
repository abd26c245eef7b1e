/**
 * The web server of the lab's hosts: says who answered and whom it saw, and serves and takes bodies that a client can
 * verify. It answers every path:
 *
 * - `/bytes/N`, `/chunked/N`: N bytes of `pattern`, with a Content-Length or in chunks;
 * - `/delay/MS`: the usual answer, MS milliseconds later, to have requests in flight;
 * - `/status/N`: the usual answer under that status;
 * - anything else: a JSON `Answer`, also to a POST, whose body is counted and hashed.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** What the server says of itself and of the request; the first two also stand in `X-Server` and `X-Client`. */
export interface Answer {
  readonly server: string;
  /** The address that the connection came from. */
  readonly client: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bodyBytes: number;
  readonly bodySha256: string;
}

/** A prime, so that a body cut or doubled at any power of two is not the same body. */
const PATTERN_PERIOD = 65_521;
const CHUNK = 64 * 1024;

const patternBlock = (() => {
  const block = Buffer.alloc(PATTERN_PERIOD + CHUNK);
  // A linear congruential generator (Numerical Recipes' constants): the same bytes in every run.
  let state = 1;
  for (let index = 0; index < PATTERN_PERIOD; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    block[index] = state >>> 24;
  }
  block.copy(block, PATTERN_PERIOD, 0, CHUNK);
  return block;
})();

/** The bytes of every big body: `length` bytes (at most 64 KiB) from `offset`. The result must not be written to. */
export function pattern(offset: number, length: number): Buffer {
  const start = offset % PATTERN_PERIOD;
  return patternBlock.subarray(start, start + Math.min(length, CHUNK));
}

/** SHA-256 of the first `length` bytes of the pattern, in hexadecimal. */
export function patternSha256(length: number): string {
  const hash = createHash("sha256");
  for (const piece of patternPieces(length)) hash.update(piece);
  return hash.digest("hex");
}

function* patternPieces(length: number): Generator<Buffer> {
  for (let offset = 0; offset < length; offset += CHUNK) yield pattern(offset, length - offset);
}

/** Listens on every port given, on all IPv4 addresses or on one. @throws when a port is taken. */
export async function startWebServer(name: string, ports: readonly number[], address = "0.0.0.0"): Promise<Server[]> {
  return Promise.all(ports.map((port) => listen(name, port, address)));
}

function listen(name: string, port: number, host: string): Promise<Server> {
  const server = createServer((request, response) => {
    answer(name, request, response).catch(() => request.socket.destroy());
  });
  // The proxy in front decides how long it keeps idle connections: a server that closes first would race with it.
  server.keepAliveTimeout = 0;
  server.on("connection", (socket: Socket) => socket.setNoDelay(true));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, backlog: 4096 }, () => resolve(server));
  });
}

async function answer(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const client = request.socket.remoteAddress ?? "";
  response.setHeader("X-Server", name);
  response.setHeader("X-Client", client);
  const path = request.url ?? "/";
  const [, action, argument] = /^\/(bytes|chunked|delay|status)\/(\d+)/.exec(path) ?? [];
  const number = Number(argument);

  const hash = createHash("sha256");
  let bodyBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bodyBytes += chunk.length;
    hash.update(chunk);
  }

  if (action === "bytes" || action === "chunked") {
    response.setHeader("Content-Type", "application/octet-stream");
    if (action === "bytes") response.setHeader("Content-Length", number);
    else response.setHeader("Transfer-Encoding", "chunked");
    await pipeline(Readable.from(patternPieces(number)), response);
    return;
  }
  if (action === "delay") await sleep(number);
  if (action === "status") response.statusCode = number;
  const { method = "", headers } = request;
  const bodySha256 = hash.digest("hex");
  const body = JSON.stringify({ server: name, client, method, path, headers, bodyBytes, bodySha256 } satisfies Answer);
  response.setHeader("Content-Type", "application/json");
  response.setHeader("Content-Length", Buffer.byteLength(body) + 1);
  response.end(`${body}\n`);
}
