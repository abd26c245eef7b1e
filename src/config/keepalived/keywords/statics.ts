/** What stands beside the instances: static addresses, routes and rules, track groups, spacing, delays of links. */
import type { Span } from "../../diagnostics.js";
import type { Microseconds } from "../../units.js";
import { interfaceName, readWord, seconds } from "../arguments.js";
import { type Draft, type Keyword, keywordsFor } from "../declare.js";
import type { Word } from "../lexer.js";
import type { LinkDelay } from "../model.js";
import { reportExtra, reportMissing } from "../report.js";
import { ROUTE_FORM, type RouteLine, readRoute } from "./route.js";
import { RULE_FORM, type RuleLine, readRule } from "./rule.js";
import { membersKeyword } from "./sync-group.js";
import { type AddressLine, readAddressLine, STATIC_ADDRESS_FORM } from "./virtual-address.js";

export interface StaticDraft extends Draft {
  readonly staticAddresses: AddressLine[];
  readonly staticRoutes: RouteLine[];
  readonly staticRules: RuleLine[];
  readonly spacings: SpacingDraft[];
  readonly linkDelays: LinkDelay[];
}

export interface TrackGroupDraft extends Draft {
  readonly name: string;
  readonly members: Word[];
  readonly span: Span;
}

export interface SpacingDraft extends Draft {
  readonly interfaces: string[];
  garpInterval: Microseconds;
  gnaInterval: Microseconds;
  readonly span: Span;
}

export const noStatics = (): Omit<StaticDraft, "written"> => ({
  staticAddresses: [],
  staticRoutes: [],
  staticRules: [],
  spacings: [],
  linkDelays: [],
});

export const trackGroupKeywords: readonly Keyword<TrackGroupDraft>[] = [
  membersKeyword<TrackGroupDraft>("The instances that are in fault without it, one a line."),
];

export const newTrackGroupDraft = (name: string, span: Span): TrackGroupDraft => ({
  written: new Map(),
  name,
  members: [],
  span,
});

const inSpacing = keywordsFor<SpacingDraft>();
export const spacing = seconds({ what: "interval", min: 0, max: 1000 });
const spacingKeywords: readonly Keyword<SpacingDraft>[] = [
  inSpacing.setting({
    name: "garp_interval",
    sets: "garpInterval",
    argument: spacing,
    otherwise: "0",
    doc: "Time between gratuitous ARPs.",
  }),
  inSpacing.setting({
    name: "gna_interval",
    sets: "gnaInterval",
    argument: spacing,
    otherwise: "0",
    doc: "Time between unsolicited neighbour advertisements.",
  }),
  inSpacing.custom({
    name: "interface",
    arguments: "INTERFACE",
    read(draft, statement, reading) {
      const word = statement.arguments[0];
      const name = word === undefined ? undefined : readWord(word, interfaceName, reading.diagnostics);
      if (word === undefined) reportMissing(statement, "INTERFACE", reading);
      if (name !== undefined) draft.interfaces.push(name);
      reportExtra(statement, 1, reading);
    },
    doc: "The interface.",
  }),
  inSpacing.entries({
    name: "interfaces",
    entry: "INTERFACE",
    read(draft, entry, reading) {
      const name = readWord(entry.keyword, interfaceName, reading.diagnostics);
      if (name !== undefined) draft.interfaces.push(name);
      reportExtra(entry, 0, reading);
    },
    doc: "Interfaces whose announcements are counted together: they lead to one switch.",
  }),
];

export function staticKeywords<D extends StaticDraft>(): Keyword<D>[] {
  const { entries, list, block } = keywordsFor<StaticDraft>();
  return [
    list({
      name: "static_ipaddress",
      entry: STATIC_ADDRESS_FORM,
      parse: (entry, reading) => readAddressLine(entry, reading, "static"),
      into: (draft) => draft.staticAddresses,
      doc: "Addresses that are set at the start and removed at the end, whoever is master.",
    }),
    list({
      name: "static_routes",
      entry: ROUTE_FORM.replace("[no_track]", "[no_track] [track_group GROUP]"),
      parse: (entry, reading) => readRoute(entry, reading, "static"),
      into: (draft) => draft.staticRoutes,
      doc: "Routes that are set at the start and removed at the end.",
    }),
    list({
      name: "static_rules",
      entry: RULE_FORM.replace("[no_track]", "[no_track] [track_group GROUP]"),
      parse: (entry, reading) => readRule(entry, reading, "static"),
      into: (draft) => draft.staticRules,
      doc: "Rules of routing that are set at the start and removed at the end.",
    }),
    block({
      name: "garp_group",
      keywords: spacingKeywords,
      repeats: true,
      open(draft, statement) {
        const inner: SpacingDraft = {
          written: new Map(),
          interfaces: [],
          garpInterval: 0 as Microseconds,
          gnaInterval: 0 as Microseconds,
          span: statement.keyword.span,
        };
        draft.spacings.push(inner);
        return inner;
      },
      doc: "Spacing of announcements on some interfaces, for switches that cannot take a flood of them.",
    }),
    entries({
      name: "interface_up_down_delays",
      entry: "INTERFACE DOWN [UP]",
      read(draft, entry, reading) {
        const name = readWord(entry.keyword, interfaceName, reading.diagnostics);
        const [down, up] = entry.arguments;
        if (down === undefined) {
          reportMissing(entry, "SECONDS", reading);
          return;
        }
        reportExtra(entry, 2, reading);
        const delay = seconds({ what: "delay", min: 0, max: 255 });
        const downDelay = readWord(down, delay, reading.diagnostics);
        const upDelay = up === undefined ? downDelay : readWord(up, delay, reading.diagnostics);
        if (name !== undefined && downDelay !== undefined && upDelay !== undefined)
          draft.linkDelays.push({ interface: name, down: downDelay, up: upDelay });
      },
      doc: "How long a link must have been down, or up, before that counts; UP is DOWN where it is not written.",
    }),
  ];
}
