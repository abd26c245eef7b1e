/** `vrrp_track_process`: up while the number of processes is within its quorum, for long enough. On the main thread. */
import { Worker } from "node:worker_threads";
import type { TrackProcess } from "../../config/keepalived/model.js";
import { createEventfd, notifyEventfd } from "../../sys/epoll.js";
import { close } from "../../sys/socket.js";
import type { LogLevel } from "../instance.js";
import { findProcesses } from "./process-list.js";
import type { ProcessCount } from "./process-watch.js";

const HEAP_MB = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };

export class ProcessTracker {
  readonly #states: ReadonlyMap<string, { readonly wanted: TrackProcess; up: boolean; timer?: NodeJS.Timeout }>;
  #worker: Worker | undefined;
  #wakeUp = -1;
  #stopped = false;

  constructor(
    wanted: readonly TrackProcess[],
    readonly onChange: (name: string, up: boolean) => void,
    readonly log: (line: string, level: LogLevel) => void,
  ) {
    this.#states = new Map(
      wanted.map((each) => [each.name, { wanted: each, up: isUp(each, findProcesses(each).length) }]),
    );
  }

  /** As it is before anything has changed. */
  isUp(name: string): boolean {
    return this.#states.get(name)?.up === true;
  }

  start(): void {
    if (this.#states.size === 0) return;
    this.#wakeUp = createEventfd();
    const workerData = { wanted: [...this.#states.values()].map(({ wanted }) => wanted), wakeUp: this.#wakeUp };
    const worker = new Worker(new URL("./process-watch-worker.js", import.meta.url), {
      workerData,
      resourceLimits: HEAP_MB,
    });
    this.#worker = worker;
    worker.on("message", (count: ProcessCount) => this.#count(count));
    worker.on("error", (error) => this.log(`tracking of processes: ${error.message}`, "warning"));
    const wakeUp = this.#wakeUp;
    worker.once("exit", () => {
      close(wakeUp);
      this.#worker = undefined;
      if (!this.#stopped) setTimeout(() => this.start(), 1_000).unref();
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#states.values()) clearTimeout(timer);
    this.#worker?.postMessage("stop");
    if (this.#worker !== undefined) notifyEventfd(this.#wakeUp);
  }

  #count({ name, count }: ProcessCount): void {
    const state = this.#states.get(name);
    if (state === undefined || this.#stopped) return;
    clearTimeout(state.timer);
    const up = isUp(state.wanted, count);
    if (up === state.up) return;
    const delay = up ? state.wanted.forkDelay : state.wanted.terminateDelay;
    state.timer = setTimeout(() => {
      state.up = up;
      this.log(`Quorum ${up ? "gained" : "lost"} for tracked process ${name}`, "info");
      this.onChange(name, up);
    }, delay / 1000);
  }
}

const isUp = ({ quorum, quorumMax }: TrackProcess, count: number): boolean =>
  count >= quorum && (quorumMax === undefined || count <= quorumMax);
