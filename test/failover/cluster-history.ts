/**
 * The life of two to four boxes with their keepalived.conf, as a seed has it: two networks, a sync group over both or
 * none, tracked scripts and links. What fails may be the network of one member of a group alone.
 */
import { Diagnostics } from "../../src/config/diagnostics.js";
import { readKeepalived } from "../../src/config/keepalived/read.js";
import { fromSeconds, type Microseconds, microseconds } from "../../src/config/units.js";
import type { SimulatedBox } from "../../src/failover/simulation/box.js";
import { SimulatedCluster, type Travel } from "../../src/failover/simulation/cluster.js";
import type { NamedConfiguration } from "../../src/failover/simulation/contradictions.js";
import { Random } from "../fuzz/random.js";

const INCIDENTS = 14;
const LINKS = ["eth0", "eth1", "eth2"] as const;
const ADDRESSES = ["192.0.2.100", "203.0.113.100"] as const;
const DELAY = microseconds(200);

/** @throws if a promise of the protocol was broken. */
export function playClusterHistory(seed: number, tell: (line: string) => void = () => {}): void {
  new ClusterHistory(seed, tell).play();
}

/** What the files of all boxes have in common. */
interface Plan {
  readonly seconds: number;
  readonly version: 2 | 3;
  readonly isGrouped: boolean;
  readonly isUnicast: boolean;
  readonly preempt: boolean;
  readonly scriptWeight: number;
}

class ClusterHistory {
  readonly #random: Random;
  readonly #plan: Plan;
  readonly #priorities: readonly number[];
  readonly #cluster: SimulatedCluster;
  readonly #horizon: Microseconds;
  readonly #tell: (line: string) => void;
  #loss = 0;
  /** Boxes hear each other on a network if they are on the same island there. */
  readonly #islands = new Map<string, number>();

  constructor(seed: number, tell: (line: string) => void) {
    const random = new Random(seed);
    this.#random = random;
    this.#plan = somePlan(random);
    const count = 2 + random.below(3);
    const first = 100 + random.below(100);
    this.#priorities = Array.from({ length: count }, (_, index) => first - index * (1 + random.below(20)));
    const boxes = this.#priorities.map((priority, index) => box(this.#plan, priority, index, count));
    this.#cluster = new SimulatedCluster(boxes, this.#travel);
    // Start, script, down interval, and as long again for a better one that comes later.
    this.#horizon = microseconds(fromSeconds(10) + fromSeconds(12 * this.#plan.seconds));
    this.#tell = (line) => tell(`${(this.#cluster.now / 1e6).toFixed(6).padStart(12)} ${line}`);
    this.#tell(JSON.stringify({ ...this.#plan, priorities: this.#priorities }));
  }

  play(): void {
    for (let count = 0; count < INCIDENTS; count++) {
      this.#run(microseconds(this.#random.below(this.#horizon / this.#random.pick([2, 10, 50]))));
      this.#incident();
    }
    this.#epilogue();
  }

  readonly #travel: Travel = (from, to) => {
    const island = (instance: typeof from): number =>
      this.#islands.get(`${instance.box.name} ${instance.own.interface}`) ?? 0;
    const isLost = this.#loss > 0 && this.#random.below(100) < this.#loss;
    return island(from) !== island(to) || isLost ? [] : [DELAY];
  };

  #incident(): void {
    const box = this.#random.pick(this.#cluster.boxes);
    const link = this.#random.pick(LINKS);
    const [what, act] = this.#random.pick<[string, () => void]>([
      [`${box.name} dies`, () => box.isUp && box.die()],
      [`${box.name} stops`, () => box.isUp && box.stop()],
      [`${box.name} starts`, () => box.isUp || box.start()],
      [`${box.name} loses ${link}`, () => box.setLink(link, false)],
      [`${box.name} has ${link}`, () => box.setLink(link, true)],
      [`chk fails on ${box.name}`, () => box.setScript("chk", false)],
      [`chk succeeds on ${box.name}`, () => box.setScript("chk", true)],
      [`${box.name} is cut off on ${link}`, () => void this.#islands.set(`${box.name} ${link}`, this.#random.below(3))],
      [`no network is cut`, () => this.#islands.clear()],
      [`a storm`, () => this.#lose(this.#random.below(90))],
      [`calm`, () => this.#lose(0)],
    ]);
    this.#tell(what);
    act();
    this.#check();
  }

  #lose(percent: number): void {
    this.#loss = percent;
  }

  /** Everybody well: the best is master of everything, and stays it. */
  #epilogue(): void {
    this.#tell("all is well");
    this.#loss = 0;
    this.#islands.clear();
    for (const box of this.#cluster.boxes) {
      for (const link of LINKS) box.setLink(link, true);
      if (!box.isUp) box.start();
      box.setScript("chk", true);
    }
    this.#run(this.#horizon);
    const holders = this.#holders();
    const best = this.#cluster.boxes[0]!.name;
    if (holders.some((each) => each.length !== 1)) throw new Error(`held by ${JSON.stringify(holders)} at the end`);
    if (this.#plan.preempt && holders.flat().some((name) => name !== best))
      throw new Error(`held by ${JSON.stringify(holders)} at the end, and ${best} is better`);
    this.#cluster.runUntil(() => {
      if (this.#holders().join() !== holders.join()) throw new Error("somebody takes over, and all is well");
      return false;
    }, this.#horizon);
  }

  #run(duration: Microseconds): void {
    this.#cluster.runUntil(() => {
      this.#check();
      return false;
    }, duration);
  }

  #check(): void {
    for (const box of this.#cluster.boxes) {
      for (const { holds, isMaster, own } of box.instances)
        if (holds !== isMaster)
          throw new Error(`${own.name} of ${box.name} ${holds ? "holds" : "lacks"} its addresses`);
      const masters = box.instances.filter(({ isMaster }) => isMaster);
      if (this.#plan.isGrouped && masters.length % box.instances.length !== 0)
        throw new Error(`of the group in ${box.name} only ${masters[0]!.own.name} is master`);
      const down = box.instances.find(({ own, isMaster }) => isMaster && box.link(own.interface!) === "down");
      if (down !== undefined) throw new Error(`${down.own.name} of ${box.name} is master without its link`);
    }
  }

  #holders(): string[][] {
    return ADDRESSES.map((address) => this.#cluster.holders(address).map(({ name }: SimulatedBox) => name));
  }
}

const somePlan = (random: Random): Plan => {
  const version = random.pick([2, 3] as const);
  return {
    version,
    seconds: version === 2 ? 1 : random.pick([0.1, 1]),
    isGrouped: !random.oneIn(4),
    isUnicast: random.oneIn(3),
    preempt: !random.oneIn(3),
    scriptWeight: random.pick([0, 0, -30, 15]),
  };
};

function box(plan: Plan, priority: number, index: number, count: number): NamedConfiguration {
  const instance = (number: 1 | 2): string => {
    const network = number === 1 ? "192.0.2" : "203.0.113";
    const peers = Array.from({ length: count }, (_, other) => other).filter((other) => other !== index);
    return `
vrrp_instance VI_${number} {
    interface eth${number - 1}
    virtual_router_id 5${number}
    version ${plan.version}
    priority ${priority}
    advert_int ${plan.seconds}
    ${plan.preempt ? "" : "nopreempt"}
    ${
      plan.isUnicast
        ? `unicast_src_ip ${network}.${10 + index}
    unicast_peer {
        ${peers.map((other) => `${network}.${10 + other}`).join("\n        ")}
    }`
        : ""
    }
    track_script {
        chk weight ${number === 1 ? plan.scriptWeight : 0}
    }
    track_interface {
        eth2 weight -5
    }
    virtual_ipaddress {
        ${ADDRESSES[number - 1]}
    }
}`;
  };
  const group = "vrrp_sync_group G {\n group {\n VI_1\n VI_2\n }\n}";
  const script = "vrrp_script chk {\n script /bin/true\n interval 1\n fall 2\n rise 2\n}";
  const text = `${script}\n${plan.isGrouped ? group : ""}${instance(1)}${instance(2)}`;
  const diagnostics = new Diagnostics();
  const name = `lb${index + 1}`;
  const configuration = readKeepalived([{ path: `${name}.conf`, text }], diagnostics);
  if (diagnostics.hasErrors) throw new Error(diagnostics.all.map(({ message }) => message).join("\n"));
  return { name, configuration };
}
