/** What the log says of a packet that is discarded: what came, and what was expected. */

import { formatIpv4, readIpv4 } from "./ipv4.js";
import type { Advertisement, AdvertisementSettings, Rejection } from "./packet.js";

/**
 * keepalived's words where it has them.
 * @param heard holds the packet's fields only for reasons that are found after decoding.
 */
export function describeRejection(
  reason: Rejection,
  packet: Uint8Array,
  length: number,
  heard: Advertisement,
  own: AdvertisementSettings,
): string {
  const from = length >= 20 ? ` from ${formatIpv4(readIpv4(packet, 12))}` : "";
  switch (reason) {
    case "truncated":
      return `received a packet${from} that is cut off (${length} octets)`;
    case "version":
      return `received a packet${from} of another VRRP version, expecting 2`;
    case "type":
      return `received a packet${from} that is no advertisement`;
    case "length":
      return `received a packet${from} whose length does not fit its number of addresses`;
    case "checksum":
      return `Invalid VRRPv2 checksum${from}`;
    case "ttl":
      return `invalid ttl${from}. ${heard.ttl} and expect 255`;
    case "auth-type":
      return `received a ${heard.authenticationType} auth${from}, expecting ${own.password === undefined ? 0 : 1}!`;
    case "auth-password":
      return `received an invalid passwd${from}!`;
    case "interval":
      return `advertisement interval mismatch${from} mine=${own.advertInterval} sec rcv'ed=${heard.advertInterval} sec`;
    case "destination":
      return own.unicast
        ? `received a multicast advertisement${from}, but is configured for unicast`
        : `received a unicast advertisement${from}, but is configured for multicast`;
  }
}
