/** Static addresses, routes and rules, and what stands around them: what was written → what is run. */
import { type Diagnostics, nearest } from "../diagnostics.js";
import { existing } from "./group.js";
import type { Resolving } from "./instance.js";
import type { FileDraft } from "./keywords/top.js";
import type { Word } from "./lexer.js";
import type { KeepalivedConfiguration } from "./model.js";
import { refuseFeature } from "./report.js";

type Statics = Pick<KeepalivedConfiguration, "statics" | "trackGroups" | "announcementSpacing" | "linkDelays">;

export function resolveStatics(draft: FileDraft, instances: ReadonlySet<string>, resolving: Resolving): Statics {
  const { diagnostics, global } = resolving;
  const groups = new Set(draft.trackGroups.map(({ name }) => name));
  const grouped = <T extends { readonly trackGroup: Word | undefined }>(lines: readonly T[]) =>
    lines.map((line) => ({ ...line, trackGroup: groupNamed(line.trackGroup, groups, resolving) }));
  const foreign = draft.staticAddresses.find((address) => address.family === 6);
  if (foreign !== undefined) refuseFeature("static_ipaddress IPv6", "IPv6", foreign.span, resolving);
  return {
    statics: {
      addresses: grouped(draft.staticAddresses).map((address) => ({
        ...address,
        device: address.device ?? global.defaultInterface,
      })),
      routes: grouped(draft.staticRoutes),
      rules: grouped(draft.staticRules),
    },
    trackGroups: draft.trackGroups.map(({ name, members, span }) => ({
      name,
      instances: existing(members, instances, diagnostics).map((word) => word.text),
      span,
    })),
    announcementSpacing: draft.spacings.map(({ interfaces, garpInterval, gnaInterval, span }) => {
      if (interfaces.length === 0)
        diagnostics.report({
          severity: "error",
          code: "missing-interface",
          span,
          message: "garp_group names no interface",
          remedy: "add interface INTERFACE, or interfaces { … }",
        });
      return { interfaces, garpInterval, gnaInterval };
    }),
    linkDelays: draft.linkDelays,
  };
}

/** A backup that hears nothing takes over before this router has noticed that its own link is down. */
export function warnOfLinkDelays(
  { linkDelays, instances }: Pick<KeepalivedConfiguration, "linkDelays" | "instances">,
  diagnostics: Diagnostics,
): void {
  for (const own of instances) {
    const delay = linkDelays.find((one) => one.interface === own.interface);
    const limit = (own.downTimerAdverts - 1) * own.advertInterval;
    if (delay !== undefined && delay.down >= limit)
      diagnostics.report({
        severity: "warning",
        code: "link-delay",
        span: own.span,
        message: `${own.name} notices after ${delay.down / 1_000_000} s that ${delay.interface} is down, and backups after ${limit / 1_000_000} s`,
        cause: "both would hold the addresses meanwhile",
        remedy: `write less than ${limit / 1_000_000} in interface_up_down_delays`,
      });
  }
}

function groupNamed(
  word: Word | undefined,
  groups: ReadonlySet<string>,
  { diagnostics }: Resolving,
): string | undefined {
  if (word === undefined || groups.has(word.text)) return word?.text;
  const best = nearest(word.text, groups);
  diagnostics.report({
    severity: "error",
    code: "undefined-name",
    span: word.span,
    message: `no track_group is called ${word.text}`,
    remedy: best === undefined ? `add track_group ${word.text} { group { … } }` : `did you mean ${best}?`,
  });
  return undefined;
}
