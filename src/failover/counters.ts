/**
 * What an instance has done and where it stands, in memory that both threads see: the engine writes, whoever wants
 * to know reads, and neither waits for the other.
 */
import type { ReportedState } from "./instance.js";
import { formatIpv4 } from "./ipv4.js";
import { REJECTIONS, type Rejection } from "./packet.js";

const NUMBERS = [
  "advertisementsSent",
  "advertisementsReceived",
  "becameMaster",
  "releasedMaster",
  "priorityZeroSent",
  "priorityZeroReceived",
  "gratuitousArpsSent",
  "sendErrors",
  /** Wake-ups so late that timers were set anew. */
  "frozen",
] as const;
type CounterName = (typeof NUMBERS)[number];

const STATES: readonly ReportedState[] = ["STOP", "BACKUP", "MASTER", "FAULT"];

const STATE = NUMBERS.length;
const PRIORITY = STATE + 1;
const LAST_HEARD = PRIORITY + 1;
const FIRST_REJECTION = LAST_HEARD + 1;
const WORDS = FIRST_REJECTION + REJECTIONS.length;

export interface InstanceStatus {
  readonly name: string;
  readonly state: ReportedState;
  /** Effective. */
  readonly priority: number;
  /** Whom the last accepted advertisement came from; undefined: nobody was heard yet. */
  readonly lastHeard: string | undefined;
  readonly counters: Readonly<Record<CounterName, number>>;
  readonly rejected: Readonly<Record<Rejection, number>>;
}

export class InstanceCounters {
  readonly #words: Uint32Array;

  /** @param shared made by `shareCounters`. */
  constructor(shared: SharedArrayBuffer, index: number) {
    this.#words = new Uint32Array(shared, index * WORDS * 4, WORDS);
  }

  count(name: CounterName, by = 1): void {
    Atomics.add(this.#words, NUMBERS.indexOf(name), by);
  }

  countRejection(reason: Rejection): void {
    Atomics.add(this.#words, FIRST_REJECTION + REJECTIONS.indexOf(reason), 1);
  }

  setState(state: ReportedState): void {
    Atomics.store(this.#words, STATE, STATES.indexOf(state));
  }

  setPriority(priority: number): void {
    Atomics.store(this.#words, PRIORITY, priority);
  }

  setLastHeard(source: number): void {
    Atomics.store(this.#words, LAST_HEARD, source);
  }

  status(name: string): InstanceStatus {
    const word = (index: number): number => Atomics.load(this.#words, index);
    const lastHeard = word(LAST_HEARD);
    return {
      name,
      state: STATES[word(STATE)]!,
      priority: word(PRIORITY),
      lastHeard: lastHeard === 0 ? undefined : formatIpv4(lastHeard),
      counters: record(NUMBERS, (_, index) => word(index)),
      rejected: record(REJECTIONS, (_, index) => word(FIRST_REJECTION + index)),
    };
  }
}

export const shareCounters = (instances: number): SharedArrayBuffer => new SharedArrayBuffer(instances * WORDS * 4);

function record<Key extends string>(
  keys: readonly Key[],
  value: (key: Key, index: number) => number,
): Record<Key, number> {
  return Object.fromEntries(keys.map((key, index) => [key, value(key, index)])) as Record<Key, number>;
}
