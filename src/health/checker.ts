/** Runs the checks of all servers on the control thread and says who went up or down. */
import type { Milliseconds } from "../config/units.js";
import { BackendHealth, type UsableServers } from "./backend-health.js";
import { backendDownLine, type ChangeLevel, serverDownLine, serverUpLine } from "./change-log.js";
import { type CheckResult, hasPassed } from "./check-result.js";
import type { CheckTarget } from "./check-target.js";
import type { BackendReport, HealthReport } from "./report.js";
import {
  afterCheck,
  downtime,
  type HealthState,
  type Instant,
  initialHealth,
  intervalUntilNext,
  statusText,
} from "./state.js";
import type { Probe } from "./tcp-check.js";

export interface HealthHooks {
  /** A server went up or down. Called before the lines about it are logged. */
  onChange(serverIndex: number, isUp: boolean, result: CheckResult): void;
  log(level: ChangeLevel, line: string): void;
  /** Sessions that a server carries now, for the log. */
  sessions(serverIndex: number): number;
}

/** What tests replace. */
export interface HealthEnvironment {
  readonly probe: Probe;
  now(): Instant;
}

/** The present state of one server's checks. */
interface Monitored {
  readonly target: CheckTarget;
  readonly index: number;
  state: HealthState;
  result: CheckResult | undefined;
  timer: NodeJS.Timeout | undefined;
  /** Abandons the check under way. */
  abandon: (() => void) | undefined;
}

export class HealthChecker {
  readonly #servers: readonly Monitored[];
  readonly #backends = new Map<number, BackendHealth>();
  readonly #hooks: HealthHooks;
  readonly #environment: HealthEnvironment;
  readonly #startedAt: Instant;

  /** @param targets all servers, checked or not, so that the log can say who is left; see `checkTargets` */
  constructor(targets: readonly CheckTarget[], hooks: HealthHooks, environment: HealthEnvironment) {
    this.#hooks = hooks;
    this.#environment = environment;
    this.#startedAt = environment.now();
    this.#servers = targets.map((target, index) => ({
      target,
      index,
      state: initialHealth(target.check ?? { rise: 1, fall: 1 }, this.#startedAt),
      result: undefined,
      timer: undefined,
      abandon: undefined,
    }));
    for (const { backendIndex } of targets) {
      const { active, backup } = this.#usable(backendIndex);
      this.#backends.set(backendIndex, new BackendHealth(active + backup > 0, this.#startedAt));
    }
  }

  /** Starts the first checks: the first at once, the others spread over their interval, lest they come in a burst. */
  start(): void {
    const checked = this.#servers.filter(({ target }) => target.check !== undefined && !target.disabled);
    for (const [position, server] of checked.entries()) {
      const interval = intervalUntilNext(server.state, server.target.check!);
      this.#schedule(server, Math.floor((interval * position) / checked.length) as Milliseconds);
    }
  }

  /** No hook is called after this. */
  stop(): void {
    for (const server of this.#servers) {
      clearTimeout(server.timer);
      server.abandon?.();
      server.timer = undefined;
      server.abandon = undefined;
    }
  }

  report(serverIndex: number): HealthReport {
    const { target, state, result, abandon } = this.#servers[serverIndex]!;
    const now = this.#environment.now();
    const changedFor = (now - state.changedAt) as Milliseconds;
    const check = target.check && {
      result,
      inProgress: abandon !== undefined,
      health: state.health,
      rise: target.check.rise,
      fall: target.check.fall,
      failed: state.failedChecks,
      downTransitions: state.downTransitions,
      // A server in maintenance is down too, though no check says so.
      downtime: target.disabled ? ((now - this.#startedAt) as Milliseconds) : downtime(state, now),
    };
    if (target.disabled) return { kind: "maintenance", status: "MAINT", isUp: false, changedFor, check };
    if (target.check === undefined || check === undefined)
      return { kind: "unchecked", status: "no check", isUp: true, changedFor };
    return { kind: "checked", status: statusText(state, target.check), isUp: state.isUp, changedFor, check };
  }

  /** @param backendIndex of a backend in the configuration; one without servers counts as up since the start */
  reportBackend(backendIndex: number): BackendReport {
    const now = this.#environment.now();
    const health = this.#backends.get(backendIndex);
    return {
      isUp: health?.isUp ?? true,
      changedFor: (now - (health?.changedAt ?? this.#startedAt)) as Milliseconds,
      downTransitions: health?.downTransitions ?? 0,
      downtime: health?.downtime(now) ?? (0 as Milliseconds),
      ...this.#usable(backendIndex),
    };
  }

  /** `clear counters all`: forgets how often checks failed and servers went down; states and times stay. */
  clearCounters(): void {
    for (const server of this.#servers) server.state = { ...server.state, failedChecks: 0, downTransitions: 0 };
    for (const backend of this.#backends.values()) backend.clearCounters();
  }

  #schedule(server: Monitored, delay: Milliseconds): void {
    server.timer = setTimeout(() => this.#check(server), delay);
  }

  #check(server: Monitored): void {
    const { check, connectBudget } = server.target;
    server.timer = undefined;
    server.abandon = this.#environment.probe(check!, connectBudget, (result) => {
      server.abandon = undefined;
      server.result = result;
      // Before the hooks, so that one of them can still stop everything.
      const { isUp } = server.state;
      server.state = afterCheck(server.state, hasPassed(result), check!, this.#environment.now());
      this.#schedule(server, intervalUntilNext(server.state, check!));
      if (server.state.isUp !== isUp) this.#announce(server, result);
    });
  }

  #announce({ target, index, state }: Monitored, result: CheckResult): void {
    this.#hooks.onChange(index, state.isUp, result);
    const name = `${target.backend}/${target.name}`;
    const usable = this.#usable(target.backendIndex);
    if (state.isUp) this.#hooks.log("notice", serverUpLine(name, result, usable));
    else this.#hooks.log("alert", serverDownLine(name, result, usable, this.#hooks.sessions(index)));
    const wentDown = this.#backends.get(target.backendIndex)!.update(usable, this.#environment.now());
    if (wentDown) this.#hooks.log("emerg", backendDownLine(target.backend));
  }

  #usable(backendIndex: number): UsableServers {
    let active = 0;
    let backup = 0;
    for (const { target, state } of this.#servers) {
      if (target.backendIndex !== backendIndex || target.disabled || !state.isUp || target.weight === 0) continue;
      if (target.backup) backup++;
      else active++;
    }
    return { active, backup };
  }
}
