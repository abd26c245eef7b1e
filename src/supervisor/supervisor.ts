/** Runs the parts of a configuration together: starts, watches, tells each what it must know of the other, stops. */
import type { InstanceStanding } from "./messages.js";
import { type Clock, type Launch, Part, type PartName } from "./part.js";

export interface SupervisorOptions {
  /** The parts that the configuration asks for. */
  readonly parts: Readonly<Partial<Record<PartName, Launch>>>;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  /** Every part serves, for the first time. */
  readonly onReady?: () => void;
}

/** So long the fail-over part may take to say where its instances stand. */
const REPORT_MS = 1_000;
/** So long the fail-over part waits at the start for a proxy that is about to serve. */
const PROXY_HEAD_START_MS = 5_000;

export class Supervisor {
  readonly parts: readonly Part[];
  readonly #options: SupervisorOptions;
  readonly #proxy: Part | undefined;
  readonly #failover: Part | undefined;
  readonly #startedAt: number;
  readonly #waiters = new Set<() => void>();
  #wasReady = false;
  #stopping = false;
  #toldReady: boolean | undefined;
  /** What the fail-over part has answered since it was asked last. */
  #standing: readonly InstanceStanding[] | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
    this.#proxy = this.#make("proxy");
    this.#failover = this.#make("failover");
    if (this.#proxy !== undefined) this.#proxy.onHealth = (message) => this.#failover?.process?.send(message);
    if (this.#failover !== undefined)
      this.#failover.onStanding = (instances) => {
        this.#standing = instances;
        this.#look();
      };
    this.parts = [this.#proxy, this.#failover].filter((part) => part !== undefined);
  }

  /** Whether the proxy takes connections; undefined if this supervisor runs none. */
  get proxyReady(): boolean | undefined {
    return this.#proxy === undefined ? undefined : this.#proxy.state.kind === "ready";
  }

  /** What a fail-over part that starts now must go on with as master. */
  get inheritance(): readonly string[] {
    return this.#failover?.inheritance ?? [];
  }

  /**
   * Starts the proxy, and the fail-over part once the proxy serves: a virtual address must not be held before there is
   * somebody to answer for it, and a check script's first look must not find a proxy that is merely young.
   */
  async start(): Promise<void> {
    this.#proxy?.start();
    if (this.#failover === undefined) return;
    await this.#until(() => this.#stopping || this.#proxy?.state.kind !== "starting", PROXY_HEAD_START_MS);
    if (!this.#stopping) this.#failover.start();
  }

  /**
   * Stops the fail-over part, then the proxy, so that the virtual addresses have moved before the listeners go away.
   * @param signal for the proxy: SIGTERM ends connections, SIGUSR1 lets them finish.
   */
  async stop(signal: "SIGTERM" | "SIGUSR1"): Promise<void> {
    const reason = "with the supervisor";
    this.#stopping = true;
    this.#failover?.stop("SIGTERM", reason);
    await this.#until(() => this.#failover?.process === undefined);
    this.#proxy?.stop(signal, reason);
    await this.#until(() => this.#proxy?.process === undefined);
  }

  /** Has the fail-over part read its files again. */
  reloadFailover(): void {
    this.#failover?.process?.kill("SIGHUP");
  }

  /** Starts, stops or restarts one part for an operator; resolves when that is done, with what became of it. */
  async command(verb: "start" | "stop" | "restart", name: PartName): Promise<{ ok: boolean; text: string }> {
    if (this.#stopping) return { ok: false, text: "the supervisor is stopping" };
    const part = this.parts.find((each) => each.name === name);
    if (part === undefined) return { ok: false, text: `no ${name} runs here: the configuration asks for none` };
    const reason = `by \`ctl ${verb}\``;
    if (verb !== "start") {
      part.stop("SIGTERM", reason);
      await this.#until(() => part.process === undefined);
    }
    if (verb !== "stop") {
      part.start();
      await this.#until(() => part.state.kind !== "starting");
    }
    const wanted = verb === "stop" ? "stopped" : "ready";
    return { ok: part.state.kind === wanted, text: this.describe(part) };
  }

  /** One line: `proxy     ready     pid 123, for 12 s, 0 restarts`. */
  describe(part: Part): string {
    const now = this.#options.clock.now();
    const { state } = part;
    const head = `${part.name.padEnd(8)}  ${state.kind.padEnd(8)}`;
    const restarts = `${part.restarts} restart${part.restarts === 1 ? "" : "s"}`;
    switch (state.kind) {
      case "starting":
      case "ready":
      case "stopping":
        return `${head}  pid ${state.process.pid}, for ${Math.round((now - state.since) / 1000)} s, ${restarts}`;
      case "waiting":
        return `${head}  restarts in ${Math.ceil((state.until - now) / 1000)} s, ${restarts}`;
      case "stopped":
      case "failed":
        return `${head}  ${state.reason.split("\n", 1)[0]}`;
      default:
        return unreachable(state);
    }
  }

  /** What runs, and where each VRRP instance stands, with its alarms. */
  async status(): Promise<string> {
    const standing = await this.#report();
    const uptime = Math.round((this.#options.clock.now() - this.#startedAt) / 1000);
    return [
      `bascule   pid ${process.pid}, for ${uptime} s`,
      ...this.parts.map((part) => this.describe(part)),
      ...standing,
    ].join("\n");
  }

  /** `VI_1  MASTER, priority 150`, and behind it a line for each alarm. */
  async #report(): Promise<string[]> {
    const part = this.#failover;
    if (part?.state.kind !== "ready") return [];
    this.#standing = undefined;
    part.process?.send({ kind: "report" });
    const heard = (): readonly InstanceStanding[] | undefined => this.#standing;
    await this.#until(() => heard() !== undefined || part.state.kind !== "ready", REPORT_MS);
    const standing = heard();
    if (standing === undefined) return ["the fail-over part does not say where its instances stand"];
    return standing.flatMap(({ name, state, priority, alarms }) => [
      `${name.padEnd(8)}  ${state}, priority ${priority}`,
      ...alarms.map((alarm) => `${" ".repeat(10)}ALARM: ${alarm}`),
    ]);
  }

  #make(name: PartName): Part | undefined {
    const launch = this.#options.parts[name];
    if (launch === undefined) return undefined;
    return new Part(name, launch, this.#options.clock, this.#options.log, () => this.#changed(name));
  }

  #changed(name: PartName): void {
    const ready = this.proxyReady;
    // A fail-over part that starts learns it from its environment, but the proxy may have changed meanwhile.
    const mustTell = ready !== this.#toldReady || (name === "failover" && this.#failover?.state.kind === "ready");
    if (ready !== undefined && mustTell) this.#failover?.process?.send({ kind: "proxy", ready });
    this.#toldReady = ready;
    if (!this.#wasReady && this.parts.every((part) => part.state.kind === "ready")) {
      this.#wasReady = true;
      this.#options.onReady?.();
    }
    this.#look();
  }

  #look(): void {
    for (const look of this.#waiters) look();
  }

  /** Resolves when `condition` holds, or after `limitMs`. Looks after each change of a part's state. */
  #until(condition: () => boolean, limitMs?: number): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiters.delete(look);
        cancel?.();
        resolve();
      };
      const look = (): void => {
        if (condition()) done();
      };
      const cancel = limitMs === undefined ? undefined : this.#options.clock.after(limitMs, done);
      this.#waiters.add(look);
    });
  }
}

function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
