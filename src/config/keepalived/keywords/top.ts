/** The top of keepalived.conf: the blocks of which a file is made. */
import type { Span } from "../../diagnostics.js";
import type { Microseconds } from "../../units.js";
import { seconds, text } from "../arguments.js";
import { type Block, blockOf, type Draft, keywordsFor, moot, type Reading, reset, unsupported } from "../declare.js";
import { reportExtra, reportMissing } from "../report.js";
import type { Statement } from "../tree.js";
import { type GlobalDraft, globalKeywords, newGlobalDraft } from "./global-defs.js";
import { type HeartbeatDraft, heartbeatKeywords, newHeartbeatDraft } from "./heartbeat-path.js";
import {
  newTrackGroupDraft,
  noStatics,
  type StaticDraft,
  staticKeywords,
  type TrackGroupDraft,
  trackGroupKeywords,
} from "./statics.js";
import { type GroupDraft, groupKeywords, newGroupDraft } from "./sync-group.js";
import { newTrackFileDraft, type TrackFileDraft, trackFileKeywords } from "./track-file.js";
import { newTrackProcessDraft, type TrackProcessDraft, trackProcessKeywords } from "./track-process.js";
import { unsupportedBlocks } from "./unsupported-blocks.js";
import { type InstanceDraft, instanceKeywords, newInstanceDraft } from "./vrrp-instance.js";
import { newScriptDraft, type ScriptDraft, scriptKeywords } from "./vrrp-script.js";

export interface FileDraft extends StaticDraft {
  readonly global: GlobalDraft;
  readonly scripts: ScriptDraft[];
  readonly instances: InstanceDraft[];
  readonly groups: GroupDraft[];
  readonly trackFiles: TrackFileDraft[];
  readonly trackProcesses: TrackProcessDraft[];
  readonly trackGroups: TrackGroupDraft[];
  readonly heartbeatPaths: HeartbeatDraft[];
  childWaitTime: Microseconds;
  networkNamespace: string | undefined;
  daemonInstance: string | undefined;
  usePidDirectory: boolean;
  /** `vrrp_script NAME` and so on → where it was defined. */
  readonly defined: Map<string, Span>;
}

const { block, setting, flag } = keywordsFor<FileDraft>();

const topKeywords = [
  block({
    name: "global_defs",
    keywords: globalKeywords,
    repeats: true,
    open: (draft) => draft.global,
    doc: "What holds for all instances. May stand anywhere, and several times.",
  }),
  block({
    name: "vrrp_script",
    arguments: "NAME",
    keywords: scriptKeywords,
    repeats: true,
    open: named((draft) => draft.scripts, newScriptDraft),
    doc: "A command whose result a VRRP instance may track.",
  }),
  ...["track_file", "vrrp_track_file"].map((name) =>
    block({
      name,
      arguments: "NAME",
      keywords: trackFileKeywords,
      repeats: true,
      open: named((draft) => draft.trackFiles, newTrackFileDraft),
      doc: name === "track_file" ? "A number in a file that an instance may track." : "The older name of track_file.",
    }),
  ),
  block({
    name: "vrrp_track_process",
    arguments: "NAME",
    keywords: trackProcessKeywords,
    repeats: true,
    open: named((draft) => draft.trackProcesses, newTrackProcessDraft),
    doc: "Processes that an instance may track: the kernel tells when they come and go.",
  }),
  block({
    name: "vrrp_instance",
    arguments: "NAME",
    keywords: instanceKeywords,
    repeats: true,
    open: named((draft) => draft.instances, newInstanceDraft),
    doc: "This host's part in a virtual router.",
  }),
  block({
    name: "vrrp_sync_group",
    arguments: "NAME",
    keywords: groupKeywords,
    repeats: true,
    open: named((draft) => draft.groups, newGroupDraft),
    doc: "Instances that are all master or none.",
  }),
  block({
    name: "track_group",
    arguments: "NAME",
    keywords: trackGroupKeywords,
    repeats: true,
    open: named((draft) => draft.trackGroups, newTrackGroupDraft),
    doc: "Instances that are in fault while a static address, route or rule is lost.",
  }),
  ...staticKeywords<FileDraft>(),
  block({
    name: "heartbeat_path",
    arguments: "NAME",
    keywords: heartbeatKeywords,
    repeats: true,
    open: named((draft) => draft.heartbeatPaths, newHeartbeatDraft),
    doc: "Bascule's own: signed heartbeats over another network, so that routers that lose sight of each other on one do not both hold the addresses. keepalived knows no such block; begin its lines with @bascule to keep the file readable for both.",
  }),
  setting({
    name: "child_wait_time",
    sets: "childWaitTime",
    argument: seconds({ what: "child_wait_time", min: 0, max: 3600 }),
    default: "5",
    doc: "How long a stop may take.",
  }),
  setting({
    name: "net_namespace",
    sets: "networkNamespace",
    argument: text("NAME"),
    doc: "Run in this network namespace.",
  }),
  setting({
    name: "instance",
    sets: "daemonInstance",
    argument: text("NAME"),
    doc: "Name of this daemon among several: it stands in the pid files and in the log.",
  }),
  flag({
    name: "use_pid_dir",
    set: (draft) => {
      draft.usePidDirectory = true;
    },
    doc: "Pid files below /run/keepalived.",
  }),
];

export const top: Block<FileDraft> = blockOf<FileDraft>("", [
  ...topKeywords,
  ...unsupportedBlocks,
  ...unsupported("net_namespace_ipvs NAME: IPVS in this network namespace"),
  ...moot(`
    namespace_with_ipsets: it is for kernels before 3.13
    linkbeat_use_polling: the kernel tells of every change of a link (rtnetlink)
  `),
  ...moot("linkbeat_interfaces: the kernel tells of every change of a link (rtnetlink)").map((keyword) => ({
    ...keyword,
    block: blockOf(keyword.name, []),
  })),
]);

export const newFileDraft = (): FileDraft =>
  reset(topKeywords, {
    written: new Map(),
    global: newGlobalDraft(),
    scripts: [],
    instances: [],
    groups: [],
    trackFiles: [],
    trackProcesses: [],
    trackGroups: [],
    heartbeatPaths: [],
    childWaitTime: 0 as Microseconds,
    networkNamespace: undefined,
    daemonInstance: undefined,
    usePidDirectory: false,
    defined: new Map(),
    ...noStatics(),
  });

/** Opens a block that has a name. Of two of one name, the second is an error and is left out, as keepalived has it. */
function named<T extends Draft>(drafts: (draft: FileDraft) => T[], create: (name: string, span: Span) => T) {
  return (draft: FileDraft, statement: Statement, reading: Reading): T => {
    const word = statement.arguments[0];
    if (word === undefined) reportMissing(statement, "NAME", reading);
    reportExtra(statement, 1, reading);
    const { text: name, span } = word ?? { text: "(no name)", span: statement.keyword.span };
    const what = `${statement.keyword.text.replace(/^vrrp_track_file$/, "track_file")} ${name}`;
    const before = draft.defined.get(what);
    const opened = create(name, span);
    if (before === undefined || word === undefined) {
      draft.defined.set(what, span);
      drafts(draft).push(opened);
    } else
      reading.diagnostics.report({
        severity: "error",
        code: "duplicate-name",
        span,
        message: `${what} is defined on line ${before.line} already`,
        cause: "names tell them apart, in track_script and in the log; this one is left out",
        remedy: "rename one of the two",
      });
    return opened;
  };
}
