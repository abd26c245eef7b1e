/** `track_file` and `vrrp_track_process` blocks: what was written → what is run. */
import type { Diagnostics } from "../diagnostics.js";
import type { TrackFileDraft } from "./keywords/track-file.js";
import type { TrackProcessDraft } from "./keywords/track-process.js";
import type { TrackFile, TrackProcess } from "./model.js";

export function resolveTrackFiles(drafts: readonly TrackFileDraft[], diagnostics: Diagnostics): TrackFile[] {
  return drafts.flatMap(({ name, path, initial, span, written }) => {
    if (path !== undefined) return [{ name, path, initial, span }];
    if (!written.has("file")) reportEmpty("track_file", name, "file", "there is no file to read", span, diagnostics);
    return [];
  });
}

export function resolveTrackProcesses(drafts: readonly TrackProcessDraft[], diagnostics: Diagnostics): TrackProcess[] {
  return drafts.flatMap(({ written, weight: _, command, ...process }) => {
    const { name, quorum, quorumMax, span } = process;
    if (quorumMax !== undefined && quorumMax > 0 && quorumMax < quorum)
      diagnostics.report({
        severity: "error",
        code: "quorum-range",
        span,
        message: `${name} can never be up: quorum_max ${quorumMax} is below quorum ${quorum}`,
        remedy: "raise quorum_max",
      });
    // quorum_max 0: none may run, so none need to.
    const least = quorumMax === 0 ? 0 : quorum;
    if (command !== undefined) return [{ ...process, command, quorum: least }];
    if (!written.has("process"))
      reportEmpty("vrrp_track_process", name, "process", "there is no process to look for", span, diagnostics);
    return [];
  });
}

function reportEmpty(
  block: string,
  name: string,
  keyword: string,
  cause: string,
  span: TrackFile["span"],
  diagnostics: Diagnostics,
): void {
  diagnostics.report({
    severity: "error",
    code: `missing-${keyword}`,
    span,
    message: `${block} ${name} has no ${keyword}`,
    cause,
    remedy: `add a line ${keyword} …`,
  });
}
