/**
 * Instances of this host that share a virtual router's number on one link: unicast with other peers, multicast to
 * another group (keepalived.conf(5)). The kernel hands what arrives to the sockets of all of them.
 */
import type { VrrpInstance } from "../config/keepalived/model.js";
import { type IpAddress, isMulticast } from "./wire/ip-address.js";
import type { IpHeader } from "./wire/ip-header.js";
import { advertisementSettings, ipAddress } from "./wire-settings.js";

/** By what a packet shows whose it is. */
export interface Correspondent {
  /** Of multicast; 0: unicast. */
  readonly group: IpAddress;
  readonly peers: readonly IpAddress[];
  /** undefined: the interface's own, which all of them may share. */
  readonly source: IpAddress | undefined;
}

export function correspondentOf(own: VrrpInstance): Correspondent {
  const { group, peers } = advertisementSettings(own);
  const source = own.sourceAddress === undefined ? undefined : ipAddress(own.sourceAddress);
  return { group, peers: peers.map(({ address }) => address), source };
}

/** Those that `own` shares its number with, where packets for either may arrive at both. */
export function namesakesOf(own: VrrpInstance, instances: readonly VrrpInstance[]): Correspondent[] {
  const { virtualRouterId, family, interface: device } = own;
  return instances
    .filter((other) => other !== own && other.virtualRouterId === virtualRouterId && other.family === family)
    .filter((other) => other.interface === device || other.interface === undefined || device === undefined)
    .map(correspondentOf);
}

/**
 * Whether a packet is for `own` and not for one of `namesakes`. What nobody claims is everybody's, to be judged as if
 * nothing were shared, unless `own` knows its peers and the sender is none of them.
 */
export function isAddressedTo(own: Correspondent, namesakes: readonly Correspondent[], header: IpHeader): boolean {
  const { source, destination } = header;
  if (isMulticast(destination)) return own.group === destination || !namesakes.some((one) => one.group === destination);
  if (own.peers.length === 0) return !namesakes.some(({ peers }) => peers.includes(source));
  const isOurs = own.source === destination;
  const isClaimed = isOurs || namesakes.some((one) => one.source === destination);
  return own.peers.includes(source) && (isOurs || (own.source === undefined && !isClaimed));
}
