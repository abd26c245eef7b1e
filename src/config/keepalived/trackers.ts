/** What instances and groups track: names → the blocks that they name, each once, with the weight that counts. */
import { type Diagnostics, nearest } from "../diagnostics.js";
import type { TrackerDraft, TrackingDraft } from "./keywords/tracking.js";
import type { Trackers, Weight } from "./model.js";

/** The weight of each block that may be tracked, by its name. */
export interface Trackable {
  readonly scripts: ReadonlyMap<string, Weight>;
  readonly files: ReadonlyMap<string, Weight>;
  readonly processes: ReadonlyMap<string, Weight>;
}

interface Tracking {
  /** Whose trackers these are, for the messages. */
  readonly name: string;
  /** The interface that is tracked anyway; undefined: none. */
  readonly ownInterface: string | undefined;
  readonly draft: TrackingDraft;
}

export function resolveTrackers(
  { name, ownInterface, draft }: Tracking,
  known: Trackable,
  diagnostics: Diagnostics,
): Trackers {
  const named = (trackers: readonly TrackerDraft[], blocks: ReadonlyMap<string, Weight>, keyword: string) =>
    once(trackers, diagnostics).flatMap((tracker) => {
      const weight = tracker.weight ?? blocks.get(tracker.name.text);
      if (blocks.has(tracker.name.text) && weight !== undefined) return [{ name: tracker.name.text, weight }];
      reportUndefined(tracker, blocks, keyword, name, diagnostics);
      return [];
    });
  const { trackProxy } = draft;
  return {
    scripts: named(draft.trackScripts, known.scripts, "vrrp_script").map(({ name, weight }) => ({
      script: name,
      ...weight,
    })),
    interfaces: once(draft.trackInterfaces, diagnostics).flatMap((tracker) => {
      if (tracker.name.text !== ownInterface)
        return [{ interface: tracker.name.text, ...(tracker.weight ?? { weight: 0, reverse: false }) }];
      warnOfOwnInterface(tracker, name, diagnostics);
      return [];
    }),
    files: named(draft.trackFiles, known.files, "track_file").map(({ name, weight }) => ({ file: name, ...weight })),
    processes: named(draft.trackProcesses, known.processes, "vrrp_track_process").map(({ name, weight }) => ({
      process: name,
      ...weight,
    })),
    proxy: trackProxy && {
      frontends: trackProxy.frontends,
      minimumUp: trackProxy.minimumUp,
      ...trackProxy.weight,
      span: trackProxy.span,
    },
  };
}

/** Whether anything counts as a weight rather than as a fault. */
export function hasWeights({ scripts, interfaces, files, processes, proxy }: Trackers): boolean {
  const all = [...scripts, ...interfaces, ...files, ...processes, ...(proxy === undefined ? [] : [proxy])];
  return all.some(({ weight }) => weight !== 0);
}

/** The same, with every loss a fault. */
export function withoutWeights({ scripts, interfaces, files, processes, proxy }: Trackers): Trackers {
  const flat = <T extends Weight>(trackers: readonly T[]): T[] =>
    trackers.map((tracker) => ({ ...tracker, weight: 0 }));
  return {
    scripts: flat(scripts),
    interfaces: flat(interfaces),
    files: flat(files),
    processes: flat(processes),
    proxy: proxy && { ...proxy, weight: 0 },
  };
}

function reportUndefined(
  { name }: TrackerDraft,
  known: ReadonlyMap<string, Weight>,
  keyword: string,
  tracking: string,
  diagnostics: Diagnostics,
): void {
  const best = nearest(name.text, known.keys());
  diagnostics.report({
    severity: "error",
    code: keyword === "vrrp_script" ? "undefined-script" : "undefined-name",
    span: name.span,
    message: `no ${keyword} is called ${name.text}`,
    cause: `${tracking} would never notice the failure that it is to track`,
    remedy: best === undefined ? `add ${keyword} ${name.text} { … }` : `did you mean ${best}?`,
  });
}

function warnOfOwnInterface({ name, weight }: TrackerDraft, instance: string, diagnostics: Diagnostics): void {
  diagnostics.report({
    severity: "warning",
    code: "own-interface-tracked",
    span: name.span,
    message: `${name.text} is the instance's own interface`,
    cause: `${instance} tracks it anyway: its loss is a fault${weight === undefined ? "" : ", whatever the weight"}`,
    remedy: "take the line out",
  });
}

/** Each tracked thing once: the first line counts. */
function once(trackers: readonly TrackerDraft[], diagnostics: Diagnostics): TrackerDraft[] {
  const first = new Map<string, TrackerDraft>();
  for (const tracker of trackers) {
    const before = first.get(tracker.name.text);
    if (before === undefined) first.set(tracker.name.text, tracker);
    else
      diagnostics.report({
        severity: "warning",
        code: "repeated-entry",
        span: tracker.name.span,
        message: `${tracker.name.text} is tracked already`,
        cause: `line ${before.name.span.line} counts`,
        remedy: "take this line out",
      });
  }
  return [...first.values()];
}
