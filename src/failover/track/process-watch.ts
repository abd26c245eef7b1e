/**
 * The thread that watches processes: it holds a pidfd (pidfd_open(2)) of each that matches, and so hears of its end at
 * once; new ones are found by a look at /proc each second. The proc connector would tell of them sooner, but only in
 * the initial network namespace, and of every fork on the machine.
 */

import type { MessagePort } from "node:worker_threads";
import { receiveMessageOnPort } from "node:worker_threads";
import type { TrackProcess } from "../../config/keepalived/model.js";
import { microseconds } from "../../config/units.js";
import { drainEventfd } from "../../sys/epoll.js";
import { openPidfd } from "../../sys/process.js";
import { close } from "../../sys/socket.js";
import { monotonic, PreciseLoop } from "../precise-loop.js";
import { after, type Instant } from "../timers.js";
import { findProcesses } from "./process-list.js";

const LOOK_EVERY = microseconds(1_000_000);

export interface ProcessCount {
  readonly name: string;
  readonly count: number;
}

export class ProcessWatch {
  readonly #loop = new PreciseLoop();
  /** pidfd by process number, for each of those wanted. */
  readonly #found: readonly { readonly wanted: TrackProcess; readonly fds: Map<number, number> }[];
  readonly #told = new Map<string, number>();
  #lookAt: Instant = monotonic();

  constructor(
    wanted: readonly TrackProcess[],
    readonly wakeUp: number,
    readonly port: MessagePort,
  ) {
    this.#found = wanted.map((each) => ({ wanted: each, fds: new Map() }));
  }

  /** Until a message comes, whatever it says. */
  run(): void {
    this.#loop.add(this.wakeUp, () => {
      drainEventfd(this.wakeUp);
      if (receiveMessageOnPort(this.port) !== undefined) this.#loop.stop();
    });
    this.#loop.run({
      deadline: () => this.#lookAt,
      wokeUp: () => {},
      timers: (now) => {
        if (now < this.#lookAt) return;
        this.#look();
        this.#lookAt = after(now, LOOK_EVERY);
      },
    });
    for (const { fds } of this.#found) for (const fd of fds.values()) close(fd);
    this.#loop.close();
  }

  #look(): void {
    for (const { wanted, fds } of this.#found) {
      for (const pid of findProcesses(wanted)) if (!fds.has(pid)) this.#hold(wanted, fds, pid);
      this.#tell(wanted, fds);
    }
  }

  #hold(wanted: TrackProcess, fds: Map<number, number>, pid: number): void {
    const fd = openPidfd(pid);
    if (fd < 0) return; // It has ended already.
    fds.set(pid, fd);
    this.#loop.add(fd, () => {
      this.#loop.remove(fd);
      close(fd);
      fds.delete(pid);
      this.#tell(wanted, fds);
    });
  }

  #tell({ name }: TrackProcess, fds: ReadonlyMap<number, number>): void {
    if (this.#told.get(name) === fds.size) return;
    this.#told.set(name, fds.size);
    this.port.postMessage({ name, count: fds.size } satisfies ProcessCount);
  }
}
