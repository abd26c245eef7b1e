/** Sync groups: what was written → what is run. */
import { nearest } from "../diagnostics.js";
import type { Resolving } from "./instance.js";
import type { GroupDraft } from "./keywords/sync-group.js";
import type { Word } from "./lexer.js";
import type { SyncGroup, VrrpInstance } from "./model.js";
import { hasWeights, resolveTrackers, withoutWeights } from "./trackers.js";

export interface Grouped {
  readonly groups: readonly SyncGroup[];
  /** The same instances; members of a group without `sync_group_tracking_weight` have lost their weights. */
  readonly instances: readonly VrrpInstance[];
}

/** keepalived takes all weights of a group's members for 0, unless it says otherwise: they must not be told apart. */
export function resolveGroups(
  drafts: readonly GroupDraft[],
  instances: readonly VrrpInstance[],
  known: ReadonlySet<string>,
  resolving: Resolving,
): Grouped {
  const groupOf = new Map<string, GroupDraft>();
  const groups = drafts.map((draft) => {
    const members = membersOf(draft, groupOf, known, resolving);
    warnOfSize(draft, members, resolving);
    warnOfPriorities(draft, members, instances, resolving);
    const track = resolveTrackers(
      { name: draft.name, ownInterface: undefined, draft },
      resolving.trackable,
      resolving.diagnostics,
    );
    return {
      name: draft.name,
      members,
      track: draft.trackingWeight ? track : withoutWeights(track),
      trackingWeight: draft.trackingWeight,
      notify: draft.notify,
      notifyPriorityChanges: draft.notifyPriorityChanges ?? resolving.global.notifyPriorityChanges,
      smtpAlert: draft.smtpAlert ?? resolving.global.alertVrrp ?? resolving.global.alertAll ?? false,
      span: draft.span,
    };
  });
  return {
    groups,
    instances: instances.map((instance) => {
      const group = groupOf.get(instance.name);
      if (group === undefined || group.trackingWeight || !hasWeights(instance.track)) return instance;
      resolving.diagnostics.report({
        severity: "warning",
        code: "weights-in-group",
        span: instance.span,
        message: `${instance.name} is in ${group.name}: the weights of what it tracks count as 0, a loss is a fault`,
        cause: "members of different priorities could not be master together; keepalived does the same",
        remedy: "track it in the group, or write sync_group_tracking_weight there",
      });
      return { ...instance, track: withoutWeights(instance.track) };
    }),
  };
}

function membersOf(
  draft: GroupDraft,
  groupOf: Map<string, GroupDraft>,
  known: ReadonlySet<string>,
  { diagnostics }: Resolving,
): readonly string[] {
  return existing(draft.members, known, diagnostics)
    .filter((word) => {
      const other = groupOf.get(word.text);
      if (other === undefined) {
        groupOf.set(word.text, draft);
        return true;
      }
      diagnostics.report({
        severity: "error",
        code: "instance-in-two-groups",
        span: word.span,
        message: `${word.text} is in ${other.name} already`,
        cause: "an instance follows one group only",
        remedy: "take it out of one of the two",
      });
      return false;
    })
    .map((word) => word.text);
}

/** Those of the named instances that are defined; the others are reported. */
export function existing(
  words: readonly Word[],
  known: ReadonlySet<string>,
  diagnostics: Resolving["diagnostics"],
): Word[] {
  return words.filter((word) => {
    if (known.has(word.text)) return true;
    const best = nearest(word.text, known);
    diagnostics.report({
      severity: "error",
      code: "undefined-name",
      span: word.span,
      message: `no vrrp_instance is called ${word.text}`,
      remedy: best === undefined ? `add vrrp_instance ${word.text} { … }` : `did you mean ${best}?`,
    });
    return false;
  });
}

function warnOfSize({ name, span }: GroupDraft, members: readonly string[], { diagnostics }: Resolving): void {
  if (members.length > 1) return;
  diagnostics.report({
    severity: "warning",
    code: "small-group",
    span,
    message: `${name} has ${members.length === 0 ? "no members" : "one member only"}`,
    cause: "there is nothing to keep together",
    remedy: "list the instances in group { … }, one a line",
  });
}

function warnOfPriorities(
  { name, span }: GroupDraft,
  members: readonly string[],
  instances: readonly VrrpInstance[],
  { diagnostics }: Resolving,
): void {
  const priorities = new Set(instances.filter((one) => members.includes(one.name)).map((one) => one.priority));
  if (priorities.size < 2) return;
  diagnostics.report({
    severity: "warning",
    code: "priorities-in-group",
    span,
    message: `the members of ${name} have different priorities: ${[...priorities].join(", ")}`,
    cause: "if one router is better in one member and another in the next, the group never settles",
    remedy: "give all members the same priority, as this host's share in the election",
  });
}
