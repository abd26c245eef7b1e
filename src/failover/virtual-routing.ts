/** The virtual routes and rules of an instance: how they come into the kernel's tables and out of them. */
import type { NextHop, Route, Rule, VrrpInstance } from "../config/keepalived/model.js";
import { AF_INET, AF_INET6 } from "../sys/address.js";
import { EEXIST, ENODEV, ENOENT, ESRCH, errnoText } from "../sys/errno.js";
import {
  type Netlink,
  type RouteSettings,
  type RuleSettings,
  type Route as SeenRoute,
  type Rule as SeenRule,
  TABLE_MAIN,
} from "../sys/netlink.js";
import type { LogLevel } from "./instance.js";
import type { HostNetwork } from "./network.js";

/** Marks what keepalived made (RTPROT_KEEPALIVED, /etc/iproute2/rt_protos). */
const PROTOCOL_KEEPALIVED = 18;

type Owner = Pick<VrrpInstance, "name" | "routes" | "rules">;

export class VirtualRouting {
  constructor(
    readonly owner: Owner,
    readonly netlink: Netlink,
    readonly network: HostNetwork,
    readonly log: (level: LogLevel, text: string) => void,
  ) {}

  /** Once the addresses are there, which a route may name as its source. What is there already is as good. */
  add(): void {
    for (const route of this.owner.routes) {
      const settings = this.#routeSettings(route);
      const result = settings === undefined ? -ENODEV : this.#place(route, settings);
      if (result < 0 && result !== -EEXIST) this.#complain("add route", describeRoute(route), -result);
    }
    for (const rule of this.owner.rules) {
      const result = this.netlink.addRule(ruleSettings(rule));
      if (result < 0 && result !== -EEXIST) this.#complain("add rule", describeRule(rule), -result);
    }
  }

  /** What is gone already is as good. */
  remove(): void {
    this.#remove(this.owner);
  }

  /** What the successor after a reload does not have. */
  removeExcept(successor: Pick<Owner, "routes" | "rules">): void {
    const kept = new Set([...successor.routes, ...successor.rules].map(fingerprint));
    this.#remove({
      routes: this.owner.routes.filter((route) => !kept.has(fingerprint(route))),
      rules: this.owner.rules.filter((rule) => !kept.has(fingerprint(rule))),
    });
  }

  #remove({ routes, rules }: Pick<Owner, "routes" | "rules">): void {
    for (const rule of [...rules].reverse()) {
      const result = this.netlink.deleteRule(ruleSettings(rule));
      if (result < 0 && result !== -ENOENT) this.#complain("remove rule", describeRule(rule), -result);
    }
    for (const route of [...routes].reverse()) {
      const settings = this.#routeSettings(route);
      const result = settings === undefined ? 0 : this.netlink.deleteRoute(settings);
      if (result < 0 && result !== -ESRCH && result !== -ENODEV)
        this.#complain("remove route", describeRoute(route), -result);
    }
  }

  /** The route of ours that was seen to go, if it was one that is missed. */
  findRoute(seen: SeenRoute): string | undefined {
    const found = this.owner.routes.find(
      (route) =>
        route.track &&
        route.destination.address === seen.destination &&
        route.destination.prefixLength === seen.prefixLength &&
        (route.table ?? TABLE_MAIN) === seen.table &&
        (route.metric === undefined || route.metric === seen.metric),
    );
    return found && `ip route ${describeRoute(found)}`;
  }

  findRule(seen: SeenRule): string | undefined {
    const found = this.owner.rules.find(
      (rule) =>
        rule.track &&
        familyNumber(rule) === seen.family &&
        (rule.preference === undefined || rule.preference === seen.priority) &&
        prefixText(rule.from) === seen.source &&
        prefixText(rule.to) === seen.destination,
    );
    return found && `ip rule ${describeRule(found)}`;
  }

  #place({ placement }: Route, settings: RouteSettings): number {
    return this.netlink.addRoute(settings, placement);
  }

  /** undefined: an interface that it names is not there. */
  #routeSettings(route: Route): RouteSettings | undefined {
    const { destination, via, device, realms } = route;
    const oif = this.#indexOf(device);
    const nextHops = route.nextHops.map((hop) => this.#nextHop(hop));
    if (oif === null || nextHops.includes(null)) return undefined;
    const { congestionControl, locked, ...metrics } = route.metrics;
    return {
      destination: destination.address,
      prefixLength: destination.prefixLength,
      type: route.type,
      tos: route.tos,
      protocol: route.protocol ?? PROTOCOL_KEEPALIVED,
      onLink: route.onLink,
      metrics,
      locked,
      nextHops: nextHops.filter((hop) => hop !== null),
      ...given({
        gateway: via?.address,
        oif,
        from: route.from,
        table: route.table,
        scope: route.scope,
        preferredSource: route.source,
        metric: route.metric,
        preference: route.preference,
        expires: route.expires,
        realms,
        ttlPropagate: route.ttlPropagate,
        congestionControl,
      }),
    };
  }

  #nextHop({ via, device, weight, onLink, realms }: NextHop) {
    const oif = this.#indexOf(device);
    return oif === null ? null : { weight, onLink, ...given({ gateway: via?.address, oif, realms }) };
  }

  /** null: there is no such interface. */
  #indexOf(device: string | undefined): number | undefined | null {
    return device === undefined ? undefined : (this.network.link(device)?.index ?? null);
  }

  #complain(what: string, subject: string, errno: number): void {
    const reason = this.netlink.explanation ?? errnoText(errno);
    this.log("warning", `(${this.owner.name}) cannot ${what} ${subject}: ${reason}`);
  }
}

/** All of it but where it stands in the file. */
const fingerprint = (item: Route | Rule): string => JSON.stringify({ ...item, span: undefined });

function ruleSettings(rule: Rule): RuleSettings {
  const { action, fwmark } = rule;
  return {
    family: familyNumber(rule),
    invert: rule.invert,
    ...(action.kind === "table"
      ? { table: action.table }
      : { action: action.kind === "goto" ? { goto: action.preference } : action.kind }),
    ...given({
      priority: rule.preference,
      from: rule.from,
      to: rule.to,
      tos: rule.tos,
      mark: fwmark?.mark,
      mask: fwmark?.mask,
      inputInterface: rule.incomingInterface,
      outputInterface: rule.outgoingInterface,
      userIds: rule.userIds,
      ipProtocol: rule.ipProtocol,
      sourcePorts: rule.sourcePorts,
      destinationPorts: rule.destinationPorts,
      tunnelId: rule.tunnelId,
      protocol: rule.protocol ?? PROTOCOL_KEEPALIVED,
      suppressPrefixLength: rule.suppressPrefixLength,
      suppressInterfaceGroup: rule.suppressInterfaceGroup,
      realms: rule.realms,
    }),
  };
}

const familyNumber = ({ family }: Rule): number => (family === 4 ? AF_INET : AF_INET6);

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without what is undefined. */
const given = <T extends object>(fields: T): Given<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;

const prefixText = (prefix: Route["from"]): string | undefined =>
  prefix === undefined || prefix.prefixLength === 0 ? undefined : `${prefix.address}/${prefix.prefixLength}`;

export function describeRoute({ destination, via, device }: Route): string {
  const to = destination.prefixLength === 0 ? "default" : `${destination.address}/${destination.prefixLength}`;
  return `${to}${via === undefined ? "" : ` via ${via.address}`}${device === undefined ? "" : ` dev ${device}`}`;
}

export function describeRule({ from, to, preference }: Rule): string {
  const words = [`from ${prefixText(from) ?? "all"}`];
  if (to !== undefined) words.push(`to ${prefixText(to) ?? "all"}`);
  if (preference !== undefined) words.push(`preference ${preference}`);
  return words.join(" ");
}
