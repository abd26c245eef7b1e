/** One balancer over two web servers on the loopback address, as processes of whoever runs the demonstration. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { HostProcess } from "../../lab/host-process.js";
import type { ProbeSummary } from "../../lab/probe.js";
import type { RunningProbe } from "../../lab/programs.js";
import { freePorts, startLocally } from "./local-program.js";
import type { Stage } from "./stage.js";
import type { Audience } from "./step.js";

const CHECK_INTERVAL_MS = 500;
const FALL = 2;
const RISE = 2;
const READY_MS = 15_000;

const entry = fileURLToPath(new URL("../entry.js", import.meta.url));
const labProgram = (name: string): string => fileURLToPath(new URL(`../../lab/${name}`, import.meta.url));

/** What the configuration promises, in milliseconds. */
export const promises = {
  /** The first check may come up to one interval after the event. */
  serverLeaves: FALL * CHECK_INTERVAL_MS,
  serverReturns: RISE * CHECK_INTERVAL_MS,
} as const;

export interface Ports {
  readonly www: number;
  readonly web1: number;
  readonly web2: number;
}

export const haproxyCfg = ({ www, web1, web2 }: Ports, statsSocket: string): string => `global
    stats socket ${statsSocket}

defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 30s

frontend www
    bind 127.0.0.1:${www}
    default_backend web

backend web
    balance roundrobin
    default-server check inter ${CHECK_INTERVAL_MS}ms fall ${FALL} rise ${RISE}
    server web1 127.0.0.1:${web1}
    server web2 127.0.0.1:${web2}
`;

export class Single implements Audience {
  readonly servers = ["web1", "web2"];
  readonly haproxyCfg: string;
  readonly statsSocket: string;
  readonly controlSocket: string;
  readonly #programs = new Map<string, HostProcess>();

  constructor(
    readonly stage: Stage,
    readonly ports: Ports,
  ) {
    const { folder } = stage.journal;
    this.statsSocket = join(folder, "haproxy.sock");
    this.controlSocket = join(folder, "bascule.sock");
    this.haproxyCfg = haproxyCfg(ports, this.statsSocket);
  }

  static async prepare(stage: Stage): Promise<Single> {
    const [www, web1, web2] = (await freePorts(3)) as [number, number, number];
    return new Single(stage, { www, web1, web2 });
  }

  async start(): Promise<void> {
    const file = join(this.stage.journal.folder, "haproxy.cfg");
    writeFileSync(file, this.haproxyCfg);
    await Promise.all([this.startServer("web1"), this.startServer("web2")]);
    const program = this.#run("lb", entry, ["run", "--control", this.controlSocket, file]);
    await program.waitForLine(/all parts are ready/, READY_MS);
  }

  async startServer(name: "web1" | "web2"): Promise<void> {
    const where = ["--address", "127.0.0.1", "--port", `${this.ports[name]}`];
    await this.#run(name, labProgram("web-server-main.js"), ["--name", name, ...where]).waitForLine(/^ready/, READY_MS);
  }

  program(name: "lb" | "web1" | "web2"): HostProcess {
    return this.#programs.get(name)!;
  }

  get url(): string {
    return `http://127.0.0.1:${this.ports.www}/`;
  }

  place(): string {
    return "";
  }

  async startProbe(): Promise<RunningProbe> {
    const program = startLocally("client", labProgram("probe-main.js"), ["--url", this.url]);
    this.stage.onEnd(() => program.stop());
    await program.waitForLine(/^\{"probing"/, READY_MS);
    return {
      process: program,
      stop: async () => {
        program.kill("SIGTERM");
        const { text } = await program.waitForLine(/^\{"summary"/, READY_MS);
        return (JSON.parse(text) as { summary: ProbeSummary }).summary;
      },
    };
  }

  #run(name: string, script: string, args: readonly string[]): HostProcess {
    const program = startLocally(name, script, args);
    this.stage.onEnd(() => program.stop());
    this.stage.journal.follow(name, program);
    this.#programs.set(name, program);
    return program;
  }
}
