/** Servers for a proxy to stand before, on 127.0.0.1, closed when the test ends. */
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";

export interface HttpServer {
  readonly port: number;
  readonly server: Server;
  /** Connections accepted, and requests seen, so far. */
  connections: number;
  requests: number;
  /** Those open now. */
  readonly sockets: ReadonlySet<Socket>;
}

/**
 * @param keepAliveTimeout milliseconds that it keeps an idle connection
 * @param maxHeaderSize octets of a request's head
 */
export async function serveHttp(
  t: TestContext,
  onRequest: RequestListener,
  { port = 0, keepAliveTimeout = 60_000, maxHeaderSize = 16_384 } = {},
): Promise<HttpServer> {
  const sockets = new Set<Socket>();
  const server = createHttpServer({ keepAliveTimeout, maxHeaderSize }, (request, response) => {
    result.requests++;
    onRequest(request, response);
  });
  const result: HttpServer = { port: 0, server, connections: 0, requests: 0, sockets };
  server.on("connection", (socket: Socket) => {
    result.connections++;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", 4096, resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
    for (const socket of sockets) socket.destroy();
  });
  return Object.assign(result, { port: (server.address() as { port: number }).port });
}

export interface TcpServer {
  readonly port: number;
  connections: number;
  readonly sockets: ReadonlySet<Socket>;
  close(): void;
}

/** @param onConnection gets sockets that stay half-open until it ends them */
export async function serveTcp(t: TestContext, onConnection: (socket: Socket) => void, port = 0): Promise<TcpServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    result.connections++;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    onConnection(socket);
  });
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  const result: TcpServer = { port: 0, connections: 0, sockets, close };
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  t.after(close);
  return Object.assign(result, { port: (server.address() as { port: number }).port });
}

/** A server that answers each request head (requests without bodies) with the same bytes. */
export function serveCanned(t: TestContext, answer: string, { thenClose = false } = {}): Promise<TcpServer> {
  return serveTcp(t, (socket) => {
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        text = text.slice(end + 4);
        socket.write(Buffer.from(answer, "latin1"));
        if (thenClose) socket.end();
      }
    });
    socket.on("end", () => socket.end());
  });
}
