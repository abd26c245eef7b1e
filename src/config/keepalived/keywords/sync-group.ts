/** The keywords of `vrrp_sync_group`: instances that change state together. */
import type { Span } from "../../diagnostics.js";
import { type Draft, type Keyword, keywordsFor, reset } from "../declare.js";
import type { Word } from "../lexer.js";
import { reportExtra } from "../report.js";
import { type NotifyDraft, nothingNotified, notifyKeywords } from "./notify.js";
import { nothingTracked, type TrackingDraft, trackingKeywords } from "./tracking.js";

export interface GroupDraft extends TrackingDraft, NotifyDraft {
  readonly name: string;
  readonly span: Span;
  readonly members: Word[];
  trackingWeight: boolean;
}

const { flag } = keywordsFor<GroupDraft>();

const trackingWeight = (name: string, doc: string) =>
  flag({
    name,
    set: (draft) => {
      draft.trackingWeight = true;
    },
    doc,
  });

export const groupKeywords: readonly Keyword<GroupDraft>[] = [
  membersKeyword<GroupDraft>("The instances, one a line."),
  trackingWeight("sync_group_tracking_weight", "Let weights count in the group; else they are taken for 0."),
  trackingWeight("global_tracking", "The older form of sync_group_tracking_weight."),
  ...trackingKeywords<GroupDraft>(),
  ...notifyKeywords<GroupDraft>(),
];

export const newGroupDraft = (name: string, span: Span): GroupDraft =>
  reset(groupKeywords, {
    written: new Map(),
    name,
    span,
    members: [],
    trackingWeight: false,
    ...nothingTracked(),
    ...nothingNotified(),
  });

/** `group { … }`, as a sync group and a track group have it. */
export function membersKeyword<D extends Draft & { readonly members: Word[] }>(doc: string): Keyword<D> {
  return keywordsFor<Draft & { readonly members: Word[] }>().entries({
    name: "group",
    entry: "INSTANCE",
    read(draft, entry, reading) {
      reportExtra(entry, 0, reading);
      draft.members.push(entry.keyword);
    },
    doc,
  });
}
