/** "VRRP Topology" of keepalived's data: what holds for each instance, and how it is now. */
import type { Command, Unicast, VirtualAddress, VrrpInstance } from "../../config/keepalived/model.js";
import type { HostNetwork } from "../network.js";
import { masterDownInterval } from "../timers.js";
import { assess, isRealFault, withGroupTrackers } from "../tracking.js";
import { ownedCommand } from "./data-global.js";
import { addressText, routeText, ruleText } from "./data-network.js";
import type { Snapshot } from "./snapshot.js";
import { able, counted, seconds, shownTime, titled } from "./words.js";

/** Left out: descriptors, the time of the next read and of whom the last advertisement came with which priority. */
export function instanceLines(own: VrrpInstance, index: number, snapshot: Snapshot, host: HostNetwork): string[] {
  const { state, priority } = snapshot.status[index]!;
  const at = snapshot.transitions.get(own.name) ?? 0;
  const group = snapshot.configuration.syncGroups.find(({ members }) => members.includes(own.name));
  const isMaster = state === "MASTER";
  return [
    ` VRRP Instance = ${own.name}`,
    `   VRRP Version = ${own.version}`,
    ...(group === undefined ? [] : [`   Sync group = ${group.name}`]),
    ...(own.family === 6 ? ["   Using Native IPv6"] : []),
    `   State = ${state}`,
    ...masterLines(index, snapshot),
    `   Wantstate = ${state}`,
    "   Number of config faults = 0",
    ...faultLines(own, snapshot, host),
    `   Last transition = ${(at / 1000).toFixed(6)} (${shownTime(at)})`,
    `   Master down timer = ${masterDownInterval(own, priority, own.advertInterval)} usecs`,
    ...linkLines(own, host),
    ...announcementLines(own),
    `   Down timer adverts = ${own.downTimerAdverts}`,
    `   Send advert after receive lower priority advert = ${!own.lowerPriorityNoAdvert}`,
    `   Send advert after receive higher priority advert = ${own.higherPrioritySendAdvert}`,
    `   Virtual Router ID = ${own.virtualRouterId}`,
    `   Priority = ${own.priority}`,
    `   Effective priority = ${priority}`,
    `   Total priority = ${priority}`,
    `   Advert interval = ${own.version === 2 ? `${seconds(own.advertInterval)} sec` : `${own.advertInterval / 1000} milli-sec`}`,
    `   Accept = ${able(own.accept)}`,
    `   Preempt = ${able(own.preempt)}`,
    ...(own.preemptDelay > 0 ? [`   Preempt delay = ${seconds(own.preemptDelay)} secs`] : []),
    `   Promote_secondaries = ${able(own.promoteSecondaries)}`,
    ...authenticationLines(own),
    ...counted("Virtual IP", heldAddresses(own, own.addresses, isMaster)),
    ...titled("Virtual IP Excluded", heldAddresses(own, own.excludedAddresses, isMaster)),
    ...(own.transport.kind === "unicast" ? unicastLines(own.transport) : []),
    ...titled("Virtual Routes", own.routes.map(routeText)),
    ...titled("Virtual Rules", own.rules.map(ruleText)),
    ...trackerLines(own.track),
    `   Using smtp notification = ${own.smtpAlert ? "yes" : "no"}`,
    `   Notify deleted = ${own.notify.deleted === undefined ? "Fault" : "Deleted"}`,
    ...notifyLines(own.notify, snapshot),
    `   Notify priority changes = ${own.notifyPriorityChanges}`,
  ];
}

/** As they stand in the dumps, with the interface that each is on. */
export function heldAddresses(own: VrrpInstance, addresses: readonly VirtualAddress[], isSet: boolean): string[] {
  const { virtualMac, accept } = own;
  const device = virtualMac?.name === undefined ? own.interface : `${virtualMac.name}@${own.interface}`;
  const firewalled = isSet && !accept ? " nftable_set" : "";
  return addresses.map((address) => addressText(address, address.device ?? device ?? "", isSet) + firewalled);
}

function masterLines(index: number, { status }: Snapshot): string[] {
  const { state, lastHeard } = status[index]!;
  return state === "BACKUP" && lastHeard !== undefined ? [`   Master router = ${lastHeard}`] : [];
}

/** As the engine sees them: the same function, of the same world. */
function faultLines(own: VrrpInstance, snapshot: Snapshot, host: HostNetwork): string[] {
  const { configuration, scripts, files, processes } = snapshot;
  const group = configuration.syncGroups.find(({ members }) => members.includes(own.name));
  const { faults } = assess(withGroupTrackers(own, group, configuration.instances), {
    script: (name) => scripts.get(name),
    file: (name) => files.get(name) ?? 0,
    process: (name) => processes.get(name) === true,
    proxy: () => true,
    link: (name) => host.condition(name),
    sourcePresent: true,
  });
  const pending = faults.filter((fault) => !isRealFault(fault));
  return [
    `   Number of interface and track script faults = ${faults.length - pending.length}`,
    `   Number of track scripts init = ${pending.length}`,
  ];
}

function linkLines(own: VrrpInstance, host: HostNetwork): string[] {
  const { virtualMac, transport, family, sourceAddress } = own;
  const isVirtual = (address: string): boolean => own.addresses.some((each) => each.address === address);
  const first = own.interface === undefined ? undefined : host.firstAddress(own.interface, family, isVirtual);
  const source = sourceAddress === undefined ? first : `${sourceAddress} (from configuration)`;
  const lines = [];
  if (virtualMac?.name === undefined) lines.push(`   Interface = ${own.interface ?? "(none)"}`);
  else {
    const { name, transmitOnBase } = virtualMac;
    const isUp = host.condition(name) === "up";
    lines.push(`   Use VMAC, i/f name ${name}, is_up = ${isUp}, xmit_base = ${transmitOnBase}`);
    lines.push(`   Interface = ${name}, vmac on ${own.interface}${transmitOnBase ? ", xmit base i/f" : ""}`);
  }
  if (own.strict) lines.push("   Enforcing strict VRRP compliance");
  if (source !== undefined) lines.push(`   Using src_ip = ${source}`);
  if (transport.kind === "multicast") {
    const index = own.interface === undefined ? undefined : host.link(own.interface)?.index;
    lines.push(`   Multicast address ${transport.group}${family === 6 ? `, ifindex ${index ?? 0}` : ""}`);
  }
  return lines;
}

const announcementLines = ({ garp }: VrrpInstance): string[] => [
  `   Gratuitous ARP delay = ${seconds(garp.masterDelay)}`,
  `   Gratuitous ARP repeat = ${garp.masterRepeat}`,
  `   Gratuitous ARP refresh = ${seconds(garp.masterRefresh)}`,
  `   Gratuitous ARP refresh repeat = ${garp.masterRefreshRepeat}`,
  `   Gratuitous ARP lower priority delay = ${seconds(garp.lowerPriorityDelay)}`,
  `   Gratuitous ARP lower priority repeat = ${garp.lowerPriorityRepeat}`,
];

/** A version without authentication has no line; AH's key is not shown. */
function authenticationLines({ version, authentication }: VrrpInstance): string[] {
  if (authentication === undefined) return version === 2 ? ["   Authentication type = none"] : [];
  if (authentication.type === "AH") return ["   Authentication type = IPSEC_AH"];
  return ["   Authentication type = SIMPLE_PASSWORD", `   Password = ${authentication.password}`];
}

const unicastLines = ({ ttl, checkSource, peers }: Unicast): string[] => [
  `   Unicast TTL = ${ttl}`,
  `   Check unicast src : ${checkSource ? "yes" : "no"}`,
  ...titled(
    "Unicast Peer",
    peers.map(({ address, minTtl, maxTtl }) => `${address} min_ttl ${minTtl ?? 0} max_ttl ${maxTtl ?? 255}`),
  ),
];

/** keepalived has a comma for some of them, and none for the others. */
export const trackerLines = ({ scripts, interfaces, files, processes }: VrrpInstance["track"]): string[] => [
  ...titled(
    "Tracked interfaces",
    interfaces.map((each) => `${each.interface} weight ${weightText(each)}`),
  ),
  ...titled(
    "Tracked scripts",
    scripts.map((each) => `${each.script} weight ${weightText(each)}`),
  ),
  ...titled(
    "Tracked files",
    files.map((each) => `${each.file}, weight ${weightText(each)}`),
  ),
  ...titled(
    "Tracked processes",
    processes.map((each) => `${each.process}, weight ${weightText(each)}`),
  ),
];

export const weightText = ({ weight, reverse }: { readonly weight: number; readonly reverse: boolean }): string =>
  `${weight}${reverse ? " reverse" : ""}`;

export function notifyLines(notify: VrrpInstance["notify"], { configuration }: Snapshot): string[] {
  const named: [string, Command | undefined][] = [
    ["Backup state transition", notify.backup],
    ["Master state transition", notify.master],
    ["Fault state transition", notify.fault],
    ["Stop state transition", notify.stop],
    ["Generic state transition", notify.any],
    ["Master rx lower pri state transition", notify.masterReceivedLowerPriority],
  ];
  return named.flatMap(([what, command]) =>
    command === undefined ? [] : [`   ${what} script = ${ownedCommand(command, configuration.global)}`],
  );
}
