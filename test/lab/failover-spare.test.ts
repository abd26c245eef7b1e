/** `kill -9` of what `bascule run` runs for fail-over: who goes on, and that nobody else need to. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Host } from "../../src/lab/host.js";
import type { HostProcess } from "../../src/lab/host-process.js";
import { Lab } from "../../src/lab/lab.js";
import { runProbe, runWebServer } from "../../src/lab/programs.js";
import { eventually, throughout } from "../support/eventually.js";
import { needsRoot } from "../support/root.js";

const ENTRY = fileURLToPath(new URL("../../src/cli/entry.js", import.meta.url));
const CONF = "/etc/keepalived/keepalived.conf";
const VIRTUAL = "192.0.2.100";
/** Elections, and two programs that start on a busy machine. */
const ELECTED = { deadlineMs: 20_000 };

class Box {
  constructor(
    readonly host: Host,
    readonly program: HostProcess,
  ) {}

  /** The process of that command line's first words. @throws if there is none */
  process(...words: readonly string[]): number {
    const parent = this.program.pid!;
    const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "latin1").split(" ").filter(Boolean);
    const found = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith(words.join("\0")));
    if (found === undefined) throw new Error(`no process ${words.join(" ")}`);
    return Number(found);
  }

  spare = (): number => this.process("bascule-spare");
  kill = (pid: number): boolean => process.kill(pid, "SIGKILL");

  /** Kills the process that is master, once another one is ready to take its place, which it then does. */
  async killMaster(): Promise<void> {
    const spare = await eventually(this.spare, () => true, ELECTED);
    this.kill(this.process("keepalived"));
    await eventually(() => this.process("keepalived"), spare);
  }
}

async function pair(t: TestContext): Promise<{ lab: Lab; a: Box; b: Box; client: Host }> {
  const lab = await Lab.create({ name: "spare" });
  t.after(() => lab.destroy());
  const make = (name: string, last: number): Promise<Host> =>
    lab.host(name, { interfaces: { eth0: { network: "lan", address: `192.0.2.${last}/24` } } });
  const [first, second, client] = await Promise.all([make("a", 11), make("b", 12), make("client", 13)]);
  await Promise.all([first, second].map((host) => runWebServer(host)));
  const a = new Box(first, start(first, 150));
  await eventually(() => first.holds(VIRTUAL), true, ELECTED);
  const b = new Box(second, start(second, 100));
  await b.program.waitForLine(/Entering BACKUP STATE/, ELECTED.deadlineMs);
  return { lab, a, b, client };
}

function start(host: Host, priority: number): HostProcess {
  host.writeFile(
    CONF,
    `vrrp_instance VI_1 {
       version 3
       interface eth0
       virtual_router_id 51
       priority ${priority}
       advert_int 0.5
       virtual_ipaddress {
         ${VIRTUAL}/24
       }
     }`,
  );
  return host.start([process.execPath, ENTRY, "run", "--control", "/run/bascule.sock", CONF]);
}

test("a spare fail-over process", { skip: needsRoot }, async (story) => {
  const { lab, a, b, client } = await pair(story);

  await story.test("takes the place of one that is killed, twice in a row, and clients notice nothing", async () => {
    const probe = await runProbe(client, { url: `http://${VIRTUAL}/` });
    for (let kill = 0; kill < 2; kill++) {
      await a.killMaster();
      await throughout(400, () => lab.holders(VIRTUAL), ["a"], 5);
    }
    const { longestGapMs } = await probe.stop();
    assert.ok(longestGapMs < 500, `the client's gap was ${longestGapMs} ms`);
    assert.doesNotMatch(b.program.output, /Entering MASTER STATE/);
    assert.equal(a.program.output.match(/Entering MASTER STATE/g)?.length, 3);
  });

  await story.test("is replaced when it is killed itself; killed along with the master, both come back", async () => {
    const first = await eventually(a.spare, () => true, ELECTED);
    a.kill(first);
    await throughout(300, () => lab.holders(VIRTUAL), ["a"], 5);
    const second = await eventually(a.spare, (pid) => pid !== first, ELECTED);
    a.kill(second);
    a.kill(a.process("keepalived"));
    await eventually(a.spare, (pid) => pid !== second, ELECTED);
    await eventually(() => lab.holders(VIRTUAL), ["a"]);
  });

  await story.test("takes the addresses away when its like has been killed too often in a row to go on", async () => {
    // Three in a row are replaced at once; on a slow machine a run may be long enough to be forgiven.
    for (let kill = 0; kill < 10 && !/restarting in/.test(a.program.output); kill++) {
      const before = killed(a);
      await eventually(a.spare, () => true, ELECTED);
      a.kill(
        await eventually(
          () => a.process("keepalived"),
          () => true,
          ELECTED,
        ),
      );
      await eventually(() => killed(a), before + 1);
    }
    await a.program.waitForLine(/the virtual addresses are removed/, ELECTED.deadlineMs);
    assert.equal(a.host.holds(VIRTUAL), false);
    await eventually(() => lab.holders(VIRTUAL), ["b"], ELECTED);
    await eventually(() => lab.holders(VIRTUAL), ["a"], ELECTED);
  });

  await story.test("ends with its supervisor, killed or not, and the other box takes over", async () => {
    const spare = await eventually(a.spare, () => true, ELECTED);
    a.program.kill("SIGKILL");
    await eventually(() => lab.holders(VIRTUAL), ["b"]);
    await eventually(() => isAlive(spare), false);
    const other = await eventually(b.spare, () => true, ELECTED);
    assert.equal((await b.program.stop()).code, 0);
    assert.deepEqual(lab.holders(VIRTUAL), []);
    await eventually(() => isAlive(other), false);
  });
});

const killed = ({ program }: Box): number => program.output.match(/was killed by SIGKILL: restarting/g)?.length ?? 0;

function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1").split(" ")[2] !== "Z";
  } catch {
    return false;
  }
}
