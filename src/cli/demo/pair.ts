/** Two balancers, two web servers and a client in namespaces, with everything on them that the show needs. */
import { fileURLToPath } from "node:url";
import type { Host } from "../../lab/host.js";
import type { HostProcess } from "../../lab/host-process.js";
import type { Lab } from "../../lab/lab.js";
import { type RunningProbe, runProbe, runWebServer } from "../../lab/programs.js";
import type { Journal } from "./journal.js";
import { ADDRESSES, haproxyCfg, keepalivedConf, PRIORITIES, VIRTUAL_ADDRESS } from "./pair-configuration.js";
import type { Audience } from "./step.js";

const entry = fileURLToPath(new URL("../entry.js", import.meta.url));
const READY_MS = 15_000;

/** So that `bascule ctl status` works inside, whatever the installation of this machine is. */
const COMMAND = `#!/bin/sh\nexec '${process.execPath}' '${entry}' "$@"\n`;

export class Pair implements Audience {
  readonly servers = ["web1", "web2"];
  readonly #programs = new Map<string, HostProcess>();

  constructor(
    readonly lab: Lab,
    readonly journal: Journal,
  ) {}

  /** Boots all hosts, and starts the web servers. */
  async boot(): Promise<void> {
    await Promise.all(
      Object.entries(ADDRESSES).map(([name, address]) =>
        this.lab.host(name, { interfaces: { eth0: { network: "lan", address: `${address}/24` } } }),
      ),
    );
    for (const name of ["lb1", "lb2"] as const) {
      const host = this.lab.get(name);
      host.writeFile("/etc/haproxy/haproxy.cfg", haproxyCfg);
      host.writeFile("/etc/keepalived/keepalived.conf", keepalivedConf(PRIORITIES[name]));
      host.writeFile("/usr/local/bin/bascule", COMMAND, 0o755);
    }
    const servers = await Promise.all(this.servers.map((name) => runWebServer(this.lab.get(name))));
    for (const [index, program] of servers.entries()) this.journal.follow(this.servers[index]!, program);
  }

  /** Starts Bascule on a balancer. Resolves when it serves. */
  async startBascule(name: "lb1" | "lb2"): Promise<void> {
    const files = ["/etc/keepalived/keepalived.conf", "/etc/haproxy/haproxy.cfg"];
    const program = this.lab.get(name).start(["bascule", "run", ...files]);
    this.#programs.set(name, program);
    this.journal.follow(name, program);
    await program.waitForLine(/all parts are ready/, READY_MS);
  }

  /** Bascule's output on a balancer. */
  program(name: "lb1" | "lb2"): HostProcess {
    return this.#programs.get(name)!;
  }

  host(name: keyof typeof ADDRESSES): Host {
    return this.lab.get(name);
  }

  get holders(): string[] {
    return this.lab.holders(VIRTUAL_ADDRESS);
  }

  isHeldBy(name: string): boolean {
    const { holders } = this;
    return holders.length === 1 && holders[0] === name;
  }

  place(): string {
    const { holders } = this;
    return `${VIRTUAL_ADDRESS} on ${holders.length === 0 ? "no box" : holders.join(" and ")}`;
  }

  startProbe(): Promise<RunningProbe> {
    return runProbe(this.host("client"), { url: `http://${VIRTUAL_ADDRESS}/` });
  }
}
