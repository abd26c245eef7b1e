/** Parts without processes, on a clock that only tests move. */
import type { PartMessage, SupervisorMessage } from "../../src/supervisor/messages.js";
import type { Clock, Launch, PartEvents, PartProcess } from "../../src/supervisor/part.js";

export class SimulatedClock implements Clock {
  #now = 0;
  #timers: { at: number; act: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, act: () => void): () => void {
    const timer = { at: this.#now + milliseconds, act };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** Lets time pass; what falls due happens at its time, in order. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#now = next.at;
      this.#timers = this.#timers.filter((each) => each !== next);
      next.act();
    }
    this.#now = end;
  }
}

/** One life of a simulated part. */
export class SimulatedProcess implements PartProcess {
  readonly signals: NodeJS.Signals[] = [];
  readonly heard: SupervisorMessage[] = [];
  alive = true;

  constructor(
    readonly pid: number,
    readonly events: PartEvents,
    readonly startedAt: number,
  ) {}

  kill(signal: NodeJS.Signals): void {
    this.signals.push(signal);
  }

  send(message: SupervisorMessage): void {
    this.heard.push(message);
  }

  say(message: PartMessage): void {
    this.events.onMessage(message);
  }

  exit(code: number): void {
    this.alive = false;
    this.events.onEnd({ code, signal: null });
  }

  die(signal: NodeJS.Signals): void {
    this.alive = false;
    this.events.onEnd({ code: null, signal });
  }
}

/** Remembers all lives of a part. */
export class Lives {
  readonly all: SimulatedProcess[] = [];
  readonly launch: Launch;

  constructor(clock: Clock, firstPid: number) {
    this.launch = (events) => {
      const process = new SimulatedProcess(firstPid + this.all.length, events, clock.now());
      this.all.push(process);
      return process;
    };
  }

  get last(): SimulatedProcess {
    return this.all.at(-1)!;
  }
}

/** Lets what waits for promises go on. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
