/** The engine's thread as the main thread sees it: its orders, its messages, its end. */
import { Worker } from "node:worker_threads";
import { createEventfd, notifyEventfd } from "../sys/epoll.js";
import { close } from "../sys/socket.js";
import { collectWithoutHelp } from "./collector.js";
import type { EngineOrders, FromEngine, ToEngine } from "./messages.js";

/** The engine holds a few kilobytes: a small heap keeps its pauses short. */
const HEAP_MB = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

let waiting: Worker | undefined;

/** Has the next engine's thread loaded before it is wanted, in the network namespace that this thread is in now. */
export function prepareThread(): void {
  waiting ??= openWorker();
  waiting.unref();
}

function openWorker(): Worker {
  collectWithoutHelp();
  return new Worker(new URL("./worker.js", import.meta.url), { resourceLimits: HEAP_MB });
}

export class EngineThread {
  readonly #wakeUp = createEventfd();
  readonly #worker: Worker;
  readonly startedAt = performance.now();
  /** Resolves when the instances have started; rejects if the thread ends before. */
  readonly ready: Promise<void>;
  /** Resolves when the thread has ended, with what it died of. */
  readonly gone: Promise<Error>;
  #isGone = false;

  constructor(orders: Omit<EngineOrders, "wakeUp">, hear: (message: Exclude<FromEngine, { kind: "ready" }>) => void) {
    this.#worker = waiting ?? openWorker();
    waiting = undefined;
    this.#worker.ref();
    this.#worker.postMessage({ ...orders, wakeUp: this.#wakeUp } satisfies EngineOrders);
    let reason = new Error("the fail-over engine ended of itself");
    this.#worker.on("error", (error) => {
      reason = error instanceof Error ? error : new Error(String(error));
    });
    this.gone = new Promise((gone) => {
      this.#worker.once("exit", () => {
        this.#isGone = true;
        close(this.#wakeUp);
        gone(reason);
      });
    });
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on("message", (message: FromEngine) => {
        if (message.kind === "ready") resolve();
        else hear(message);
      });
      void this.gone.then(reject);
    });
  }

  tell(message: ToEngine): void {
    if (this.#isGone) return;
    this.#worker.postMessage(message);
    notifyEventfd(this.#wakeUp);
  }
}
