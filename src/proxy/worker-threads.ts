/**
 * The worker threads: started, told when to stop, and replaced when one crashes. Another takes its place, the sessions
 * of the others go on. What a crashed one leaves behind is cleared away from here, for it cannot do that itself.
 */
import { Worker } from "node:worker_threads";
import type { LogLevel } from "../config/haproxy/model.js";
import { createEventfd, notifyEventfd, registeredDescriptors } from "../sys/epoll.js";
import { close, resetOnClose } from "../sys/socket.js";
import type { FromWorker, ToWorker, WorkerStart } from "./messages.js";

/** One more crash within this time, and there is no use in going on. */
const MOST_CRASHES = 5;
const CRASH_WINDOW_MS = 60_000;

export interface WorkersOwner {
  /** What a worker is told at its start, be it the first in its place or not. */
  startOf(worker: number, wakeFd: number): WorkerStart;
  log(level: LogLevel, line: string): void;
  /** A worker is no more. @returns false if it left what all share in disorder, so that none of them can go on */
  forget(worker: number): boolean;
  /** The process is of no more use. */
  onHopeless(reason: string): void;
}

export interface WorkerThread {
  readonly worker: number;
  readonly thread: Worker;
  readonly wakeFd: number;
  readonly epollFd: number;
  /** It has let go of the listening descriptors. */
  readonly deaf: Promise<void>;
  readonly done: Promise<void>;
}

/** What a session allocates dies young: with a larger nursery, thousands of idle clients would only make it grow. */
const HEAP_MB = { maxYoungGenerationSizeMb: 12 };

export class WorkerThreads {
  readonly #running = new Map<number, WorkerThread>();
  readonly #starting = new Set<Promise<unknown>>();
  readonly #wakeFds: number[] = [];
  /** When workers crashed lately, in milliseconds. */
  #crashes: number[] = [];
  #isEnding = false;

  constructor(readonly owner: WorkersOwner) {}

  get all(): WorkerThread[] {
    return [...this.#running.values()];
  }

  /** @throws what kept a worker from starting; the others may run by then */
  async start(count: number): Promise<void> {
    for (let worker = 0; worker < count; worker++) this.#wakeFds.push(createEventfd());
    const outcomes = await Promise.allSettled(this.#wakeFds.map((_, worker) => this.#start(worker)));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  /** Tells all of them; none is replaced any more. @returns when they have let go of the listening descriptors */
  async end(message: ToWorker): Promise<void> {
    this.#isEnding = true;
    await Promise.allSettled(this.#starting);
    for (const { thread, wakeFd } of this.all) {
      thread.postMessage(message);
      notifyEventfd(wakeFd);
    }
    await Promise.all(this.all.map(({ deaf }) => deaf));
  }

  /** When all of them have ended. */
  async done(): Promise<void> {
    await Promise.all(this.all.map(({ done }) => done));
    for (const fd of this.#wakeFds.splice(0)) close(fd);
  }

  #start(worker: number): Promise<void> {
    const starting = this.#launch(worker);
    this.#starting.add(starting);
    return starting.finally(() => this.#starting.delete(starting));
  }

  #launch(worker: number): Promise<void> {
    const workerData = this.owner.startOf(worker, this.#wakeFds[worker]!);
    const thread = new Worker(new URL("./worker.js", import.meta.url), { workerData, resourceLimits: HEAP_MB });
    let reason = "its thread ended";
    let isOrderly = false;
    let onDeaf: () => void;
    const deaf = new Promise<void>((resolve) => {
      onDeaf = resolve;
    });
    thread.on("error", (error) => {
      reason = error.stack ?? error.message;
    });
    return new Promise((onReady, onFailure) => {
      const done = new Promise<void>((resolve) => {
        thread.once("exit", () => {
          const running = this.#running.get(worker);
          if (running?.thread === thread) {
            this.#running.delete(worker);
            if (!isOrderly) closeAll(running.epollFd, new Set([running.wakeFd, ...workerData.listeners.flat()]));
            this.#onExit(worker, reason);
          } else onFailure(new Error(`worker ${worker + 1} does not start: ${reason}`));
          resolve();
        });
      });
      thread.on("message", (message: FromWorker) => {
        if (message.kind === "ready") {
          for (const warning of message.warnings) this.owner.log("warning", warning);
          const { epollFd } = message;
          const { wakeFd } = workerData;
          this.#running.set(worker, { worker, thread, wakeFd, epollFd, deaf: Promise.race([deaf, done]), done });
          onReady();
        } else if (message.kind === "deaf") onDeaf();
        else if (message.kind === "done") isOrderly = true;
        else this.owner.log("alert", `a session failed for a bug: ${message.text}`);
      });
    });
  }

  #onExit(worker: number, reason: string): void {
    const inOrder = this.owner.forget(worker);
    if (this.#isEnding) return;
    const now = performance.now();
    this.#crashes = [...this.#crashes.filter((at) => at > now - CRASH_WINDOW_MS), now];
    if (!inOrder) this.owner.onHopeless(`worker ${worker + 1} crashed in the middle of what all share: ${reason}`);
    else if (this.#crashes.length > MOST_CRASHES)
      this.owner.onHopeless(`workers crash again and again, the last one, ${worker + 1}, with: ${reason}`);
    else {
      this.owner.log(
        "alert",
        `worker ${worker + 1} crashed, its connections are cut, and another takes its place: ${reason}`,
      );
      this.#start(worker).catch((error: Error) => this.owner.onHopeless(error.message));
    }
  }
}

/**
 * Closes what a thread that is no more had in its epoll instance, and the instance. Sockets with RST: nobody shall take
 * what has come for the whole. The socket of its log and its TLS objects cannot be found; they stay.
 */
function closeAll(epollFd: number, keep: ReadonlySet<number>): void {
  const fds = registeredDescriptors(epollFd).filter((fd) => !keep.has(fd));
  close(epollFd);
  for (const fd of fds) {
    resetOnClose(fd);
    close(fd);
  }
}
