/** Lines of virtual_rules and static_rules, as ip-rule(8) has them. */
import { type Argument, interfaceName, Mistake } from "../arguments.js";
import type { Reading } from "../declare.js";
import type { Word } from "../lexer.js";
import type { AddressFamily, Range, Rule, RuleAction } from "../model.js";
import { didYouMean } from "../report.js";
import type { Statement } from "../tree.js";
import { OptionLine } from "./option-line.js";
import { prefix } from "./prefix.js";
import { readRealms } from "./route.js";
import { anyBase } from "./route-names.js";

export const RULE_FORM =
  "[not] [from PREFIX] [to PREFIX] [iif INTERFACE] [oif INTERFACE] [fwmark MARK[/MASK]] table TABLE preference NUMBER " +
  "[no_track] and the other options of ip rule";

const keepalivedProtocol = 18;

type Writable = { -readonly [Field in keyof Rule]: Rule[Field] };
interface RuleDraft extends Omit<Writable, "family" | "action"> {
  family: AddressFamily | undefined;
  action: RuleAction | undefined;
  trackGroup: Word | undefined;
}
export type RuleLine = Rule & { readonly trackGroup: Word | undefined };

/** undefined once a mistake has been reported. */
export function readRule(entry: Statement, reading: Reading, kind: "virtual" | "static"): RuleLine | undefined {
  const line = new OptionLine([entry.keyword, ...entry.arguments], reading);
  const draft = newDraft(entry);
  for (let word = line.next(); word !== undefined; word = line.next()) {
    const read = Object.hasOwn(readers, word.text) ? readers[word.text] : undefined;
    if (read === undefined) {
      const remedy = didYouMean(word.text, Object.keys(readers))?.remedy;
      line.wrong(word, "unknown-option", `${word.text} is no option of a rule`, remedy);
      continue;
    }
    if (word.text === "track_group" && kind === "virtual")
      line.wrong(word, "unknown-option", "track_group is for static rules", "take it out");
    if (word.text !== "type") line.option(word);
    read(word, line, draft);
  }
  return line.failed ? undefined : finish(draft, line, entry);
}

function newDraft(entry: Statement): RuleDraft {
  return {
    family: undefined,
    invert: false,
    from: undefined,
    to: undefined,
    tos: undefined,
    fwmark: undefined,
    incomingInterface: undefined,
    outgoingInterface: undefined,
    userIds: undefined,
    ipProtocol: undefined,
    sourcePorts: undefined,
    destinationPorts: undefined,
    tunnelId: undefined,
    preference: undefined,
    protocol: undefined,
    action: undefined,
    suppressPrefixLength: undefined,
    suppressInterfaceGroup: undefined,
    realms: undefined,
    track: true,
    trackGroup: undefined,
    span: entry.keyword.span,
  };
}

function finish(draft: RuleDraft, line: OptionLine, { keyword }: Statement): RuleLine | undefined {
  const { action, preference } = draft;
  if (action === undefined) {
    line.wrong(keyword, "missing-action", "the rule says nothing to do", "add table TABLE, or blackhole");
    return undefined;
  }
  if (action.kind === "goto" && (preference === undefined || preference >= action.preference)) {
    line.wrong(keyword, "goto-backwards", "goto needs a preference below its target", "add preference NUMBER");
    return undefined;
  }
  const filters = draft.suppressPrefixLength ?? draft.suppressInterfaceGroup ?? draft.realms;
  if (filters !== undefined && action.kind !== "table" && action.kind !== "l3mdev") {
    line.wrong(keyword, "extra-argument", "suppress_… and realms go with table only", "take them out, or add table");
    return undefined;
  }
  if (preference === undefined)
    line.reading.diagnostics.report({
      severity: "warning",
      code: "rule-without-preference",
      span: keyword.span,
      message: "the rule has no preference",
      cause: "it goes before all rules that are there, in the order in which instances become master",
      remedy: "add preference with a number below 32766",
    });
  const family = draft.family ?? 4;
  const anything = { address: family === 4 ? "0.0.0.0" : "::", prefixLength: 0 };
  return {
    ...draft,
    family,
    action,
    from: draft.from?.address === "" ? anything : draft.from,
    to: draft.to?.address === "" ? anything : draft.to,
    protocol: draft.track ? keepalivedProtocol : draft.protocol,
  };
}

type Reader = (word: Word, line: OptionLine, draft: RuleDraft) => void;

const setFamily = (word: Word, family: AddressFamily | undefined, line: OptionLine, draft: RuleDraft): void => {
  if (family !== undefined && draft.family !== undefined && draft.family !== family)
    line.wrong(word, "other-family", `${word.text} is of the other address family than the rest of the line`);
  draft.family ??= family;
};

function act(word: Word, action: RuleAction | undefined, line: OptionLine, draft: RuleDraft): void {
  if (draft.action !== undefined) line.wrong(word, "extra-argument", "the rule says what to do already", "keep one");
  draft.action = action;
}

const network =
  (field: "from" | "to"): Reader =>
  (word, line, draft) => {
    const value = line.value(word, prefix);
    if (value === undefined) return;
    setFamily(word, value.family, line, draft);
    draft[field] = { address: value.address, prefixLength: value.prefixLength };
  };
const table: Reader = (word, line, draft) => {
  const number = line.value(word, line.reading.names.argument("rt_tables", "table"));
  if (number === 0) line.wrong(word, "unknown-value", "a rule cannot look up table 0");
  if (number !== undefined) act(word, { kind: "table", table: number }, line, draft);
};
const preference: Reader = (word, line, draft) => {
  draft.preference = line.value(word, anyBase("preference", 2 ** 32 - 1));
};
const tos: Reader = (word, line, draft) => {
  draft.tos = line.value(word, line.reading.names.argument("rt_dsfield", "tos"));
};
const incoming: Reader = (word, line, draft) => {
  draft.incomingInterface = line.value(word, interfaceName);
};
const suppressPrefix: Reader = (word, line, draft) => {
  draft.suppressPrefixLength = line.value(word, anyBase("prefix length", 128));
};
const suppressGroup: Reader = (word, line, draft) => {
  draft.suppressInterfaceGroup = line.value(word, line.reading.names.argument("group", "group"));
};
const plainAction =
  (kind: "nop" | "blackhole" | "unreachable" | "prohibit"): Reader =>
  (word, line, draft) =>
    act(word, { kind }, line, draft);

const readers: Readonly<Record<string, Reader>> = {
  inet: (word, line, draft) => setFamily(word, 4, line, draft),
  inet6: (word, line, draft) => setFamily(word, 6, line, draft),
  not: (_word, _line, draft) => {
    draft.invert = true;
  },
  from: network("from"),
  to: network("to"),
  table,
  lookup: table,
  preference,
  priority: preference,
  order: preference,
  tos,
  dsfield: tos,
  fwmark: (word, line, draft) => {
    draft.fwmark = line.value(word, mark);
  },
  iif: incoming,
  dev: incoming,
  oif: (word, line, draft) => {
    draft.outgoingInterface = line.value(word, interfaceName);
  },
  uidrange: (word, line, draft) => {
    draft.userIds = line.value(word, range(2 ** 32 - 1));
  },
  sport: (word, line, draft) => {
    draft.sourcePorts = line.value(word, range(65_535));
  },
  dport: (word, line, draft) => {
    draft.destinationPorts = line.value(word, range(65_535));
  },
  ipproto: (word, line, draft) => {
    draft.ipProtocol = line.value(word, ipProtocol);
  },
  "tunnel-id": (word, line, draft) => {
    draft.tunnelId = line.value(word, anyBase("tunnel-id", Number.MAX_SAFE_INTEGER));
  },
  protocol: (word, line, draft) => {
    draft.protocol = line.value(word, line.reading.names.argument("rt_protos", "protocol"));
  },
  realms: (word, line, draft) => {
    setFamily(word, 4, line, draft);
    draft.realms = readRealms(word, line);
  },
  suppress_prefixlength: suppressPrefix,
  sup_pl: suppressPrefix,
  suppress_ifgroup: suppressGroup,
  sup_group: suppressGroup,
  l3mdev: (word, line, draft) => act(word, { kind: "l3mdev" }, line, draft),
  goto: (word, line, draft) => {
    const target = line.value(word, anyBase("preference", 2 ** 32 - 1));
    if (target !== undefined) act(word, { kind: "goto", preference: target }, line, draft);
  },
  // What follows is an action like any other.
  type: () => {},
  nop: plainAction("nop"),
  blackhole: plainAction("blackhole"),
  unreachable: plainAction("unreachable"),
  prohibit: plainAction("prohibit"),
  no_track: (_word, _line, draft) => {
    draft.track = false;
  },
  track_group: (word, line, draft) => {
    draft.trackGroup = line.next();
    if (draft.trackGroup === undefined) line.wrong(word, "missing-value", "track_group needs a name");
  },
};

const mark: Argument<{ readonly mark: number; readonly mask: number | undefined }> = {
  name: "MARK[/MASK]",
  parse(text) {
    const [first = "", second] = text.split("/");
    const number = anyBase("fwmark", 2 ** 32 - 1);
    const value = number.parse(first);
    if (value instanceof Mistake) return value;
    const mask = second === undefined ? undefined : number.parse(second);
    return mask instanceof Mistake ? mask : { mark: value, mask };
  },
};

function range(most: number): Argument<Range> {
  return {
    name: "FIRST-LAST",
    parse(text) {
      const match = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text);
      const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
      if (match !== null && first <= last && last <= most) return { first, last };
      return new Mistake("bad-range", `${text} is no range of numbers`, { remedy: `write FIRST-LAST, up to ${most}` });
    },
  };
}

const protocols: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  esp: 50,
  ah: 51,
  "ipv6-icmp": 58,
  ospf: 89,
  vrrp: 112,
  sctp: 132,
  udplite: 136,
};
const ipProtocol: Argument<number> = {
  name: "PROTOCOL",
  parse(text) {
    const name = text.toLowerCase();
    if (Object.hasOwn(protocols, name)) return protocols[name]!;
    return anyBase("protocol", 255).parse(text);
  },
};
