/** The frame that tells a link where an IPv6 address lives now (RFC 4861 §7.2.6, RFC 9568 §6.4.2). */
import { type IpAddress, parseIp } from "./ip-address.js";
import { writeNeighbourMessage } from "./neighbour-message.js";

const ALL_NODES = parseIp("ff02::1") as bigint;
const NEIGHBOUR_ADVERTISEMENT = 136;
const ROUTER = 0x80;
const OVERRIDE = 0x20;
const TARGET_LINK_LAYER_ADDRESS = 2;

/**
 * Writes an unsolicited neighbour advertisement for `address`, from that address to all nodes.
 * @param into     Room for `NEIGHBOUR_FRAME_LENGTH` octets from offset 0.
 * @param hardwareAddress the interface's six octets.
 * @param isRouter this host forwards packets
 */
export function encodeNeighbourAdvertisement(
  into: Uint8Array,
  hardwareAddress: Uint8Array,
  address: IpAddress,
  isRouter: boolean,
): number {
  return writeNeighbourMessage(into, hardwareAddress, {
    type: NEIGHBOUR_ADVERTISEMENT,
    flags: OVERRIDE | (isRouter ? ROUTER : 0),
    source: address,
    destination: ALL_NODES,
    target: address,
    option: TARGET_LINK_LAYER_ADDRESS,
  });
}
