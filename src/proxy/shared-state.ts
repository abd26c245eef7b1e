/**
 * What workers, health checks and the admin socket share, in memory: each server's state, current and greatest numbers
 * of connections (atomic, so `leastconn` is exact over all workers), and cumulative counters (one block a worker,
 * written without locks by it alone, added up by whoever reads).
 */

/** Cumulative counters of a frontend, backend or server. Names of the CSV fields stand beside (management.txt §9.1). */
export const Counter = {
  /** stot */
  sessions: 0,
  /** bin */
  bytesIn: 1,
  /** bout */
  bytesOut: 2,
  /** dreq */
  deniedRequests: 3,
  /** dresp */
  deniedResponses: 4,
  /** ereq */
  requestErrors: 5,
  /** econ: requests that found no connection to a server, after all attempts */
  connectErrors: 6,
  /** eresp */
  responseErrors: 7,
  /** wretr */
  retries: 8,
  /** wredis */
  redispatches: 9,
  /** hrsp_1xx … hrsp_5xx, hrsp_other stand in a row */
  responses1xx: 10,
  responses2xx: 11,
  responses3xx: 12,
  responses4xx: 13,
  responses5xx: 14,
  responsesOther: 15,
  /** req_tot */
  requests: 16,
  /** cli_abrt */
  clientAborts: 17,
  /** srv_abrt */
  serverAborts: 18,
  /** lbtot */
  loadBalanced: 19,
  /** connect: attempts to connect to a server */
  connects: 20,
  /** reuse: requests sent on a connection that was there already */
  reuses: 21,
  /** conn_tot of a frontend: connections accepted */
  connections: 22,
  /** Sliding sums over the last 1,024 requests, in milliseconds × 1,024: qtime, ctime, rtime, ttime. */
  queueTime: 23,
  connectTime: 24,
  responseTime: 25,
  totalTime: 26,
  /** dcon */
  deniedConnections: 27,
  /** The greatest of each of the sliding times, in their order: qtime_max, ctime_max, rtime_max, ttime_max. */
  longestQueueTime: 28,
  longestConnectTime: 29,
  longestResponseTime: 30,
  longestTotalTime: 31,
} as const;

const COUNTERS = 32;
/** From a sliding time to the greatest there was. */
const LONGEST = Counter.longestQueueTime - Counter.queueTime;

/** Shared numbers that change up and down, or that the control plane decides. */
export const Gauge = {
  /** scur */
  current: 0,
  /** smax */
  highest: 1,
  /** Round robin's place in its schedule (backends). */
  turn: 2,
  /** Changes when a server of the backend changes state or weight, so that workers work out their schedules anew. */
  generation: 3,
  /** Servers: 1 may take traffic, 0 may not. */
  usable: 4,
  /** Servers: weight in force. */
  weight: 5,
  /** Second of the wall clock of the last session; 0: none yet. */
  lastSession: 6,
  /** Servers: idle connections of all workers, where `pool-max-conn` limits them. */
  idle: 7,
  /** qcur: of a backend those that wait for any server, of a server those that wait for this one. */
  queued: 8,
  /** qmax */
  mostQueued: 9,
  /** Frontends, listeners with a limit, and the process: listeners that wait until it is not full any more. */
  awaited: 10,
} as const;

const GAUGES = 11;

export interface StateLayout {
  readonly workers: number;
  readonly frontends: number;
  readonly backends: number;
  /** Servers of all backends. */
  readonly servers: number;
  /** Listeners that have a limit of their own (`bind … maxconn`); absent: none. */
  readonly listeners?: number;
}

/** What a worker needs to see the same memory; crosses threads by structured clone. */
export interface SharedStateHandle {
  readonly layout: StateLayout;
  readonly gauges: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
  /** What each worker has in `Gauge.current`. */
  readonly shares: SharedArrayBuffer;
}

/**
 * An entity's number: frontends come first, then backends, the servers of all backends in order, the listeners that have
 * a limit, and the process.
 */
export type Entity = number;

export class SharedState {
  readonly layout: StateLayout;
  readonly entities: number;
  readonly gauges: Int32Array;
  readonly counters: Float64Array;
  /** This worker's share of each entity's current number: written without locks by it alone. */
  readonly #share: Int32Array;

  /** @param worker whose eyes these are; undefined: the control thread's */
  constructor(
    readonly handle: SharedStateHandle,
    worker?: number,
  ) {
    this.layout = handle.layout;
    this.entities = entitiesOf(handle.layout);
    this.gauges = new Int32Array(handle.gauges);
    this.counters = new Float64Array(handle.counters);
    this.#share = worker === undefined ? new Int32Array(this.entities) : this.#shareOf(worker);
  }

  static create(layout: StateLayout): SharedState {
    const entities = entitiesOf(layout);
    return new SharedState({
      layout,
      gauges: new SharedArrayBuffer(Math.max(1, entities * GAUGES) * 4),
      counters: new SharedArrayBuffer(Math.max(1, layout.workers * entities * COUNTERS) * 8),
      shares: new SharedArrayBuffer(layout.workers * shareSize(entities)),
    });
  }

  frontend(index: number): Entity {
    return index;
  }

  backend(index: number): Entity {
    return this.layout.frontends + index;
  }

  /** @param index over the servers of all backends, in the order of the configuration */
  server(index: number): Entity {
    return this.layout.frontends + this.layout.backends + index;
  }

  /** @param index over the listeners with a limit of all frontends, in the order of the configuration */
  listener(index: number): Entity {
    return this.server(this.layout.servers) + index;
  }

  /** The process as a whole: its current number of client connections. */
  get process(): Entity {
    return this.entities - 1;
  }

  gauge(entity: Entity, gauge: number): number {
    return Atomics.load(this.gauges, entity * GAUGES + gauge);
  }

  setGauge(entity: Entity, gauge: number, value: number): void {
    Atomics.store(this.gauges, entity * GAUGES + gauge, value);
  }

  /** Adds to a gauge; returns what it was before. */
  addGauge(entity: Entity, gauge: number, difference: number): number {
    return Atomics.add(this.gauges, entity * GAUGES + gauge, difference);
  }

  /** One more session of this worker now; keeps `highest` up to date. Returns the number with it. */
  enter(entity: Entity): number {
    this.#share[entity]! += 1;
    return this.raise(entity, Gauge.current, Gauge.highest);
  }

  /** Adds 1 to a gauge, and keeps another one at the greatest value that it has had. Returns what it is now. */
  raise(entity: Entity, gauge: number, highestGauge: number): number {
    const current = this.addGauge(entity, gauge, 1) + 1;
    this.#keepHighest(entity, highestGauge, current);
    return current;
  }

  /** One more session of another worker, which calls `own` when it takes it. */
  enterForAnother(entity: Entity): void {
    this.raise(entity, Gauge.current, Gauge.highest);
  }

  own(entity: Entity): void {
    this.#share[entity]! += 1;
  }

  /** One more session, unless there are `limit` already. `highest` is left to `noteHighest`. */
  tryEnter(entity: Entity, limit: number): boolean {
    const at = entity * GAUGES + Gauge.current;
    for (let current = Atomics.load(this.gauges, at); current < limit; ) {
      const seen = Atomics.compareExchange(this.gauges, at, current, current + 1);
      if (seen === current) {
        this.#share[entity]! += 1;
        return true;
      }
      current = seen;
    }
    return false;
  }

  noteHighest(entity: Entity): void {
    this.#keepHighest(entity, Gauge.highest, this.gauge(entity, Gauge.current));
  }

  leave(entity: Entity): void {
    this.#share[entity]! -= 1;
    Atomics.sub(this.gauges, entity * GAUGES + Gauge.current, 1);
  }

  /** The sessions of a worker that is no more are none. */
  forget(worker: number): void {
    const share = this.#shareOf(worker);
    for (let entity = 0; entity < this.entities; entity++) this.addGauge(entity, Gauge.current, -share[entity]!);
    share.fill(0);
  }

  #shareOf(worker: number): Int32Array {
    return new Int32Array(this.handle.shares, worker * shareSize(this.entities), this.entities);
  }

  #keepHighest(entity: Entity, gauge: number, value: number): void {
    const at = entity * GAUGES + gauge;
    let highest = Atomics.load(this.gauges, at);
    while (value > highest) {
      const seen = Atomics.compareExchange(this.gauges, at, highest, value);
      if (seen === highest) return;
      highest = seen;
    }
  }

  /** Where a worker's counters of an entity begin in `counters`. */
  counterBase(worker: number, entity: Entity): number {
    return (worker * this.entities + entity) * COUNTERS;
  }

  /** A counter over all workers. */
  total(entity: Entity, counter: number): number {
    let sum = 0;
    for (let worker = 0; worker < this.layout.workers; worker++)
      sum += this.counters[this.counterBase(worker, entity) + counter]!;
    return sum;
  }

  /** The mean of a sliding sum over the workers that have one, in milliseconds. */
  averageTime(entity: Entity, counter: number): number {
    let sum = 0;
    let seen = 0;
    for (let worker = 0; worker < this.layout.workers; worker++) {
      const value = this.counters[this.counterBase(worker, entity) + counter]!;
      if (value === 0) continue;
      sum += value / 1024;
      seen++;
    }
    return seen === 0 ? 0 : Math.round(sum / seen);
  }

  /** The greatest that any worker has seen of a sliding time, in milliseconds. */
  longestTime(entity: Entity, counter: number): number {
    let longest = 0;
    for (let worker = 0; worker < this.layout.workers; worker++)
      longest = Math.max(longest, this.counters[this.counterBase(worker, entity) + counter + LONGEST]!);
    return longest;
  }

  clearCounters(): void {
    this.counters.fill(0);
  }

  /** The greatest numbers and times begin anew. */
  clearGreatest(): void {
    for (let entity = 0; entity < this.entities; entity++) {
      this.setGauge(entity, Gauge.highest, this.gauge(entity, Gauge.current));
      this.setGauge(entity, Gauge.mostQueued, this.gauge(entity, Gauge.queued));
      for (let worker = 0; worker < this.layout.workers; worker++) {
        const base = this.counterBase(worker, entity);
        this.counters.fill(0, base + Counter.longestQueueTime, base + Counter.longestTotalTime + 1);
      }
    }
  }
}

/** Bytes of one worker's shares, in cache lines of its own. */
const shareSize = (entities: number): number => Math.ceil((entities * 4) / 64) * 64;

const entitiesOf = ({ frontends, backends, servers, listeners = 0 }: StateLayout): number =>
  frontends + backends + servers + listeners + 1;

/** One worker's view of one entity's counters: plain additions, for nobody else writes there. */
export class EntityCounters {
  readonly #values: Float64Array;
  readonly #base: number;

  constructor(state: SharedState, worker: number, entity: Entity) {
    this.#values = state.counters;
    this.#base = state.counterBase(worker, entity);
  }

  add(counter: number, amount: number): void {
    this.#values[this.#base + counter]! += amount;
  }

  /** Slides a time (milliseconds) into one of the averages over 1,024 requests, and keeps the greatest. */
  slide(counter: number, time: number): void {
    const at = this.#base + counter;
    const sum = this.#values[at]!;
    this.#values[at] = sum === 0 ? time * 1024 : sum - sum / 1024 + time;
    if (time > this.#values[at + LONGEST]!) this.#values[at + LONGEST] = time;
  }

  /**
   * The times of one request, in milliseconds: in queues, until connected, until the response began (TCP: 0), and in all.
   * As in HAProxy, only those count that came so far as to have each.
   */
  countTimes(queue: number, connect: number, response: number, total: number): void {
    this.slide(Counter.queueTime, queue);
    this.slide(Counter.connectTime, connect);
    this.slide(Counter.responseTime, response);
    this.slide(Counter.totalTime, total);
  }
}
