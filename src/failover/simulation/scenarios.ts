/** What happens if each thing fails, one at a time: played on fresh clusters, from a start at which all is well. */
import { fromSeconds, type Microseconds, microseconds } from "../../config/units.js";
import { masterDownInterval } from "../timers.js";
import type { SimulatedBox } from "./box.js";
import { SimulatedCluster } from "./cluster.js";
import type { NamedConfiguration } from "./contradictions.js";
import { type Failure, failuresOf, failuresOfAll } from "./failures.js";

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
    failuresOf(box, boxes).map((failure) => play(boxes, [index], failure, horizon)),
  );
  const everywhere = failuresOfAll(boxes).map((failure) => play(boxes, [...boxes.keys()], failure, horizon));
  return [first, ...failures, ...everywhere];
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
