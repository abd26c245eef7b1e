/** Lines of virtual_routes and static_routes, as ip-route(8) has them. */
import { isIP } from "node:net";
import { type Argument, anyAddress, choice, interfaceName, Mistake, text } from "../arguments.js";
import type { Reading } from "../declare.js";
import type { Word } from "../lexer.js";
import type { AddressFamily, NextAddress, NextHop, Prefix, Route, RouteMetrics, RouteType } from "../model.js";
import { didYouMean } from "../report.js";
import type { Statement } from "../tree.js";
import { OptionLine } from "./option-line.js";
import { prefix } from "./prefix.js";
import { anyBase, routeScope } from "./route-names.js";

export const ROUTE_FORM =
  "[TYPE] [to] PREFIX [via ADDRESS] [dev INTERFACE] [src ADDRESS] [table TABLE] [metric NUMBER] [scope SCOPE] " +
  "[nexthop via ADDRESS dev INTERFACE weight NUMBER …] [no_track] and the other options of ip route";

/** RTPROT_KEEPALIVED: routes that are watched carry it, so that ours are told from others. */
const keepalivedProtocol = 18;

const types: readonly RouteType[] = [
  "unicast",
  "local",
  "broadcast",
  "anycast",
  "multicast",
  "blackhole",
  "unreachable",
  "prohibit",
  "throw",
];

type Writable = {
  -readonly [Field in keyof Route]: Route[Field];
};
type MutableMetrics = { -readonly [Field in keyof RouteMetrics]: RouteMetrics[Field] };

interface RouteDraft extends Omit<Writable, "family" | "destination" | "metrics"> {
  family: AddressFamily | undefined;
  destination: Prefix | undefined;
  metrics: MutableMetrics;
  locked: string[];
  trackGroup: Word | undefined;
}

export type RouteLine = Route & { readonly trackGroup: Word | undefined };

/** undefined once a mistake has been reported. */
export function readRoute(entry: Statement, reading: Reading, kind: "virtual" | "static"): RouteLine | undefined {
  const line = new OptionLine([entry.keyword, ...entry.arguments], reading);
  const draft = newDraft(entry);
  for (let word = line.next(); word !== undefined; word = line.next()) readOption(word, line, draft, kind);
  if (line.failed) return undefined;
  if (draft.destination === undefined) {
    line.wrong(entry.keyword, "missing-value", "the route has no destination", "write 192.0.2.0/24, or default");
    return undefined;
  }
  return finish(draft, draft.destination, reading);
}

function newDraft(entry: Statement): RouteDraft {
  return {
    family: undefined,
    type: "unicast",
    destination: undefined,
    from: undefined,
    source: undefined,
    via: undefined,
    device: undefined,
    nextHops: [],
    table: undefined,
    vrf: undefined,
    scope: undefined,
    tos: 0,
    protocol: undefined,
    metric: undefined,
    onLink: false,
    preference: undefined,
    expires: undefined,
    realms: undefined,
    ttlPropagate: undefined,
    metrics: { locked: [] },
    locked: [],
    placement: "prepend",
    track: true,
    trackGroup: undefined,
    span: entry.keyword.span,
  };
}

function finish(draft: RouteDraft, destination: Prefix, { diagnostics }: Reading): RouteLine {
  const { locked, metrics, ...rest } = draft;
  const family = draft.family ?? 4;
  let { track } = draft;
  if (track && draft.device === undefined && draft.nextHops.length === 0) {
    diagnostics.report({
      severity: "warning",
      code: "untracked-route",
      span: draft.span,
      message: "a route without dev is not put back when something else removes it",
      cause: "the interface tells whether it could be there",
      remedy: "add dev INTERFACE, or no_track to say so",
    });
    track = false;
  }
  return {
    ...rest,
    family,
    destination: isDefault(destination) ? defaultOf(family) : destination,
    track,
    protocol: track ? keepalivedProtocol : draft.protocol,
    metrics: { ...metrics, locked },
  };
}

const isDefault = (destination: Prefix): boolean => destination.prefixLength === 0;
const defaultOf = (family: AddressFamily): Prefix => ({ address: family === 4 ? "0.0.0.0" : "::", prefixLength: 0 });

/** Metrics with a number: name in the file → field, and the factor from milliseconds where it is a time. */
const metrics: Readonly<
  Record<string, { readonly field: keyof RouteMetrics; readonly time?: number; readonly most?: number }>
> = {
  mtu: { field: "mtu" },
  window: { field: "window" },
  rtt: { field: "rtt", time: 8 },
  rttvar: { field: "rttvar", time: 4 },
  ssthresh: { field: "ssthresh" },
  cwnd: { field: "cwnd" },
  advmss: { field: "advmss" },
  reordering: { field: "reordering" },
  hoplimit: { field: "hoplimit", most: 255 },
  initcwnd: { field: "initcwnd" },
  initrwnd: { field: "initrwnd" },
  rto_min: { field: "rtoMin", time: 1 },
  quickack: { field: "quickack", most: 1 },
  fastopen_no_cookie: { field: "fastopenNoCookie", most: 1 },
};

function readOption(word: Word, line: OptionLine, draft: RouteDraft, kind: "virtual" | "static"): void {
  const metric = Object.hasOwn(metrics, word.text) ? metrics[word.text] : undefined;
  if (metric !== undefined) {
    line.option(word);
    if (line.accept("lock")) draft.locked.push(word.text);
    const value = line.value(
      word,
      metric.time === undefined ? anyBase(word.text, metric.most ?? 2 ** 32 - 1) : duration(metric.time),
    );
    if (value !== undefined) Object.assign(draft.metrics, { [metric.field]: value });
    return;
  }
  const read = Object.hasOwn(readers, word.text) ? readers[word.text] : undefined;
  if (read === undefined) {
    destination(word, line, draft);
    return;
  }
  if (word.text === "track_group" && kind === "virtual")
    line.wrong(word, "unknown-option", "track_group is for static routes", "take it out");
  if (word.text !== "nexthop") line.option(word);
  read(word, line, draft);
}

type Reader = (word: Word, line: OptionLine, draft: RouteDraft) => void;
const numbers = anyBase("number", 2 ** 32 - 1);

const setFamily = (word: Word, family: AddressFamily, line: OptionLine, draft: RouteDraft): void => {
  if (draft.family !== undefined && draft.family !== family)
    line.wrong(word, "other-family", `${word.text} is of the other address family than the rest of the line`);
  draft.family ??= family;
};

const via: Reader = (word, line, draft) => {
  draft.via = gateway(word, line);
  if (draft.via !== undefined) draft.family ??= draft.via.family;
};

/** `[inet|inet6] ADDRESS` */
function gateway(word: Word, line: OptionLine): NextAddress | undefined {
  if (!line.accept("inet")) line.accept("inet6");
  return line.value(word, anyAddress);
}

const metricOf: Reader = (word, line, draft) => {
  draft.metric = line.value(word, numbers);
};
const tos: Reader = (word, line, draft) => {
  draft.tos = line.value(word, line.reading.names.argument("rt_dsfield", "tos")) ?? 0;
};
const device: Reader = (word, line, draft) => {
  draft.device = line.value(word, interfaceName);
};
const placement =
  (where: Route["placement"]): Reader =>
  (_word, _line, draft) => {
    draft.placement = where;
  };

const readers: Readonly<Record<string, Reader>> = {
  inet: (word, line, draft) => setFamily(word, 4, line, draft),
  inet6: (word, line, draft) => setFamily(word, 6, line, draft),
  src: (word, line, draft) => {
    const address = line.value(word, anyAddress);
    if (address !== undefined) setFamily(word, address.family, line, draft);
    draft.source = address?.address;
  },
  from: (word, line, draft) => {
    const from = line.value(word, prefix);
    if (from === undefined) return;
    if (from.family === 4) line.wrong(word, "other-family", "from is for IPv6 routes only");
    setFamily(word, 6, line, draft);
    draft.from = { address: from.address, prefixLength: from.prefixLength };
  },
  via,
  gw: via,
  dev: device,
  oif: device,
  tos,
  dsfield: tos,
  table: (word, line, draft) => {
    draft.table = line.value(word, line.reading.names.argument("rt_tables", "table"));
  },
  vrf: (word, line, draft) => {
    draft.vrf = line.value(word, interfaceName);
  },
  protocol: (word, line, draft) => {
    draft.protocol = line.value(word, line.reading.names.argument("rt_protos", "protocol"));
  },
  scope: (word, line, draft) => {
    draft.scope = line.value(word, routeScope);
  },
  metric: metricOf,
  priority: metricOf,
  preference: metricOf,
  onlink: (_word, _line, draft) => {
    draft.onLink = true;
  },
  expires: (word, line, draft) => {
    setFamily(word, 6, line, draft);
    draft.expires = line.value(word, numbers);
  },
  realms: (word, line, draft) => {
    setFamily(word, 4, line, draft);
    draft.realms = readRealms(word, line);
  },
  pref: (word, line, draft) => {
    setFamily(word, 6, line, draft);
    draft.preference = line.value(word, choice("pref", ["low", "medium", "high"]));
  },
  "ttl-propagate": (word, line, draft) => {
    const value = line.value(word, choice("ttl-propagate", ["enabled", "disabled"]));
    draft.ttlPropagate = value === undefined ? undefined : value === "enabled";
  },
  features: (word, line, draft) => {
    if (line.value(word, choice("features", ["ecn"])) !== undefined) draft.metrics.features = 1;
  },
  congctl: (word, line, draft) => {
    if (line.accept("lock")) draft.locked.push("congctl");
    const name = line.value(word, text("NAME"));
    if (name !== undefined) draft.metrics.congestionControl = name;
  },
  add: placement("add"),
  append: placement("append"),
  prepend: placement("prepend"),
  no_track: (_word, _line, draft) => {
    draft.track = false;
  },
  track_group: (word, line, draft) => {
    draft.trackGroup = line.next();
    if (draft.trackGroup === undefined) line.wrong(word, "missing-value", "track_group needs a name");
  },
  encap: (word, line) => {
    line.wrong(word, "not-supported", "encap is not supported", "take the route out to run without it");
    while (line.next() !== undefined);
  },
  // The older form of two next hops.
  or: (word, line, draft) => {
    const second = gateway(word, line);
    if (second === undefined) return;
    const plain = { device: undefined, weight: 1, onLink: false, realms: undefined };
    draft.nextHops = [
      { via: draft.via, ...plain },
      { via: second, ...plain },
    ];
    draft.via = undefined;
  },
  nexthop: (_word, line, draft) => {
    draft.nextHops = [...draft.nextHops, nextHop(line, draft)];
  },
};

function nextHop(line: OptionLine, draft: RouteDraft): NextHop {
  const hop: { -readonly [Field in keyof NextHop]: NextHop[Field] } = {
    via: undefined,
    device: undefined,
    weight: 1,
    onLink: false,
    realms: undefined,
  };
  for (let word = line.peek(); word !== undefined && word.text !== "nexthop"; word = line.peek()) {
    line.next();
    if (word.text === "via") hop.via = gateway(word, line);
    else if (word.text === "dev") hop.device = line.value(word, interfaceName);
    else if (word.text === "weight") hop.weight = line.value(word, hopWeight) ?? 1;
    else if (word.text === "onlink") hop.onLink = true;
    else if (word.text === "realms") hop.realms = readRealms(word, line);
    else if (word.text === "no_track") draft.track = false;
    else {
      const known = ["via", "dev", "weight", "onlink", "realms", "nexthop"];
      line.wrong(
        word,
        "unknown-option",
        `${word.text} is no option of a next hop`,
        didYouMean(word.text, known)?.remedy,
      );
    }
  }
  if (hop.via !== undefined) draft.family ??= hop.via.family;
  return hop;
}

const hopWeight: Argument<number> = {
  name: "NUMBER",
  parse: (word) =>
    /^\d{1,3}$/.test(word) && Number(word) >= 1 && Number(word) <= 256
      ? Number(word)
      : new Mistake("weight-range", `weight ${word} is outside 1–256`, { remedy: "use a number from 1 to 256" }),
};

/** `[FROM/]TO` */
export function readRealms(word: Word, line: OptionLine): Route["realms"] {
  const value = line.next();
  if (value === undefined) {
    line.wrong(word, "missing-value", "realms needs a value", "write realms FROM/TO");
    return undefined;
  }
  const realm = line.reading.names.argument("rt_realms", "realm");
  const [first = "", second] = value.text.split("/");
  const one = line.read({ ...value, text: first }, realm);
  if (second === undefined) return one === undefined ? undefined : { from: undefined, to: one };
  const two = line.read({ ...value, text: second }, realm);
  return one === undefined || two === undefined ? undefined : { from: one, to: two };
}

/** As ip-route(8): bare numbers are the kernel's own unit, `ms` and `s` are times. */
function duration(perMillisecond: number): Argument<number> {
  return {
    name: "TIME",
    parse(word) {
      const match = /^(\d{1,9}(?:\.\d{1,6})?)(ms|msecs?|s|secs?)?$/.exec(word);
      if (match === null) return new Mistake("not-a-number", `${word} is no time`, { remedy: "write 100ms, or 0.1s" });
      const factor = match[2] === undefined ? 1 : match[2].startsWith("m") ? perMillisecond : 1000 * perMillisecond;
      return Math.ceil(Number(match[1]) * factor);
    },
  };
}

/** `[to] [TYPE] PREFIX` */
function destination(first: Word, line: OptionLine, draft: RouteDraft): void {
  let word: Word | undefined = first;
  if (word.text === "to") word = line.next();
  const type = types.find((name) => name === word?.text);
  if (type !== undefined) {
    draft.type = type;
    word = line.next();
  }
  if (word === undefined) {
    line.wrong(first, "missing-value", `${first.text} needs a destination`, "write 192.0.2.0/24, or default");
    return;
  }
  if (isIP(word.text.replace(/\/.*$/, "")) === 0 && !["default", "all", "any"].includes(word.text)) {
    const known = [...Object.keys(readers), ...Object.keys(metrics), ...types];
    line.wrong(
      word,
      "unknown-option",
      `${word.text} is neither a destination nor an option of a route`,
      didYouMean(word.text, known)?.remedy ?? "write the destination first, such as 192.0.2.0/24, or default",
    );
    return;
  }
  const value = line.read(word, prefix);
  if (value === undefined) return;
  if (draft.destination !== undefined)
    line.wrong(word, "extra-argument", "the route has a destination already", "put each route on a line of its own");
  if (value.family !== undefined) setFamily(word, value.family, line, draft);
  draft.destination = { address: value.address, prefixLength: value.prefixLength };
}
