/** A client that sends exact bytes and keeps exactly what comes back. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "./eventually.js";

export class RawClient {
  #chunks: Buffer[] = [];
  /** The server sent FIN. */
  ended = false;
  /** errno's name, if the connection broke; ECONNRESET for an RST. */
  error: string | undefined;
  closed = false;

  private constructor(readonly socket: Socket) {
    socket.on("data", (chunk) => this.#chunks.push(chunk));
    socket.on("end", () => {
      this.ended = true;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.error = error.code;
    });
    socket.on("close", () => {
      this.closed = true;
    });
  }

  /** @throws if nobody accepts */
  static async connect(port: number, host = "127.0.0.1", localAddress?: string): Promise<RawClient> {
    const options = { port, host, allowHalfOpen: true, noDelay: true };
    const socket = connect(localAddress === undefined ? options : { ...options, localAddress });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", () => resolve());
      socket.once("error", reject);
    });
    return new RawClient(socket);
  }

  /** Connects, sends `bytes`, closes its half when it has an answer, and returns all that came. */
  static async exchange(port: number, bytes: string | Uint8Array): Promise<string> {
    const client = await RawClient.connect(port);
    client.send(bytes);
    await eventually(() => client.ended || client.closed || isWholeResponse(client.text), true, { everyMs: 2 });
    client.finish();
    const text = await client.untilClosed();
    client.close();
    return text;
  }

  get bytes(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  /** One character a byte. */
  get text(): string {
    return this.bytes.toString("latin1");
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** Sends `bytes` in packets that end at `ends`, each on its way before the next. */
  async sendCut(bytes: string, ends: readonly number[]): Promise<void> {
    let from = 0;
    for (const end of ends) {
      if (end > from) this.send(bytes.slice(from, end));
      from = end;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Waits until all that has come fits. Returns it, and forgets it. */
  async until(isEnough: (text: string) => boolean, deadlineMs = 5000): Promise<string> {
    await this.#arrival(isEnough, deadlineMs);
    const { text } = this;
    this.#chunks = [];
    return text;
  }

  /** One response whose body has a Content-Length, or none. */
  async response(): Promise<RawResponse> {
    await this.#arrival(isWholeResponse, 5000);
    const { text } = this;
    const length = responseLength(text);
    this.#chunks = [Buffer.from(text.slice(length), "latin1")];
    return parseResponse(text.slice(0, length));
  }

  /** Looks a moment after something has come: a thousand clients may wait at once, or one for many megabytes. */
  async #arrival(isEnough: (text: string) => boolean, deadlineMs: number): Promise<void> {
    const deadline = performance.now() + deadlineMs;
    while (!isEnough(this.text)) {
      const left = deadline - performance.now();
      if (left <= 0)
        throw new assert.AssertionError({
          message: `not within ${deadlineMs} ms: ${isEnough}, saw ${this.text.slice(-200)}`,
        });
      await this.#news(left);
      await sleep(2);
    }
  }

  async #news(patienceMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.socket.off("data", end);
        resolve();
      };
      const timer = setTimeout(end, patienceMs);
      this.socket.on("data", end);
    });
  }

  async untilClosed(deadlineMs = 5000): Promise<string> {
    await eventually(() => this.ended || this.closed, true, { deadlineMs, everyMs: 2 });
    return this.text;
  }

  /** FIN: nothing more from us. */
  finish(): void {
    this.socket.end();
  }

  /** RST. Behind a FIN that may still be under way Node would wait for ever at the process's end: then it only closes. */
  reset(): void {
    if (this.socket.writableEnded) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  close(): void {
    this.socket.destroy();
  }
}

export interface RawResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

const isWholeResponse = (text: string): boolean => responseLength(text) >= 0 && text.length >= responseLength(text);

/** -1 while that is not known. */
function responseLength(text: string): number {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return -1;
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(text.slice(0, headEnd + 2));
  return headEnd + 4 + Number(length?.[1] ?? 0);
}

/** @param text a whole response */
export function parseResponse(text: string): RawResponse {
  const headEnd = text.indexOf("\r\n\r\n");
  assert.ok(headEnd > 0, `no response head in ${JSON.stringify(text.slice(0, 200))}`);
  const [statusLine, ...lines] = text.slice(0, headEnd).split("\r\n") as [string, ...string[]];
  const fields = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(statusLine.split(" ")[1]), fields: new Map(fields), body: text.slice(headEnd + 4) };
}
