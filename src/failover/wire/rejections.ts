/** What the log says of a packet that is discarded: what came, and what was expected. */
import { formatIp, readAddress } from "./ip-address.js";
import {
  type Advertisement,
  type AdvertisementSettings,
  AUTH_AH,
  AUTH_NONE,
  AUTH_PASS,
  type Rejection,
} from "./packet.js";

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
  const from = senderOf(packet, length);
  switch (reason) {
    case "truncated":
      return `received a packet${from} that is cut off (${length} octets)`;
    case "version":
      return `received a packet${from} of another VRRP version, expecting ${own.version}`;
    case "type":
      return `received a packet${from} that is no advertisement`;
    case "length":
      return `received a packet${from} whose length does not fit its number of addresses`;
    case "checksum":
      return `Invalid VRRPv${own.version} checksum${from}`;
    case "ttl":
      return `invalid ttl${from}. ${heard.header.ttl} and expect ${expectedTtl(heard, own)}`;
    case "auth-type":
      return `received a ${heard.authenticationType} auth${from}, expecting ${authenticationNumber(own)}!`;
    case "auth-password":
      return own.authentication?.type === "AH"
        ? `IPSEC-AH : invalid IPSEC HMAC-MD5 value${from}. Due to fields mutation or bad password !`
        : `received an invalid passwd${from}!`;
    case "replayed":
      return `IPSEC-AH : sequence number ${heard.sequence}${from} already processed. Packet dropped.`;
    case "interval":
      return `advertisement interval mismatch${from} mine=${seconds(own.advertInterval)} sec rcv'ed=${seconds(heard.advertInterval)} sec`;
    case "source":
      return `unicast source address${from} not a unicast peer`;
    case "destination":
      return own.unicast
        ? `received a multicast advertisement${from}, but is configured for unicast`
        : `received an advertisement${from} to ${formatIp(heard.header.destination)}, expecting multicast to ${formatIp(own.group)}`;
  }
}

function senderOf(packet: Uint8Array, length: number): string {
  const version = length === 0 ? 0 : packet[0]! >> 4;
  if (version === 6 && length >= 40) return ` from ${formatIp(readAddress(packet, 8, 6))}`;
  return length >= 20 ? ` from ${formatIp(readAddress(packet, 12, 4))}` : "";
}

function expectedTtl({ header }: Advertisement, { peers }: AdvertisementSettings): string {
  const peer = peers.find(({ address }) => address === header.source);
  return peer === undefined ? "255" : `${peer.minTtl}–${peer.maxTtl}`;
}

const authenticationNumber = ({ authentication }: AdvertisementSettings): number =>
  authentication === undefined ? AUTH_NONE : authentication.type === "AH" ? AUTH_AH : AUTH_PASS;

const seconds = (interval: number): number => interval / 1_000_000;
