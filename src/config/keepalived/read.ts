/** keepalived.conf → `KeepalivedConfiguration`. */
import type { Diagnostics, SourceFile } from "../diagnostics.js";
import { checkConfiguration } from "./check.js";
import type { Reading } from "./declare.js";
import { resolveGlobal } from "./global.js";
import { resolveGroups } from "./group.js";
import { resolveHeartbeats } from "./heartbeat.js";
import { type Resolving, resolveInstance } from "./instance.js";
import { interpret } from "./interpret.js";
import { RouteNames } from "./keywords/route-names.js";
import { type FileDraft, newFileDraft, top } from "./keywords/top.js";
import type { ScriptDraft } from "./keywords/vrrp-script.js";
import type { KeepalivedConfiguration, VrrpScript } from "./model.js";
import { planned } from "./planned.js";
import { preprocess, type Sources } from "./preprocess.js";
import { resolveStatics, warnOfLinkDelays } from "./statics.js";
import { resolveTrackFiles, resolveTrackProcesses } from "./track-blocks.js";
import { parseTree } from "./tree.js";

export interface ReadOptions {
  /** Files to include, the host's name and the like; absent: there are none. */
  readonly sources?: Sources;
  /** What the engine does not carry out yet. */
  readonly planned?: ReadonlySet<string>;
}

/** A host without a disk, for text that stands alone. */
export const noSources: Sources = {
  configId: "",
  environment: () => undefined,
  random: (least) => least,
  disk: { list: () => undefined, kind: () => "missing", read: () => ({ problem: "is not there" }) },
};

/**
 * Reads the files of one configuration, in their order, as keepalived.conf(5) describes them. Never throws: every
 * mistake goes into `diagnostics`, all of them in one run. With errors, the result holds what could be read; what was
 * wrong is left out or has its default, as keepalived has it. Unlike keepalived, which wants `global_defs` first, takes
 * it from anywhere.
 */
export function readKeepalived(
  files: readonly SourceFile[],
  diagnostics: Diagnostics,
  { sources = noSources, planned: notYet = planned }: ReadOptions = {},
): KeepalivedConfiguration {
  const reading: Reading = {
    diagnostics,
    root: top,
    planned: notYet,
    path: "",
    names: new RouteNames(sources.disk),
    suggestions: new Map(),
  };
  const draft = newFileDraft();
  interpret(parseTree(preprocess(files, sources, diagnostics), top, diagnostics), top, draft, reading);
  checkConfiguration(draft, diagnostics);
  return resolve(draft, reading);
}

function resolve(draft: FileDraft, { diagnostics, planned }: Reading): KeepalivedConfiguration {
  const trackable = {
    scripts: new Map(draft.scripts.map(({ name, weight }) => [name, weight])),
    files: new Map(draft.trackFiles.map(({ name, weight }) => [name, weight])),
    processes: new Map(draft.trackProcesses.map(({ name, weight }) => [name, weight])),
  };
  const resolving: Resolving = { global: draft.global, trackable, diagnostics, planned };
  const resolved = draft.instances
    .map((instance) => resolveInstance(instance, resolving))
    .filter((instance) => instance !== undefined);
  // By the names in the file: an instance that could not be read is not missing as well.
  const known = new Set(draft.instances.map(({ name }) => name));
  const { groups, instances } = resolveGroups(draft.groups, resolved, known, resolving);
  warnOfLinkDelays({ linkDelays: draft.linkDelays, instances }, diagnostics);
  return {
    global: resolveGlobal(draft, resolving),
    scripts: draft.scripts.filter((script) => script.argv.length > 0).map(resolveScript),
    trackFiles: resolveTrackFiles(draft.trackFiles, diagnostics),
    trackProcesses: resolveTrackProcesses(draft.trackProcesses, diagnostics),
    instances,
    syncGroups: groups,
    ...resolveStatics(draft, known, resolving),
    heartbeatPaths: resolveHeartbeats(draft.heartbeatPaths, diagnostics),
  };
}

function resolveScript(draft: ScriptDraft): VrrpScript {
  const { name, argv, interval, timeout, weight, rise, fall, user, initFail, span } = draft;
  return { name, argv, interval, timeout: timeout ?? interval, ...weight, rise, fall, user, initFail, span };
}
