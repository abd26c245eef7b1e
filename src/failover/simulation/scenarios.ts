/** What happens if each thing fails, one at a time: played on fresh clusters, from a start at which all is well. */
import type { VrrpInstance } from "../../config/keepalived/model.js";
import { fromSeconds, type Microseconds, microseconds } from "../../config/units.js";
import { masterDownInterval } from "../timers.js";
import type { SimulatedBox } from "./box.js";
import { SimulatedCluster } from "./cluster.js";
import type { NamedConfiguration } from "./contradictions.js";

/** One virtual address and who holds it, in the order of `SimulatedCluster.boxes`. */
export interface Holding {
  readonly address: string;
  readonly holders: readonly string[];
  /** Since the event; undefined: it has been so all the time. */
  readonly after: Microseconds | undefined;
}

export interface Scenario {
  /** `lb1 dies`, `chk_haproxy fails on lb1` */
  readonly event: string;
  readonly holdings: readonly Holding[];
  /** Once what failed is well again; undefined: it cannot be. */
  readonly recovery: readonly Holding[] | undefined;
}

interface Failure {
  readonly event: string;
  fail(box: SimulatedBox): void;
  recover(box: SimulatedBox): void;
}

/** The first scenario is the start of all boxes at once. */
export function playScenarios(boxes: readonly NamedConfiguration[]): Scenario[] {
  const start = new SimulatedCluster(boxes);
  const horizon = horizonOf(boxes);
  const first: Scenario = {
    event: "all boxes start",
    holdings: observe(start, () => {}, horizon),
    recovery: undefined,
  };
  const failures = boxes.flatMap((box, index) =>
    failuresOf(box).map((failure) => play(boxes, [index], failure, horizon)),
  );
  const everywhere = [...scriptsEverywhere(boxes), ...(boxes.length > 1 ? [CUT] : [])];
  return [first, ...failures, ...everywhere.map((failure) => play(boxes, [...boxes.keys()], failure, horizon))];
}

/** Links are up, and a switch in between is not: a split brain, unless there is another path. */
const CUT: Failure = {
  event: "the boxes do not hear each other",
  fail: ({ cluster }) => cut(cluster, true),
  recover: ({ cluster }) => cut(cluster, false),
};

function cut(cluster: SimulatedCluster, isCut: boolean): void {
  cluster.isCut = isCut;
}

function play(
  boxes: readonly NamedConfiguration[],
  on: readonly number[],
  failure: Failure,
  horizon: Microseconds,
): Scenario {
  const cluster = new SimulatedCluster(boxes);
  cluster.run(horizon);
  const each = (what: (box: SimulatedBox) => void) => () => on.forEach((index) => void what(cluster.boxes[index]!));
  awaitAdvertisement(cluster, horizon);
  const holdings = observe(cluster, each(failure.fail), horizon);
  awaitAdvertisement(cluster, horizon);
  const recovery = observe(cluster, each(failure.recover), horizon);
  return { event: failure.event, holdings, recovery };
}

/** Right behind an advertisement the others wait as long for the next as they can. */
function awaitAdvertisement(cluster: SimulatedCluster, horizon: Microseconds): void {
  const masters = cluster.instances.filter(({ isMaster }) => isMaster);
  cluster.runUntil(() => masters.some(({ sentAt }) => sentAt === cluster.now), horizon);
}

/** Lets it happen and waits until nothing moves any more. */
function observe(cluster: SimulatedCluster, event: () => void, horizon: Microseconds): Holding[] {
  const addresses = [...new Set(cluster.instances.flatMap(({ own }) => own.addresses.map(({ address }) => address)))];
  const start = cluster.now;
  const now = (): string[] =>
    addresses.map((address) =>
      cluster
        .holders(address)
        .map(({ name }) => name)
        .join(" "),
    );
  let seen = now();
  const since: (Microseconds | undefined)[] = addresses.map(() => undefined);
  event();
  cluster.runUntil(() => {
    const present = now();
    for (const [index, holders] of present.entries())
      if (holders !== seen[index]) since[index] = microseconds(cluster.now - start);
    seen = present;
    return false;
  }, horizon);
  return addresses.map((address, index) => ({
    address,
    holders: seen[index] === "" ? [] : seen[index]!.split(" "),
    after: since[index],
  }));
}

/** After so long nothing moves of itself any more. */
function horizonOf(boxes: readonly NamedConfiguration[]): Microseconds {
  const instances = boxes.flatMap(({ configuration }) => configuration.instances);
  const scripts = boxes.flatMap(({ configuration }) => configuration.scripts);
  const down = Math.max(0, ...instances.map((own) => masterDownInterval(own, 1, own.advertInterval)));
  const delay = Math.max(0, ...instances.map(({ preemptDelay }) => preemptDelay));
  const check = Math.max(0, ...scripts.map(({ interval, rise, fall }) => interval * Math.max(rise, fall)));
  return microseconds(3 * down + delay + check + fromSeconds(1));
}

function failuresOf({ name, configuration }: NamedConfiguration): Failure[] {
  const { instances, syncGroups } = configuration;
  const trackers = [...instances, ...syncGroups].map(({ track }) => track);
  const scripts = new Set(trackers.flatMap((track) => track.scripts.map(({ script }) => script)));
  const processes = new Set(trackers.flatMap((track) => track.processes.map(({ process }) => process)));
  const links = new Set([
    ...instances.map((own) => own.interface).filter((device) => device !== undefined),
    ...trackers.flatMap((track) => track.interfaces.map((tracked) => tracked.interface)),
  ]);
  return [
    { event: `${name} is stopped`, fail: (box) => box.stop(), recover: (box) => box.start() },
    { event: `${name} dies`, fail: (box) => box.die(), recover: (box) => box.start() },
    ...[...scripts].map((script) => scriptFailure(script, `${script} fails on ${name}`)),
    ...[...processes].map(
      (process): Failure => ({
        event: `${process} ends on ${name}`,
        fail: (box) => box.setProcess(process, false),
        recover: (box) => box.setProcess(process, true),
      }),
    ),
    ...(trackers.some(({ proxy }) => proxy !== undefined)
      ? [
          {
            event: `the proxy of ${name} fails`,
            fail: (box) => box.setProxy(false),
            recover: (box) => box.setProxy(true),
          } satisfies Failure,
        ]
      : []),
    ...[...links].map(
      (link): Failure => ({
        event: `${name} loses ${link}`,
        fail: (box) => box.setLink(link, false),
        recover: (box) => box.setLink(link, true),
      }),
    ),
  ];
}

const scriptFailure = (script: string, event: string): Failure => ({
  event,
  fail: (box) => box.setScript(script, false),
  recover: (box) => box.setScript(script, true),
});

/** With a script of weight 0 failing on all boxes nobody is left. */
function scriptsEverywhere(boxes: readonly NamedConfiguration[]): Failure[] {
  const tracked = ({ configuration }: NamedConfiguration): string[] =>
    [...configuration.instances, ...configuration.syncGroups].flatMap(({ track }: Pick<VrrpInstance, "track">) =>
      track.scripts.map(({ script }) => script),
    );
  const [first, ...others] = boxes;
  if (first === undefined || others.length === 0) return [];
  return [...new Set(tracked(first))]
    .filter((script) => others.every((box) => tracked(box).includes(script)))
    .map((script) => scriptFailure(script, `${script} fails everywhere`));
}
