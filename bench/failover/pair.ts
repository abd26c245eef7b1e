/** Two boxes with one virtual address and a client, in a lab of their own; both run Bascule, or both keepalived. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Host } from "../../src/lab/host.js";
import type { HostProcess } from "../../src/lab/host-process.js";
import { Lab } from "../../src/lab/lab.js";
import { runProbe, runWebServer } from "../../src/lab/programs.js";
import { cpuTime, residentMemory } from "../process-usage.js";

export const PROGRAMS = ["bascule", "keepalived"] as const;
export type Program = (typeof PROGRAMS)[number];

/** Seconds between advertisements: VRRPv2 at 1, VRRPv3 below. */
export const INTERVALS = [1, 0.1, 0.01] as const;

/** What happens to the master. */
export const EVENTS = {
  "clean stop": ({ program }: Node) => program.stop(),
  "box dies": ({ host }: Node) => host.kill(),
  "link is lost": ({ host }: Node) => host.unplug("eth0"),
} satisfies Record<string, (node: Node) => Promise<unknown>>;
export type EventName = keyof typeof EVENTS;

export interface Node {
  readonly host: Host;
  readonly program: HostProcess;
}

const CONF = "/etc/keepalived/keepalived.conf";
const VIRTUAL = "192.0.2.100";
const ENTRY = fileURLToPath(new URL("../../src/cli/entry.js", import.meta.url));
const COMMANDS: Readonly<Record<Program, readonly string[]>> = {
  bascule: [process.execPath, ENTRY, "keepalived"],
  keepalived: ["keepalived"],
};
const ELECTION_MS = 15_000;

const configuration = (interval: number, priority: number): string => `
vrrp_instance VI_1 {
    version ${interval < 1 ? 3 : 2}
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority ${priority}
    advert_int ${interval}
    virtual_ipaddress {
        ${VIRTUAL}/24
    }
}
`;

export class MeasuredPair {
  private constructor(
    readonly lab: Lab,
    readonly client: Host,
    readonly master: Node,
    readonly backup: Node,
  ) {}

  /** The first box is master when this resolves. */
  static async start(program: Program, interval: number): Promise<MeasuredPair> {
    const lab = await Lab.create({ name: "figures" });
    try {
      const box = (name: string, last: number): Promise<Host> =>
        lab.host(name, { interfaces: { eth0: { network: "lan", address: `192.0.2.${last}/24` } } });
      const [a, b, client] = await Promise.all([box("a", 11), box("b", 12), box("client", 13)]);
      await Promise.all([a, b].map((host) => runWebServer(host)));
      const master = startProgram(program, a, configuration(interval, 150));
      await until(() => a.holds(VIRTUAL), "a master");
      const backup = startProgram(program, b, configuration(interval, 100));
      await backup.program.waitForLine(/Entering BACKUP STATE/, ELECTION_MS);
      await sleep(2_000);
      return new MeasuredPair(lab, client, master, backup);
    } catch (error) {
      await lab.destroy();
      throw error;
    }
  }

  stop = (): Promise<void> => this.lab.destroy();

  /** @returns the longest time, in milliseconds, in which no request of the client succeeded. */
  async gapOf(event: EventName): Promise<number> {
    const probe = await runProbe(this.client, { url: `http://${VIRTUAL}/`, intervalMs: 4 });
    await sleep(500);
    const done = EVENTS[event](this.master);
    await until(() => this.backup.host.holds(VIRTUAL), "a take-over");
    await done;
    await sleep(1_500);
    return (await probe.stop()).longestGapMs;
  }

  /**
   * Memory of the master's processes, and the share of one processor that they take while nothing happens.
   * @param settle seconds before: what it costs to start is another question
   */
  async idleCost(seconds: number, settle: number): Promise<{ readonly mebibytes: number; readonly percent: number }> {
    await sleep(settle * 1000);
    const all = family(this.master.program.pid!);
    const sum = (of: (pid: number) => number): number => all.reduce((total, pid) => total + of(pid), 0);
    const before = sum(cpuTime);
    await sleep(seconds * 1000);
    return { mebibytes: sum(residentMemory) / 2 ** 20, percent: (sum(cpuTime) - before) / (seconds * 10_000) };
  }

  /** @returns how often the backup took over while every processor was busy; nothing was wrong with the master. */
  async falseFailOvers(seconds: number, processors: number): Promise<number> {
    for (let index = 0; index < processors; index++) this.client.start(["sh", "-c", "while :; do :; done"]);
    await sleep(seconds * 1000);
    return this.backup.program.output.match(/Entering MASTER STATE/g)?.length ?? 0;
  }
}

function startProgram(program: Program, host: Host, text: string): Node {
  host.writeFile(CONF, text);
  return { host, program: host.start([...COMMANDS[program], "-n", "-l", "-D", "-f", CONF]) };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + ELECTION_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`no ${what} within ${ELECTION_MS} ms`);
    await sleep(2);
  }
}

/** A process and its children, and theirs. */
function family(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1").split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(family)];
}
