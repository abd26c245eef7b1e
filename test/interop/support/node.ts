/** A node of a pair on which Bascule runs the article's files, in one of the two ways that users run it. */
import { fileURLToPath } from "node:url";
import type { Host } from "../../../src/lab/host.js";
import type { HostProcess } from "../../../src/lab/host-process.js";

export const KEEPALIVED_CONF = "/etc/keepalived/keepalived.conf";
export const HAPROXY_CFG = "/etc/haproxy/haproxy.cfg";

/** This build's program; `bin/bascule` imports the same module. */
const ENTRY = fileURLToPath(new URL("../../../src/cli/entry.js", import.meta.url));
const bascule = (...words: readonly string[]): string[] => [process.execPath, ENTRY, ...words];

/** One supervisor for both parts, or a process in the place of each program. */
export const MANNERS = ["run as one program", "in the places of haproxy and keepalived"] as const;
export type Manner = (typeof MANNERS)[number];

/** Two nodes start at a time, on a busy machine. */
const START_DEADLINE_MS = 15_000;

export interface PairNode {
  readonly host: Host;
  /** Everything; resolves when VRRP has begun, and the proxy serves. */
  start(): Promise<void>;
  /** Everything, as an operator does; resolves when no process is left. @throws if one did not end with 0. */
  stop(): Promise<void>;
  /** What all its programs have written so far. */
  output(): string;
  /** The first line of the fail-over part's log that matches, past or to come. @throws after 5 s. */
  waitForLine(pattern: RegExp): Promise<unknown>;
}

/** A node with both parts. */
export interface BalancerNode extends PairNode {
  stopProxy(): Promise<void>;
  startProxy(): Promise<void>;
  stopFailover(): Promise<void>;
  startFailover(): Promise<void>;
}

export function basculeNode(host: Host, manner: Manner): BalancerNode {
  return manner === "run as one program" ? new SupervisedNode(host) : new DropInNode(host);
}

/** `bascule run`, and `bascule ctl` for its parts. */
class SupervisedNode implements BalancerNode {
  #supervisor: HostProcess | undefined;

  constructor(readonly host: Host) {}

  async start(): Promise<void> {
    const supervisor = this.host.start(bascule("run", KEEPALIVED_CONF, HAPROXY_CFG));
    this.#supervisor = supervisor;
    await supervisor.waitForLine(/all parts are ready/, START_DEADLINE_MS);
  }

  async stop(): Promise<void> {
    await mustStop(this.#supervisor!);
  }

  stopProxy = (): Promise<void> => this.#ctl("stop", "proxy");
  startProxy = (): Promise<void> => this.#ctl("start", "proxy");
  stopFailover = (): Promise<void> => this.#ctl("stop", "failover");
  startFailover = (): Promise<void> => this.#ctl("start", "failover");

  output = (): string => this.#supervisor?.output ?? "";
  waitForLine = (pattern: RegExp) => this.#supervisor!.waitForLine(pattern);

  async #ctl(...words: readonly string[]): Promise<void> {
    await this.host.mustRun(bascule("ctl", ...words), { timeoutMs: START_DEADLINE_MS });
  }
}

/** `bascule haproxy` and `bascule keepalived`, with the flags that service managers give to the originals. */
class DropInNode implements BalancerNode {
  readonly #failover: FailoverNode;
  #proxy: HostProcess | undefined;

  constructor(readonly host: Host) {
    this.#failover = new FailoverNode(host, "bascule");
  }

  async start(): Promise<void> {
    await this.startProxy();
    await this.startFailover();
  }

  async stop(): Promise<void> {
    await this.stopFailover();
    await this.stopProxy();
  }

  startProxy = async (): Promise<void> => {
    this.#proxy = this.host.start(bascule("haproxy", "-f", HAPROXY_CFG, "-db"));
    await this.#proxy.waitForLine(/Proxy \S+ started\./, START_DEADLINE_MS);
  };

  stopProxy = (): Promise<void> => mustStop(this.#proxy!);
  startFailover = (): Promise<void> => this.#failover.start();
  stopFailover = (): Promise<void> => this.#failover.stop();

  output = (): string => `${this.#proxy?.output ?? ""}\n${this.#failover.output()}`;
  waitForLine = (pattern: RegExp) => this.#failover.waitForLine(pattern);
}

/** The fail-over part alone: Bascule's in keepalived's place, or the real one. */
export class FailoverNode implements PairNode {
  #program: HostProcess | undefined;

  constructor(
    readonly host: Host,
    readonly name: "bascule" | "keepalived",
  ) {}

  async start(): Promise<void> {
    const command = this.name === "bascule" ? bascule("keepalived") : ["keepalived"];
    this.#program = this.host.start([...command, "-n", "-l", "-D", "-f", KEEPALIVED_CONF]);
    await this.#program.waitForLine(/\) Entering (BACKUP|FAULT) STATE/, START_DEADLINE_MS);
  }

  stop = (): Promise<void> => mustStop(this.#program!);
  output = (): string => this.#program?.output ?? "";
  waitForLine = (pattern: RegExp) => this.#program!.waitForLine(pattern);
}

/** SIGTERM. @throws if the program does not end by itself, with 0, within 5 s. */
async function mustStop(program: HostProcess): Promise<void> {
  const { code, signal } = await program.stop();
  if (code !== 0) throw new Error(`${program.title}: ended with ${code ?? signal}; its output:\n${program.output}`);
}

/** What a host's kernel holds of a load balancer; whatever differs after a stop was left behind. */
export async function footprint(host: Host): Promise<unknown> {
  const questions = [
    ["ip", "rule"],
    ["ip", "route", "show", "table", "all"],
    ["nft", "list", "ruleset"],
  ];
  const addresses = (await host.addresses()).filter(({ scope }) => scope !== "link");
  const answers = await Promise.all(questions.map((argv) => host.mustRun(argv)));
  return [addresses, ...answers.map((text) => text.split("\n").filter((line) => !line.includes("fe80::")))];
}
