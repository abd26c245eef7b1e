/** What may fail, as the files tell: each thing apart, and how it is mended. */
import type { SimulatedBox } from "./box.js";
import type { SimulatedCluster } from "./cluster.js";
import type { NamedConfiguration } from "./contradictions.js";
import { tellingValues } from "./telling-values.js";
import { trackersOf, wellBox } from "./well.js";

export interface Failure {
  readonly event: string;
  fail(box: SimulatedBox): void;
  recover(box: SimulatedBox): void;
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

/** Of one box: itself, and all that its instances and groups track. What is tracked with `reverse` fails by being there. */
export function failuresOf(box: NamedConfiguration, all: readonly NamedConfiguration[]): Failure[] {
  const { name, configuration } = box;
  const trackers = trackersOf(configuration);
  const well = wellBox(configuration);
  const scripts = new Set(trackers.flatMap((track) => track.scripts.map(({ script }) => script)));
  const processes = new Set(trackers.flatMap((track) => track.processes.map(({ process }) => process)));
  const files = new Set(trackers.flatMap((track) => track.files.map(({ file }) => file)));
  const links = new Set([
    ...configuration.instances.map((own) => own.interface).filter((device) => device !== undefined),
    ...trackers.flatMap((track) => track.interfaces.map((tracked) => tracked.interface)),
  ]);
  return [
    { event: `${name} is stopped`, fail: (one) => one.stop(), recover: (one) => one.start() },
    { event: `${name} dies`, fail: (one) => one.die(), recover: (one) => one.start() },
    ...[...scripts].map((script) => scriptFailure(script, well.scriptsFailing.has(script), `on ${name}`)),
    ...[...processes].map((process) => {
      const isGone = well.processesGone.has(process);
      const event = `${process} ${isGone ? "runs" : "ends"} on ${name}`;
      return toggle(event, isGone, (one, up) => one.setProcess(process, up));
    }),
    ...[...files].flatMap((file) =>
      tellingValues(file, box, all).map(
        (value): Failure => ({
          event: `${file} says ${value} on ${name}`,
          fail: (one) => one.setFile(file, value),
          recover: (one) => one.setFile(file, well.files.get(file) ?? 0),
        }),
      ),
    ),
    ...(trackers.some(({ proxy }) => proxy !== undefined)
      ? [
          toggle(`the proxy of ${name} ${well.isProxyGone ? "works" : "fails"}`, well.isProxyGone, (one, up) =>
            one.setProxy(up),
          ),
        ]
      : []),
    ...[...links].map((link) => {
      const isDown = well.linksDown.has(link);
      return toggle(`${name} ${isDown ? "gets" : "loses"} ${link}`, isDown, (one, up) => one.setLink(link, up));
    }),
  ];
}

/** What befalls all boxes at once: a script that each of them tracks, and the network between them. */
export function failuresOfAll(all: readonly NamedConfiguration[]): Failure[] {
  const [first, ...others] = all;
  if (first === undefined || others.length === 0) return [];
  const tracked = ({ configuration }: NamedConfiguration): string[] =>
    trackersOf(configuration).flatMap(({ scripts }) => scripts.map(({ script }) => script));
  const isReversed = (script: string): boolean => wellBox(first.configuration).scriptsFailing.has(script);
  const common = [...new Set(tracked(first))].filter((script) => others.every((box) => tracked(box).includes(script)));
  return [...common.map((script) => scriptFailure(script, isReversed(script), "everywhere")), CUT];
}

const scriptFailure = (script: string, isReversed: boolean, where: string): Failure =>
  toggle(`${script} ${isReversed ? "succeeds" : "fails"} ${where}`, isReversed, (box, succeeds) =>
    box.setScript(script, succeeds),
  );

/** @param failed what `set` is told when it fails; the contrary mends it */
const toggle = (event: string, failed: boolean, set: (box: SimulatedBox, up: boolean) => void): Failure => ({
  event,
  fail: (box) => set(box, failed),
  recover: (box) => set(box, !failed),
});
