/** A box while all is well: everything that it tracks is as its file wants it, which with `reverse` is the contrary. */
import type { KeepalivedConfiguration, Trackers, VrrpInstance } from "../../config/keepalived/model.js";
import { type TrackedWorld, withGroupTrackers } from "../tracking.js";

export interface BoxState {
  readonly scriptsFailing: ReadonlySet<string>;
  readonly processesGone: ReadonlySet<string>;
  readonly linksDown: ReadonlySet<string>;
  readonly isProxyGone: boolean;
  /** The number in each tracked file. */
  readonly files: ReadonlyMap<string, number>;
}

/** What instances and groups track, as it is written. */
export const trackersOf = ({ instances, syncGroups }: KeepalivedConfiguration): Trackers[] =>
  [...instances, ...syncGroups].map(({ track }) => track);

/** The instances, each with what its group tracks. */
export const instancesOf = ({ instances, syncGroups }: KeepalivedConfiguration): VrrpInstance[] =>
  instances.map((own) => {
    const group = syncGroups.find(({ members }) => members.includes(own.name));
    return withGroupTrackers(own, group, instances);
  });

export function wellBox(configuration: KeepalivedConfiguration): BoxState {
  const all = trackersOf(configuration);
  const needed = new Set(configuration.instances.map((own) => own.interface));
  return {
    scriptsFailing: new Set(all.flatMap(({ scripts }) => scripts.filter(isReversed).map(({ script }) => script))),
    processesGone: new Set(all.flatMap(({ processes }) => processes.filter(isReversed).map((one) => one.process))),
    linksDown: new Set(
      all
        .flatMap(({ interfaces }) => interfaces.filter(isReversed).map((tracked) => tracked.interface))
        .filter((name) => !needed.has(name)),
    ),
    isProxyGone: all.some(({ proxy }) => proxy?.reverse === true),
    files: new Map(
      configuration.trackFiles.map(({ name, initial }) => {
        const isFaultAtZero = all.some(({ files }) =>
          files.some(({ file, weight, reverse }) => file === name && weight === 0 && reverse),
        );
        return [name, initial?.value ?? (isFaultAtZero ? 1 : 0)];
      }),
    ),
  };
}

const isReversed = ({ reverse }: { readonly reverse: boolean }): boolean => reverse;

/** What a box in such a state shows to its instances. */
export const worldOf = (state: BoxState): TrackedWorld => ({
  script: (name) => (state.scriptsFailing.has(name) ? "down" : "up"),
  process: (name) => !state.processesGone.has(name),
  link: (name) => (state.linksDown.has(name) ? "down" : "up"),
  proxy: () => !state.isProxyGone,
  file: (name) => state.files.get(name) ?? 0,
  sourcePresent: true,
});
