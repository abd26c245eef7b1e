/** Node's HTTP/2 as client and as server, and a proxy between them. */
import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import type { TestContext } from "node:test";
import { freePort, runProxy, type TestProxy } from "./proxy.js";

export interface Exchange {
  readonly headers: IncomingHttpHeaders & { ":status"?: number };
  readonly trailers: IncomingHttpHeaders | undefined;
  readonly body: Buffer;
}

/** One request; rejects if its stream breaks. */
export async function exchange(
  session: ClientHttp2Session,
  fields: OutgoingHttpHeaders,
  body?: Buffer,
  trailers?: OutgoingHttpHeaders,
): Promise<Exchange> {
  const stream = session.request(fields, { endStream: body === undefined, waitForTrailers: trailers !== undefined });
  if (trailers !== undefined) stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  // In pieces: Node's client breaks off when more than 10 MB wait (`maxSessionMemory`).
  if (body !== undefined) Readable.from(pieces(body)).pipe(stream);
  return answerOf(stream);
}

function* pieces(body: Buffer): Iterable<Buffer> {
  for (let at = 0; at < body.length; at += 50_000) yield body.subarray(at, at + 50_000);
}

export async function answerOf(stream: ClientHttp2Stream): Promise<Exchange> {
  let trailers: IncomingHttpHeaders | undefined;
  stream.on("trailers", (fields) => {
    trailers = fields;
  });
  const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return { headers, trailers, body: Buffer.concat(chunks) };
}

export function client(t: TestContext, port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  t.after(() => session.destroy());
  return session;
}

export interface Http2Peer {
  port: number;
  readonly server: Http2Server;
  /** Connections so far. */
  sessions: number;
}

export async function serveHttp2(
  t: TestContext,
  onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
  settings = {},
): Promise<Http2Peer> {
  const server = createServer({ settings });
  const result = { port: 0, server, sessions: 0 };
  const open = new Set<{ destroy(): void }>();
  server.on("session", (session) => {
    result.sessions++;
    open.add(session);
    session.on("error", () => {});
    session.once("close", () => open.delete(session));
  });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    onStream(stream, headers);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const session of open) session.destroy();
  });
  result.port = (server.address() as AddressInfo).port;
  return result;
}

/** A proxy whose clients and servers speak what `bind` and `server` say behind their addresses. */
export async function between(
  t: TestContext,
  serverPort: number,
  server = "",
  bind = "",
): Promise<{ port: number; proxy: TestProxy }> {
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `listen web
      mode http
      bind 127.0.0.1:${port} ${bind}
      server one 127.0.0.1:${serverPort} ${server}`,
  );
  return { port, proxy };
}
