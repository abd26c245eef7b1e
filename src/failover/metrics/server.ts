/** `metrics` in global_defs: an HTTP server that answers Prometheus. On the main thread, away from the engine's. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { MetricsListener } from "../../config/keepalived/model.js";
import { CONTENT_TYPE } from "./exposition.js";

/** Who asks for metrics is one server or two: what is beyond is refused. */
const MAX_CONNECTIONS = 16;
const MAX_HEADER_BYTES = 8_192;
/** How long a client may take over a request, and stay idle, in milliseconds. */
const TIMEOUT_MS = 5_000;
/** How often it is tried again where it cannot listen: the address may come later. */
const RETRY_MS = 5_000;

export class MetricsServer {
  readonly #server: Server;
  #retry: NodeJS.Timeout | undefined;
  #hasComplained = false;

  /** Listens as soon as it can; a listener that cannot be had is a warning, once. @param text what is answered */
  constructor(
    readonly own: MetricsListener,
    readonly text: () => string,
    readonly log: (line: string, level: "warning" | "info") => void,
  ) {
    this.#server = createServer(
      { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS },
      (request, response) => this.#answer(request, response),
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.keepAliveTimeout = TIMEOUT_MS;
    this.#server.setTimeout(TIMEOUT_MS);
    this.#server.on("error", (error) => this.#postpone(error));
    this.#listen();
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #listen(): void {
    this.#server.listen({ host: this.own.address, port: this.own.port });
  }

  #postpone(error: Error): void {
    if (!this.#hasComplained) this.log(`metrics: ${error.message}; tried again until it works`, "warning");
    this.#hasComplained = true;
    this.#retry = setTimeout(() => this.#listen(), RETRY_MS).unref();
  }

  #answer({ method, url = "/" }: IncomingMessage, response: ServerResponse): void {
    const refuse = (status: number, text: string, headers = {}): void => {
      response.writeHead(status, { "content-type": "text/plain", ...headers }).end(`${text}\n`);
    };
    if (method !== "GET" && method !== "HEAD") refuse(405, "GET only", { allow: "GET, HEAD" });
    else if (url.split("?", 1)[0] !== "/metrics") refuse(404, "the metrics are at /metrics");
    else response.writeHead(200, { "content-type": CONTENT_TYPE, "cache-control": "no-store" }).end(this.text());
  }
}
