/** What the typed configuration means to the packet and to the state machine. */
import type { VrrpInstance } from "../config/keepalived/model.js";
import type { InstanceSettings } from "./instance.js";
import { parseIpv4 } from "./ipv4.js";
import { type AdvertisementSettings, passwordOctets } from "./packet.js";

const OWNER = 255;

/** Throws a RangeError if the text is no IPv4 address: the configuration has been checked. */
export function ipv4(text: string): number {
  const address = parseIpv4(text);
  if (address === undefined) throw new RangeError(`${text} is not an IPv4 address`);
  return address;
}

/** Throws a RangeError if the instance has none: the configuration has been checked. */
export function interfaceOf(instance: VrrpInstance): string {
  if (instance.interface === undefined) throw new RangeError(`${instance.name} has no interface`);
  return instance.interface;
}

/** The addresses of the unicast peers; none: multicast. */
export const peersOf = ({ transport }: VrrpInstance): readonly string[] =>
  transport.kind === "unicast" ? transport.peers.map((peer) => peer.address) : [];

export function advertisementSettings(instance: VrrpInstance): AdvertisementSettings {
  return {
    virtualRouterId: instance.virtualRouterId,
    advertInterval: Math.round(instance.advertInterval / 1_000_000),
    password: instance.authentication && passwordOctets(instance.authentication.password),
    addresses: instance.addresses.map((address) => ipv4(address.address)),
    unicast: instance.transport.kind === "unicast",
  };
}

/**
 * keepalived lets `state MASTER` and priority 255 cancel nopreempt. It lets `state MASTER` cancel preempt_delay as
 * well; we keep the delay, since it only ever applies while another master is heard, which is what its author means.
 */
export function instanceSettings(instance: VrrpInstance): InstanceSettings {
  return {
    name: instance.name,
    advertInterval: instance.advertInterval,
    preempt: instance.preempt || instance.state === "MASTER" || instance.priority === OWNER,
    preemptDelay: instance.preemptDelay,
    garp: instance.garp,
  };
}

/** What in a configuration the engine cannot run yet, in words; empty: nothing. */
export function unsupported(instance: VrrpInstance): string[] {
  const problems: string[] = [];
  if (instance.version !== 2) problems.push(`(${instance.name}) VRRP version ${instance.version} is not supported yet`);
  const texts = [
    ...instance.addresses.map((address) => address.address),
    ...instance.excludedAddresses.map((address) => address.address),
    ...peersOf(instance),
    ...(instance.sourceAddress === undefined ? [] : [instance.sourceAddress]),
  ];
  for (const text of texts)
    if (parseIpv4(text) === undefined) problems.push(`(${instance.name}) ${text}: only IPv4 is supported yet`);
  return problems;
}
