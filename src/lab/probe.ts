/**
 * Measures what a client sees of a fail-over: one request every few milliseconds, each on a new connection that
 * waits for no other, and the longest time in which none succeeded.
 */
import { connect } from "node:net";
import { wallClock } from "./clock.js";

export interface ProbeOptions {
  /** `http://host[:port]/path`, or `tcp://host:port` where a connection that opens is a success. */
  readonly url: string;
  /** Milliseconds between the starts of two requests; 10 by default. */
  readonly intervalMs?: number;
  /** Milliseconds after which a request has failed; 1,000 by default. */
  readonly timeoutMs?: number;
}

export interface Sample {
  /** Wall-clock milliseconds. */
  readonly startedAt: number;
  readonly finishedAt: number;
  /** Who answered, by its `X-Server` header; empty where nobody says so. */
  readonly server: string;
  /** Undefined on success; else what went wrong: `ECONNREFUSED`, `timeout`, `status 503`, `cut`. */
  readonly error?: string;
}

export interface Gap {
  /** Wall-clock milliseconds of the last success before and the first after; the probe's start or end at its edges. */
  readonly from: number;
  readonly to: number;
  readonly ms: number;
}

export interface ProbeSummary {
  readonly sent: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly byServer: Readonly<Record<string, number>>;
  readonly byError: Readonly<Record<string, number>>;
  /** The longest time without a success, in milliseconds. */
  readonly longestGapMs: number;
  /** All times without a success longer than ten intervals (and 100 ms), in order. */
  readonly gaps: readonly Gap[];
  /** Of successful requests, in milliseconds; 0 without any. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
}

/** Samples that a probe keeps: an hour at the default interval. Older ones are not summed up any more. */
const MAXIMUM_SAMPLES = 360_000;

export class Probe {
  readonly samples: Sample[] = [];
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  readonly #url: URL;
  readonly #pending = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt = wallClock();
  #launched = 0;

  /** Starts at once. @param onSample called with each request's outcome, in the order of their ends. */
  constructor(options: ProbeOptions, onSample: (sample: Sample) => void = () => {}) {
    this.#url = new URL(options.url);
    this.#intervalMs = options.intervalMs ?? 10;
    this.#timeoutMs = options.timeoutMs ?? 1_000;
    const launch = () => {
      // By the clock, not by the tick: a late timer must not thin out the requests of the time it lost.
      const due = Math.floor((wallClock() - this.#startedAt) / this.#intervalMs) + 1;
      if (due - this.#launched > 100) this.#launched = due - 1; // after a long pause (SIGSTOP) no avalanche
      for (; this.#launched < due; this.#launched++) this.#send(onSample);
    };
    launch();
    this.#timer = setInterval(launch, this.#intervalMs);
  }

  /** Sends no more, waits for what is in flight (at most the timeout), and sums up. */
  async stop(): Promise<ProbeSummary> {
    clearInterval(this.#timer);
    const stoppedAt = wallClock();
    await Promise.all(this.#pending);
    return summarize(this.samples, this.#startedAt, stoppedAt, Math.max(100, 10 * this.#intervalMs));
  }

  #send(onSample: (sample: Sample) => void): void {
    const pending = request(this.#url, this.#timeoutMs).then((sample) => {
      this.#pending.delete(pending);
      if (this.samples.length >= MAXIMUM_SAMPLES) this.samples.splice(0, MAXIMUM_SAMPLES / 10);
      this.samples.push(sample);
      onSample(sample);
    });
    this.#pending.add(pending);
  }
}

/** One request on a connection of its own. Never rejects. */
function request(url: URL, timeoutMs: number): Promise<Sample> {
  const startedAt = wallClock();
  const isHttp = url.protocol === "http:";
  return new Promise((resolve) => {
    const socket = connect({ host: url.hostname, port: Number(url.port || 80), noDelay: true });
    let received = "";
    const finish = (error?: string) => {
      clearTimeout(timer);
      socket.destroy();
      const server = /^x-server: *(.*)\r$/im.exec(received)?.[1] ?? "";
      resolve({ startedAt, finishedAt: wallClock(), server, ...(error === undefined ? {} : { error }) });
    };
    const timer = setTimeout(() => finish("timeout"), timeoutMs);
    socket.once("error", (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
    socket.once("connect", () => {
      if (isHttp)
        socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`);
      else finish();
    });
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
    });
    socket.once("end", () => finish(judge(received)));
  });
}

/** @returns why a response is no success: not 2xx, or shorter than it says. */
function judge(response: string): string | undefined {
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(response)?.[1];
  const headerEnd = response.indexOf("\r\n\r\n");
  if (status === undefined || headerEnd < 0) return response === "" ? "closed without an answer" : "cut";
  if (!status.startsWith("2")) return `status ${status}`;
  const head = response.slice(0, headerEnd + 2);
  const length = /^content-length: *(\d+)\r$/im.exec(head)?.[1];
  if (length !== undefined) return response.length - headerEnd - 4 === Number(length) ? undefined : "cut";
  return /^transfer-encoding: *chunked\r$/im.test(head) && !response.endsWith("0\r\n\r\n") ? "cut" : undefined;
}

/** Sums samples up. @param longGapMs gaps of at least this are listed. */
export function summarize(
  samples: readonly Sample[],
  startedAt: number,
  stoppedAt: number,
  longGapMs: number,
): ProbeSummary {
  const successes = samples.filter((sample) => sample.error === undefined);
  const moments = successes.map((sample) => sample.finishedAt).sort((a, b) => a - b);
  const edges = [startedAt, ...moments, Math.max(stoppedAt, moments.at(-1) ?? stoppedAt)];
  const gaps = edges.slice(1).map((to, index): Gap => ({ from: edges[index]!, to, ms: to - edges[index]! }));
  const latencies = successes.map((sample) => sample.finishedAt - sample.startedAt).sort((a, b) => a - b);
  const quantile = (share: number) => latencies[Math.floor(share * latencies.length)] ?? 0;
  return {
    sent: samples.length,
    succeeded: successes.length,
    failed: samples.length - successes.length,
    byServer: tally(successes.map((sample) => sample.server)),
    byError: tally(samples.flatMap((sample) => sample.error ?? [])),
    longestGapMs: gaps.reduce((longest, gap) => Math.max(longest, gap.ms), 0),
    gaps: gaps.filter((gap) => gap.ms >= longGapMs),
    latencyMs: { p50: quantile(0.5), p99: quantile(0.99) },
  };
}

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
