/** What the typed configuration means to the packet and to the state machine. */
import type { Multicast, Unicast, VrrpInstance } from "../config/keepalived/model.js";
import type { InstanceSettings } from "./instance.js";
import { addressOctets, type IpAddress, parseIp } from "./wire/ip-address.js";
import { type AdvertisementSettings, type Authentication, passwordOctets, VRRP_TTL } from "./wire/packet.js";

const OWNER = 255;
/** Of those that do not own the addresses. */
const HIGHEST = 254;

/** Throws a RangeError if the text is no IP address: the configuration has been checked. */
export function ipAddress(text: string): IpAddress {
  const address = parseIp(text);
  if (address === undefined) throw new RangeError(`${text} is not an IP address`);
  return address;
}

/** Throws a RangeError if the instance has none: the configuration has been checked. */
export function interfaceOf(instance: VrrpInstance): string {
  if (instance.interface === undefined) throw new RangeError(`${instance.name} has no interface`);
  return instance.interface;
}

export function advertisementSettings(instance: VrrpInstance): AdvertisementSettings {
  const { transport } = instance;
  const { virtualRouterId, version, family, advertInterval } = instance;
  return {
    virtualRouterId,
    version,
    family,
    advertInterval,
    authentication: authenticationOf(instance),
    addresses: instance.addresses.map(({ address }) => addressOctets(ipAddress(address))),
    plainChecksum: instance.checksum.v3AsV2,
    oldUnicastChecksum: instance.checksum.oldUnicast,
    ...(transport.kind === "unicast" ? unicast(transport) : multicast(transport)),
  };
}

type Travel = Pick<AdvertisementSettings, "unicast" | "group" | "peers" | "checkSource" | "ttl">;

const multicast = ({ group }: Multicast): Travel => ({
  unicast: false,
  group: ipAddress(group),
  peers: [],
  checkSource: false,
  ttl: VRRP_TTL,
});

const unicast = ({ peers, checkSource, ttl }: Unicast): Travel => ({
  unicast: true,
  group: 0,
  peers: peers.map(({ address, minTtl = 0, maxTtl = 255 }) => ({ address: ipAddress(address), minTtl, maxTtl })),
  checkSource,
  ttl,
});

/** There is none in version 3 (RFC 9568 §9). */
function authenticationOf({ authentication, version }: VrrpInstance): Authentication | undefined {
  if (authentication === undefined || version === 3) return undefined;
  return { type: authentication.type, password: passwordOctets(authentication.password) };
}

/**
 * keepalived lets `state MASTER` and priority 255 cancel nopreempt. It lets `state MASTER` cancel preempt_delay as
 * well; we keep the delay, since it only ever applies while another master is heard, which is what its author means.
 */
export function instanceSettings(instance: VrrpInstance, isGrouped = false): InstanceSettings {
  return {
    name: instance.name,
    isGrouped,
    version: instance.version,
    downTimerAdverts: instance.downTimerAdverts,
    advertInterval: instance.advertInterval,
    preempt: instance.preempt || instance.state === "MASTER" || instance.priority === OWNER,
    preemptDelay: instance.preemptDelay,
    answersLowerPriority: !instance.lowerPriorityNoAdvert,
    advertisesBeforeYielding: instance.higherPrioritySendAdvert,
    highestRival: instance.timerExpiredBackup && (instance.timerExpiredBackup.priority ?? HIGHEST),
    lastResort: instance.lastResort,
    garp: instance.garp,
  };
}
