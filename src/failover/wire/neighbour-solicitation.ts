/** The frame that asks who has an IPv6 address (RFC 4861 §4.3, §7.2.2). */
import { parseIp } from "./ip-address.js";
import { writeNeighbourMessage } from "./neighbour-message.js";

/** The group of those whose addresses end in the same 24 bits (RFC 4291 §2.7.1). */
const SOLICITED_NODE = parseIp("ff02::1:ff00:0") as bigint;
const NEIGHBOUR_SOLICITATION = 135;
const SOURCE_LINK_LAYER_ADDRESS = 1;

/**
 * Writes a solicitation that also tells whoever has `target` where `source` lives.
 * @param into room for `NEIGHBOUR_FRAME_LENGTH` octets. @param hardwareAddress the interface's six octets.
 */
export function encodeNeighbourSolicitation(
  into: Uint8Array,
  hardwareAddress: Uint8Array,
  source: bigint,
  target: bigint,
): number {
  return writeNeighbourMessage(into, hardwareAddress, {
    type: NEIGHBOUR_SOLICITATION,
    flags: 0,
    source,
    destination: SOLICITED_NODE | (target & 0xffffffn),
    target,
    option: SOURCE_LINK_LAYER_ADDRESS,
  });
}
