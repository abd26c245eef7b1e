/**
 * V8 compiles and collects garbage on threads of its own. Where one of them has the processor of a worker, the worker
 * waits for a slice of the scheduler to end, up to some milliseconds in which a hundred clients may have come: what the
 * compiler has to learn anew, once the first clients leave, was the whole tail of the latency (docs/performance.md).
 * So these threads give way: a little from the start, for under full load a worker wants its compiled code soon, and
 * wholly once the worker has time to spare. There is no way back, for who has given root up may not ask for more.
 */
import { readdirSync } from "node:fs";
import { availableParallelism, getPriority, setPriority } from "node:os";

/** Nice values (sched(7)): a tenth of what a worker is given, and hardly a sixtieth, and a worker that wakes goes first. */
const MODEST = 10;
const LAST = 19;
const LOOK_EVERY_MS = 500;
/** Shares of the workers' processors that are used: less is no traffic that anything was learnt from, more is full load. */
const SOME_LOAD = 0.03;
const FULL_LOAD = 0.7;
/** Looks in a row that have to find some load, and not full load. */
const ENOUGH = 2;

export interface HelperThreadsHost {
  /** Sets the helpers' nice value. */
  lower(niceness: number): void;
  /** Processor time that the process has used, in milliseconds. */
  cpuTime(): number;
}

export class HelperThreads {
  #before: number;
  #inRow = 0;

  /** @param workers threads that carry traffic, or processors if they are fewer */
  constructor(
    readonly host: HelperThreadsHost,
    readonly workers: number,
  ) {
    host.lower(MODEST);
    this.#before = host.cpuTime();
  }

  /** @param elapsed milliseconds since the look before. @returns whether the helpers give way to everybody now: no more looks */
  look(elapsed: number): boolean {
    const now = this.host.cpuTime();
    const load = (now - this.#before) / (elapsed * this.workers);
    this.#before = now;
    this.#inRow = load > SOME_LOAD && load < FULL_LOAD ? this.#inRow + 1 : 0;
    if (this.#inRow < ENOUGH) return false;
    this.host.lower(LAST);
    return true;
  }
}

/** The threads of this process but the calling one, which is to be its main one: call it before there are workers. */
export function otherThreads(): HelperThreadsHost {
  const threads = readdirSync("/proc/self/task")
    .map(Number)
    .filter((thread) => thread !== process.pid);
  return {
    lower: (niceness) => {
      for (const thread of threads) lower(thread, niceness);
    },
    cpuTime: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
  };
}

/** Has helpers give way for as long as the process runs. @param workers as many as there are processors, if not given */
export function lowerHelpers(host: HelperThreadsHost, workers = Number.POSITIVE_INFINITY): void {
  const helpers = new HelperThreads(host, Math.min(workers, availableParallelism()));
  let before = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    if (helpers.look(now - before)) clearInterval(timer);
    before = now;
  }, LOOK_EVERY_MS);
  timer.unref();
}

function lower(thread: number, niceness: number): void {
  try {
    if (getPriority(thread) < niceness) setPriority(thread, niceness);
  } catch {
    // It has ended, or a sandbox does not let us: it goes on as it did.
  }
}
