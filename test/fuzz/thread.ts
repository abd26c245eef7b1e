/** One target in a thread of its own: an input that never ends cannot be told of by the loop that it holds up. */
import { Worker } from "node:worker_threads";
import type { Finding, Limits, Outcome } from "./fuzz.js";

/** An input that runs longer than this hangs. */
export const HANG_MS = 20_000;
const LARGEST_INPUT = 65_536;

/** The input that runs now, in memory that both threads see: its number, its length, its bytes. */
export class CurrentInput {
  readonly buffer: SharedArrayBuffer;
  readonly #header: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(buffer = new SharedArrayBuffer(8 + LARGEST_INPUT)) {
    this.buffer = buffer;
    this.#header = new Int32Array(buffer, 0, 2);
    this.#bytes = new Uint8Array(buffer, 8);
  }

  set(input: Uint8Array): void {
    this.#bytes.set(input.subarray(0, LARGEST_INPUT));
    this.#header[1] = input.length;
    Atomics.add(this.#header, 0, 1);
  }

  get number(): number {
    return Atomics.load(this.#header, 0);
  }

  get input(): Buffer {
    return Buffer.from(this.#bytes.slice(0, this.#header[1]));
  }
}

export interface Order extends Limits {
  /** The module with the target, in its TARGETS. */
  readonly module: string;
  readonly target: string;
  readonly current: SharedArrayBuffer;
}

/** What a thread tells: an outcome whose input crossed as plain bytes. */
export interface Told {
  readonly runs: number;
  readonly finding: { readonly input: Uint8Array; readonly error: string } | undefined;
}

const ALL = new URL("./targets/all.js", import.meta.url).href;

/** Fuzzes the target of this name. @param hangMs and @param module are other ones in its test */
export async function fuzzInThread(target: string, limits: Limits, hangMs = HANG_MS, module = ALL): Promise<Outcome> {
  const current = new CurrentInput();
  const workerData: Order = { ...limits, module, target, current: current.buffer };
  const worker = new Worker(new URL("./thread-main.js", import.meta.url), { workerData });
  let last = current.number;
  let watch: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Outcome>((resolve, reject) => {
      worker.once("message", ({ runs, finding }: Told) =>
        resolve({ runs, finding: finding && { ...finding, input: Buffer.from(finding.input) } }),
      );
      worker.once("error", reject);
      watch = setInterval(() => {
        const { number } = current;
        const hangs: Finding = { input: current.input, error: `does not end within ${hangMs} ms` };
        if (number === last && number > 0) resolve({ runs: number, finding: hangs });
        last = number;
      }, hangMs);
    });
  } finally {
    clearInterval(watch);
    await worker.terminate();
  }
}
