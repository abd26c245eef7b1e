/**
 * What an instance has done and where it stands, in memory that both threads see: the engine writes, whoever wants
 * to know reads, and neither waits for the other.
 */
import { ALARM_SECONDS, ALARMS, type Alarm, alarmClock, type RaisedAlarm } from "./alarms.js";
import type { ReportedState } from "./instance.js";
import { familyOf, formatIp, type IpAddress, readAddress, writeAddress } from "./wire/ip-address.js";
import { readIpv4, writeIpv4 } from "./wire/ipv4.js";
import { REJECTIONS, type Rejection } from "./wire/packet.js";

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
  /** Addresses, routes and rules that somebody else took away. */
  "lost",
] as const;
type CounterName = (typeof NUMBERS)[number];
/** Where each is, for those that are counted at every advertisement. */
const INDEX = Object.fromEntries(NUMBERS.map((name, index) => [name, index])) as Record<CounterName, number>;

const STATES: readonly ReportedState[] = ["STOP", "BACKUP", "MASTER", "FAULT"];

const STATE = NUMBERS.length;
const PRIORITY = STATE + 1;
/** 0, or the IP version of the address in the four words behind it. */
const LAST_HEARD = PRIORITY + 1;
const SERIAL = LAST_HEARD + 5;
const ACCEPTED_SERIAL = SERIAL + 1;
/** 1 while the virtual addresses are to be on the interfaces. */
const HOLDS = ACCEPTED_SERIAL + 1;
/** How often the lifetime of the addresses has been renewed for the engine. */
const RENEWALS = HOLDS + 1;
const FIRST_REJECTION = RENEWALS + 1;
/** For each alarm: when it was raised last and since when it lasts, by `alarmClock` (0: never), and how often. */
const FIRST_ALARM = FIRST_REJECTION + REJECTIONS.length;
const ALARM_WORDS = 3;
const WORDS = FIRST_ALARM + ALARM_WORDS * ALARMS.length;

export interface InstanceStatus {
  readonly name: string;
  readonly state: ReportedState;
  /** Effective. */
  readonly priority: number;
  /** Whom the last accepted advertisement came from; undefined: nobody was heard yet. */
  readonly lastHeard: string | undefined;
  readonly counters: Readonly<Record<CounterName, number>>;
  readonly rejected: Readonly<Record<Rejection, number>>;
  /** What others do wrong now, or did until a minute ago. */
  readonly alarms: readonly RaisedAlarm[];
}

const octets = new Uint8Array(16);

export class InstanceCounters {
  readonly #words: Uint32Array;

  /** @param shared made by `shareCounters`. */
  constructor(shared: SharedArrayBuffer, index: number) {
    this.#words = new Uint32Array(shared, index * WORDS * 4, WORDS);
  }

  count(name: CounterName, by = 1): void {
    Atomics.add(this.#words, INDEX[name], by);
  }

  countRejection(reason: Rejection): void {
    Atomics.add(this.#words, FIRST_REJECTION + REJECTIONS.indexOf(reason), 1);
  }

  raise(alarm: Alarm, at = alarmClock()): void {
    const last = FIRST_ALARM + ALARM_WORDS * ALARMS.indexOf(alarm);
    if (!isFresh(Atomics.load(this.#words, last), at)) {
      Atomics.store(this.#words, last + 1, at);
      Atomics.store(this.#words, last + 2, 0);
    }
    Atomics.add(this.#words, last + 2, 1);
    Atomics.store(this.#words, last, at);
  }

  setState(state: ReportedState): void {
    Atomics.store(this.#words, STATE, STATES.indexOf(state));
  }

  setPriority(priority: number): void {
    Atomics.store(this.#words, PRIORITY, priority);
  }

  setLastHeard(source: IpAddress): void {
    Atomics.store(this.#words, LAST_HEARD, familyOf(source));
    writeAddress(octets, 0, source);
    for (let word = 0; word < 4; word++) Atomics.store(this.#words, LAST_HEARD + 1 + word, readIpv4(octets, 4 * word));
  }

  /** Some advertisement was accepted, ever. */
  get hasHeard(): boolean {
    return Atomics.load(this.#words, LAST_HEARD) !== 0;
  }

  #lastHeard(): string | undefined {
    const family = Atomics.load(this.#words, LAST_HEARD);
    if (family === 0) return undefined;
    const bytes = new Uint8Array(16);
    for (let word = 0; word < 4; word++) writeIpv4(bytes, 4 * word, Atomics.load(this.#words, LAST_HEARD + 1 + word));
    return formatIp(readAddress(bytes, 0, family === 4 ? 4 : 6));
  }

  /** Counts from 0 again; where it stands stays. */
  clear(): void {
    for (let word = 0; word < NUMBERS.length; word++) Atomics.store(this.#words, word, 0);
    for (let word = FIRST_REJECTION; word < WORDS; word++) Atomics.store(this.#words, word, 0);
  }

  /** Goes on with what another has counted. */
  take(other: InstanceCounters): void {
    this.#words.set(other.#words);
  }

  /** The sequence number of the last Authentication Header that was accepted; 0: none yet. */
  get acceptedSerial(): number {
    return Atomics.load(this.#words, ACCEPTED_SERIAL);
  }

  set acceptedSerial(serial: number) {
    Atomics.store(this.#words, ACCEPTED_SERIAL, serial);
  }

  /** The highest sequence number that was sent or accepted; see Endpoint. */
  get serial(): number {
    return Atomics.load(this.#words, SERIAL);
  }

  set serial(serial: number) {
    Atomics.store(this.#words, SERIAL, serial);
  }

  /** Said before the first address goes, and after the last has come: whoever renews them must not bring one back. */
  get holdsAddresses(): boolean {
    return Atomics.load(this.#words, HOLDS) === 1;
  }

  set holdsAddresses(holds: boolean) {
    Atomics.store(this.#words, HOLDS, holds ? 1 : 0);
  }

  get renewals(): number {
    return Atomics.load(this.#words, RENEWALS);
  }

  countRenewal(): void {
    Atomics.add(this.#words, RENEWALS, 1);
  }

  /** One more was sent. @returns its number */
  nextSerial(): number {
    return (Atomics.add(this.#words, SERIAL, 1) + 1) >>> 0;
  }

  get state(): ReportedState {
    return STATES[Atomics.load(this.#words, STATE)]!;
  }

  status(name: string, now = alarmClock()): InstanceStatus {
    const word = (index: number): number => Atomics.load(this.#words, index);
    const raised = (alarm: Alarm, index: number): RaisedAlarm[] => {
      const last = FIRST_ALARM + ALARM_WORDS * index;
      return isFresh(word(last), now) ? [{ alarm, since: now - word(last + 1), times: word(last + 2) }] : [];
    };
    return {
      name,
      state: STATES[word(STATE)]!,
      priority: word(PRIORITY),
      lastHeard: this.#lastHeard(),
      counters: record(NUMBERS, (_, index) => word(index)),
      rejected: record(REJECTIONS, (_, index) => word(FIRST_REJECTION + index)),
      alarms: ALARMS.flatMap(raised),
    };
  }
}

/** @param last when an alarm was raised last; 0: never */
const isFresh = (last: number, now: number): boolean => last > 0 && now - last <= ALARM_SECONDS;

export const shareCounters = (instances: number): SharedArrayBuffer => new SharedArrayBuffer(instances * WORDS * 4);

function record<Key extends string>(
  keys: readonly Key[],
  value: (key: Key, index: number) => number,
): Record<Key, number> {
  return Object.fromEntries(keys.map((key, index) => [key, value(key, index)])) as Record<Key, number>;
}
