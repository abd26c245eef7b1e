/** What the files of several boxes say against each other. Each is reported where the later file says it. */
import type { Diagnostics } from "../../config/diagnostics.js";
import type { KeepalivedConfiguration, VrrpInstance } from "../../config/keepalived/model.js";
import { compareHeartbeats } from "./heartbeat-contradictions.js";

export interface NamedConfiguration {
  readonly name: string;
  readonly configuration: KeepalivedConfiguration;
}

export function findContradictions(boxes: readonly NamedConfiguration[], diagnostics: Diagnostics): void {
  for (const [index, later] of boxes.entries())
    for (const earlier of boxes.slice(0, index))
      for (const mine of later.configuration.instances)
        for (const theirs of earlier.configuration.instances) compare(mine, theirs, earlier.name, diagnostics);
  for (const box of boxes) {
    const others = boxes.filter((other) => other !== box);
    for (const own of box.configuration.instances) findCounterpart(own, box.name, others, diagnostics);
    for (const other of others) compareHeartbeats(box.configuration, other.configuration, other.name, diagnostics);
  }
  for (const [index, later] of boxes.entries())
    for (const earlier of boxes.slice(0, index)) compareGroups(later, earlier, diagnostics);
}

const isSameRouter = (a: VrrpInstance, b: VrrpInstance): boolean =>
  a.virtualRouterId === b.virtualRouterId && a.family === b.family;

const sharedAddresses = (a: VrrpInstance, b: VrrpInstance): string[] =>
  addressesOf(a).filter((address) => addressesOf(b).includes(address));

function findCounterpart(
  own: VrrpInstance,
  name: string,
  others: readonly NamedConfiguration[],
  diagnostics: Diagnostics,
): void {
  const rest = others.flatMap(({ configuration }) => configuration.instances);
  if (rest.some((other) => isSameRouter(own, other) || sharedAddresses(own, other).length > 0)) return;
  diagnostics.report({
    severity: "warning",
    code: "no-counterpart",
    span: own.span,
    message: `(${own.name}) no other file has virtual_router_id ${own.virtualRouterId}: when ${name} fails nobody takes over`,
    remedy: "give the file of each box that is to stand in for it to bascule simulate",
  });
}

/** Two groups whose members prefer different boxes put each other back again and again. */
function compareGroups(later: NamedConfiguration, earlier: NamedConfiguration, diagnostics: Diagnostics): void {
  for (const group of later.configuration.syncGroups) {
    const members = later.configuration.instances.filter(({ name }) => group.members.includes(name));
    const prefers = (sign: number): VrrpInstance | undefined =>
      members.find((mine) =>
        earlier.configuration.instances.some(
          (theirs) => isSameRouter(mine, theirs) && Math.sign(mine.priority - theirs.priority) === sign,
        ),
      );
    const [here, there] = [prefers(1), prefers(-1)];
    if (here === undefined || there === undefined) continue;
    diagnostics.report({
      severity: "warning",
      code: "group-divided",
      span: group.span,
      message: `sync group ${group.name} prefers ${later.name} for ${here.name} and ${earlier.name} for ${there.name}: it may move to and fro`,
      remedy: "let the members of a group have their higher priority on the same box",
    });
  }
}

function compare(mine: VrrpInstance, theirs: VrrpInstance, other: string, diagnostics: Diagnostics): void {
  const report = (severity: "error" | "warning", code: string, message: string, remedy: string): void =>
    diagnostics.report({ severity, code, span: mine.span, message: `(${mine.name}) ${message}`, remedy });
  const shared = sharedAddresses(mine, theirs);
  if (!isSameRouter(mine, theirs)) {
    if (shared.length > 0)
      report(
        "error",
        "router-id-mismatch",
        `${shared[0]} is also ${other}'s, under virtual_router_id ${theirs.virtualRouterId} and not ${mine.virtualRouterId}: both would hold it`,
        "give the instances of one virtual router the same virtual_router_id",
      );
    return;
  }
  if (mine.version !== theirs.version)
    report(
      "error",
      "version-mismatch",
      `speaks VRRPv${mine.version}, ${other} VRRPv${theirs.version}: neither takes the other's advertisements`,
      "write the same version in both",
    );
  const [mySecret, theirSecret] = [mine, theirs].map(({ authentication }) =>
    authentication === undefined ? "none" : `${authentication.type} ${authentication.password}`,
  );
  if (mySecret !== theirSecret)
    report(
      "error",
      "authentication-mismatch",
      `authenticates in another way, or with another password, than ${other}: both would be master`,
      "write the same auth_type and auth_pass in both",
    );
  if (mine.version === theirs.version && mine.advertInterval !== theirs.advertInterval) {
    const intervals = `advertises each ${mine.advertInterval / 1e6} s, ${other} each ${theirs.advertInterval / 1e6} s`;
    const remedy = "write the same advert_int in both";
    if (mine.version === 2) report("error", "interval-mismatch", `${intervals}: VRRPv2 refuses that`, remedy);
    else report("warning", "interval-differs", `${intervals}: how long a fail-over takes depends on who fails`, remedy);
  }
  compareTransports(mine, theirs, other, report);
  if (shared.length === 0 || shared.length !== addressesOf(mine).length || shared.length !== addressesOf(theirs).length)
    report(
      "warning",
      "addresses-differ",
      `holds ${addressesOf(mine).join(", ")}, ${other} ${addressesOf(theirs).join(", ")}`,
      "list the same virtual addresses in both, or clients lose some of them in a fail-over",
    );
  if (mine.priority === theirs.priority)
    report(
      "warning",
      "equal-priorities",
      `has the priority of ${other}, ${mine.priority}: the higher address decides, and nothing moves back after a fail-over`,
      "give the box that you prefer a higher priority",
    );
}

type Report = (severity: "error" | "warning", code: string, message: string, remedy: string) => void;

function compareTransports(mine: VrrpInstance, theirs: VrrpInstance, other: string, report: Report): void {
  const [here, there] = [mine.transport, theirs.transport];
  if (here.kind !== there.kind) {
    const remedy = "write unicast_peer in both, or in neither";
    report(
      "error",
      "transport-mismatch",
      `goes by ${here.kind}, ${other} by ${there.kind}: both would be master`,
      remedy,
    );
    return;
  }
  if (here.kind === "multicast" && there.kind === "multicast" && here.group !== there.group)
    report(
      "error",
      "multicast-group-mismatch",
      `advertises to ${here.group}, ${other} to ${there.group}: both would be master`,
      "write the same mcast_dst_ip, or vrrp_mcast_group4 and 6, in both",
    );
  if (here.kind === "multicast" || there.kind === "multicast") return;
  const misses = (peers: typeof here.peers, source: string | undefined): boolean =>
    source !== undefined && !peers.some(({ address }) => address === source);
  if (misses(there.peers, mine.sourceAddress))
    report(
      "error",
      "peer-missing",
      `sends from ${mine.sourceAddress}, which is no unicast_peer of ${other}: it never hears of this box`,
      `add ${mine.sourceAddress} to ${other}'s unicast_peer`,
    );
  if (misses(here.peers, theirs.sourceAddress))
    report(
      "error",
      "peer-missing",
      `does not send to ${other}, which is at ${theirs.sourceAddress}`,
      `add ${theirs.sourceAddress} to unicast_peer`,
    );
}

const addressesOf = ({ addresses }: VrrpInstance): string[] => addresses.map(({ address }) => address);
