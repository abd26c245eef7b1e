/** One vrrp_instance: what was written → what is run, with defaults, inheritance and keepalived's own overrulings. */
import type { Diagnostics } from "../diagnostics.js";
import { fromSeconds } from "../units.js";
import {
  advertIntervalOf,
  authenticationOf,
  familyOf,
  garpOf,
  owner,
  preemptOf,
  spanOf,
  versionOf,
} from "./instance-protocol.js";
import type { GlobalDraft } from "./keywords/global-defs.js";
import type { AddressLine } from "./keywords/virtual-address.js";
import type { InstanceDraft } from "./keywords/vrrp-instance.js";
import type { AddressFamily, Transport, VirtualAddress, VrrpInstance } from "./model.js";
import { refuseFeature } from "./report.js";
import { checkStrict } from "./strict.js";
import { resolveTrackers, type Trackable } from "./trackers.js";
import { onVirtualMac, virtualMacOf } from "./virtual-mac.js";

/** What resolving needs to know beside the instance. */
export interface Resolving {
  readonly global: GlobalDraft;
  readonly trackable: Trackable;
  readonly diagnostics: Diagnostics;
  readonly planned: ReadonlySet<string>;
}

/** @returns undefined if something is missing without which nothing can run; a diagnostic says what. */
export function resolveInstance(draft: InstanceDraft, resolving: Resolving): VrrpInstance | undefined {
  const { global, trackable, diagnostics } = resolving;
  reportMissing(draft, resolving);
  const family = familyOf(draft);
  if (family === 6) refuseFeature("vrrp_instance IPv6", "IPv6", draft.addresses[0]?.span ?? draft.span, resolving);
  const version = versionOf(draft, family, global, diagnostics);
  const priority = draft.priority ?? (draft.state === "MASTER" ? owner : 100);
  const strict = draft.strict ?? global.strict ?? false;
  if (strict) checkStrict(draft, priority, diagnostics);
  const track = resolveTrackers({ name: draft.name, ownInterface: draft.interface, draft }, trackable, diagnostics);
  const held = (address: AddressLine): VirtualAddress =>
    onVirtualMac(withDevice(address, draft, global), draft, family, diagnostics);
  const addresses = onlyOf(family, draft.addresses, draft, diagnostics).map(held);
  const authentication = authenticationOf(draft, version, strict, diagnostics);
  const preempt = preemptOf(draft, priority, diagnostics);
  const transport = transportOf(draft, family, global, diagnostics);
  const excludedAddresses = draft.excludedAddresses.map(held);
  const foreign = excludedAddresses.find((address) => address.family === 6);
  if (family === 4 && foreign !== undefined) refuseFeature("vrrp_instance IPv6", "IPv6", foreign.span, resolving);
  const advertInterval = advertIntervalOf(draft, version, diagnostics);
  const isUnanchored =
    draft.sourceAddress === undefined || isLinkLocal(draft.sourceAddress) || draft.vmac !== undefined;
  if (
    draft.virtualRouterId === undefined ||
    (draft.interface === undefined && (transport.kind === "multicast" || isUnanchored))
  )
    return undefined;
  return {
    name: draft.name,
    state: draft.state ?? (priority === owner ? "MASTER" : "BACKUP"),
    interface: draft.interface,
    vrf: draft.vrf,
    virtualRouterId: draft.virtualRouterId,
    family,
    version,
    priority,
    advertInterval,
    authentication,
    addresses,
    excludedAddresses,
    routes: draft.routes.map(({ trackGroup: _, ...route }) => route),
    rules: draft.rules.map(({ trackGroup: _, ...rule }) => rule),
    promoteSecondaries: draft.promoteSecondaries,
    sourceAddress: sourceOf(draft, family, diagnostics),
    transport,
    checksum: {
      v3AsV2: draft.v3ChecksumAsV2 ?? global.v3ChecksumAsV2 ?? false,
      oldUnicast: draft.oldUnicastChecksum,
    },
    virtualMac: virtualMacOf(draft, strict, transport, diagnostics),
    addressInterfaces: [],
    ipvlan: draft.ipvlan,
    accept: draft.accept ?? (priority === owner || !strict),
    strict,
    skipAddressCheck: draft.skipAddressCheck ?? global.skipAddressCheck ?? false,
    downTimerAdverts: strict ? 3 : (draft.downTimerAdverts ?? global.downTimerAdverts ?? 3),
    preempt,
    preemptDelay: strict ? fromSeconds(0) : draft.preemptDelay,
    higherPrioritySendAdvert: !strict && (draft.higherPrioritySendAdvert ?? global.higherPrioritySendAdvert ?? false),
    lowerPriorityNoAdvert: strict || (draft.lowerPriorityNoAdvert ?? global.lowerPriorityNoAdvert ?? false),
    ownerIgnoreAdverts: draft.ownerIgnoreAdverts ?? global.ownerIgnoreAdverts ?? strict,
    timerExpiredBackup: draft.timerExpiredBackup,
    garp: garpOf(draft, global, strict),
    track,
    trackSourceAddress: draft.trackSourceAddress,
    trackPrimary: draft.trackPrimary,
    notify: draft.notify,
    notifyPriorityChanges: draft.notifyPriorityChanges ?? global.notifyPriorityChanges,
    smtpAlert: draft.smtpAlert ?? global.alertVrrp ?? global.alertAll ?? false,
    receiveBuffer: draft.receiveBuffer,
    lvsSyncDaemonInterface: draft.lvsSyncDaemonInterface,
    lastResort: draft.lastResort,
    addressLifetime: draft.addressLifetime ?? global.addressLifetime ?? "auto",
    span: draft.span,
  };
}

/** Unicast may go by whatever interface the routes say; then there is none to take an address from. */
function reportUnanchored({ name, span, sourceAddress, vmac }: InstanceDraft, diagnostics: Diagnostics): void {
  const needs = (code: string, what: string, cause: string, remedy: string) =>
    diagnostics.report({ severity: "error", code, span, message: `${name} needs ${what}`, cause, remedy });
  if (sourceAddress === undefined)
    needs(
      "missing-source",
      "unicast_src_ip or interface",
      "advertisements have to come from an address that peers know",
      "add unicast_src_ip with this router's own address",
    );
  else if (isLinkLocal(sourceAddress))
    needs(
      "missing-interface",
      "an interface",
      `${sourceAddress.address} is link-local: it says nothing without one`,
      "add a line such as interface eth0",
    );
  if (vmac !== undefined)
    needs(
      "missing-interface",
      "an interface for use_vmac",
      "the virtual interface is made on it",
      "add a line such as interface eth0",
    );
}

const isLinkLocal = ({ family, address }: { readonly family: AddressFamily; readonly address: string }): boolean =>
  family === 6 && /^fe[89ab]/.test(address);

function reportMissing(draft: InstanceDraft, resolving: Resolving): void {
  const { diagnostics } = resolving;
  // A keyword that is there with a wrong value has been reported; it is not missing.
  const isUnicast = draft.peers.length > 0;
  if (!draft.written.has("interface") && isUnicast) reportUnanchored(draft, diagnostics);
  else if (!draft.written.has("interface"))
    diagnostics.report({
      severity: "error",
      code: "missing-interface",
      span: draft.span,
      message: `${draft.name} names no interface`,
      cause: "VRRP runs on the interface that the routers share",
      remedy: "add a line such as interface eth0",
    });
  if (!draft.written.has("virtual_router_id"))
    diagnostics.report({
      severity: "error",
      code: "missing-virtual-router-id",
      span: draft.span,
      message: `${draft.name} has no virtual_router_id`,
      cause: "routers find each other by it",
      remedy: "add virtual_router_id with a number from 1 to 255, the same on all routers",
    });
  if (!draft.written.has("priority") && draft.state === "MASTER")
    diagnostics.report({
      severity: "warning",
      code: "implied-priority",
      span: spanOf(draft, "state"),
      message: `${draft.name} gets priority 255`,
      cause: "that is the default beside state MASTER: it owns the addresses, and no script or interface lowers it",
      remedy: "add priority with a number from 1 to 254",
    });
}

/** keepalived drops an address of the other family with an error line; the remedy is a second instance. */
function onlyOf(
  family: AddressFamily,
  addresses: readonly AddressLine[],
  { name }: InstanceDraft,
  diagnostics: Diagnostics,
): readonly AddressLine[] {
  const [fitting, others] = [4, 6].map((one) =>
    addresses.filter((address) => (address.family === family) === (one === 4)),
  );
  for (const address of others ?? [])
    diagnostics.report({
      severity: "error",
      code: "other-family",
      span: address.span,
      message: `${address.address} is IPv${address.family}, and ${name} advertises IPv${family}`,
      cause: "an advertisement carries addresses of one family; keepalived leaves this one out",
      remedy:
        "move it to virtual_ipaddress_excluded, or make a second vrrp_instance for it (same virtual_router_id) and put both into a vrrp_sync_group",
    });
  return fitting ?? [];
}

/** Without an interface of its own, an instance's addresses go to the default one. */
const withDevice = (
  { trackGroup: _, ...address }: AddressLine,
  instance: InstanceDraft,
  global: GlobalDraft,
): VirtualAddress => ({
  ...address,
  device: address.device ?? (instance.interface === undefined ? global.defaultInterface : undefined),
});

function sourceOf(draft: InstanceDraft, family: AddressFamily, diagnostics: Diagnostics): string | undefined {
  const source = draft.sourceAddress;
  if (source === undefined || source.family === family) return source?.address;
  const keyword = draft.written.has("unicast_src_ip") ? "unicast_src_ip" : "mcast_src_ip";
  reportOtherFamily(source.address, spanOf(draft, keyword), family, draft.name, diagnostics);
  return undefined;
}

function transportOf(
  draft: InstanceDraft,
  family: AddressFamily,
  global: GlobalDraft,
  diagnostics: Diagnostics,
): Transport {
  for (const peer of draft.peers)
    if (peer.family !== family) reportOtherFamily(peer.address, peer.word.span, family, draft.name, diagnostics);
  const peers = draft.peers.filter((peer) => peer.family === family);
  const meant = draft.written.has("unicast_peer") || draft.written.has("unicast_src_ip");
  if (draft.peers.length > 0 || (meant && draft.faultWithoutPeer))
    return {
      kind: "unicast",
      peers: peers.map(({ address, minTtl, maxTtl }) => ({ address, minTtl, maxTtl })),
      ttl: draft.unicastTtl ?? 255,
      checkSource:
        (draft.checkUnicastSource ?? global.checkUnicastSource ?? false) ||
        peers.some(({ minTtl, maxTtl }) => minTtl !== undefined || maxTtl !== undefined),
    };
  const group = draft.multicastGroup;
  if (group !== undefined && group.family !== family)
    reportOtherFamily(group.address, spanOf(draft, "mcast_dst_ip"), family, draft.name, diagnostics);
  const usual = family === 4 ? global.multicastGroup4 : global.multicastGroup6;
  return { kind: "multicast", group: group?.family === family ? group.address : usual };
}

function reportOtherFamily(
  address: string,
  span: VrrpInstance["span"],
  family: AddressFamily,
  name: string,
  diagnostics: Diagnostics,
): void {
  diagnostics.report({
    severity: "error",
    code: "other-family",
    span,
    message: `${address} is of the other address family than ${name}`,
    cause: `its virtual addresses are IPv${family}, and advertisements go out over the same family`,
    remedy: `write an IPv${family} address`,
  });
}
