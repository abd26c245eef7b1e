/** Sync groups, scripts, files and processes, in the words of keepalived's data. */
import type { SyncGroup, TrackFile, TrackProcess, VrrpInstance, VrrpScript } from "../../config/keepalived/model.js";
import { withGroupTrackers } from "../tracking.js";
import { ownerOf } from "./data-global.js";
import { notifyLines, trackerLines, weightText } from "./data-instance.js";
import type { Snapshot } from "./snapshot.js";
import { commandText, seconds, titled } from "./words.js";

export const groupLines = (group: SyncGroup, snapshot: Snapshot): string[] => [
  ` VRRP Sync Group = ${group.name}, ${snapshot.groups.get(group.name) ?? "BACKUP"}`,
  ...titled("VRRP member instances", group.members),
  `   Using smtp notification = ${group.smtpAlert ? "yes" : "no"}`,
  ...trackerLines(group.track),
  ...notifyLines(group.notify, snapshot),
];

const STATUS = { up: "GOOD", down: "BAD", pending: "INIT", added: "INIT" } as const;

export function scriptLines(script: VrrpScript, snapshot: Snapshot): string[] {
  const { name, argv, interval, timeout, rise, fall, user, initFail } = script;
  const state = snapshot.scripts.get(name);
  return [
    ` VRRP Script = ${name}`,
    `   Command = ${commandText(argv)}`,
    `   Interval = ${seconds(interval)} sec`,
    `   Timeout = ${seconds(timeout)} sec`,
    `   Weight = ${weightText(script)}`,
    `   Rise = ${rise}`,
    `   Fall = ${fall}`,
    `   Init state = ${initFail ? "failed" : "unknown"}`,
    `   Status = ${state === undefined ? "DISABLED" : STATUS[state]}`,
    `   Script uid:gid = ${ownerOf(user, snapshot.configuration.global)}`,
    ...trackedBy(snapshot, ({ scripts }) => scripts.find((each) => each.script === name)),
  ];
}

export const fileLines = ({ name, path }: TrackFile, snapshot: Snapshot): string[] => [
  ` Track file = ${name}`,
  `   File = ${path}`,
  `   Status = ${snapshot.files.get(name) ?? 0}`,
  ...trackedBy(snapshot, ({ files }) => files.find(({ file }) => file === name)),
];

export const processLines = (own: TrackProcess, snapshot: Snapshot): string[] => [
  ` VRRP Track process = ${own.name}`,
  `   Process = ${own.command}`,
  `   Min processes = ${own.quorum}`,
  ...(own.quorumMax === undefined ? [] : [`   Max processes = ${own.quorumMax}`]),
  `   Have quorum = ${snapshot.processes.get(own.name) === true}`,
  `   Terminate delay = ${seconds(own.terminateDelay).toFixed(6)}s`,
  `   Fork delay = ${seconds(own.forkDelay).toFixed(6)}s`,
  `   Full command = ${own.fullCommand}`,
  ...trackedBy(snapshot, ({ processes }) => processes.find(({ process }) => process === own.name)),
];

type Tracked = Parameters<typeof weightText>[0];

/** The instances for which it counts, those of a sync group that tracks it among them. */
function trackedBy({ configuration }: Snapshot, find: (of: VrrpInstance["track"]) => Tracked | undefined): string[] {
  const { instances, syncGroups } = configuration;
  const lines = instances.flatMap((own) => {
    const group = syncGroups.find(({ members }) => members.includes(own.name));
    const tracked = find(withGroupTrackers(own, group, instances).track);
    return tracked === undefined ? [] : [`${own.name}, weight ${weightText(tracked)}`];
  });
  return titled("Tracking instances", lines);
}
