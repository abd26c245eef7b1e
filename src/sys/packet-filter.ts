/** Classic BPF programs: what of the packets on a socket's way reaches it is decided in the kernel (packet(7), socket(7)). */
import { allocate } from "./memory.js";
import { SO_ATTACH_FILTER, SOL_SOCKET, setOptionBytes } from "./socket.js";

/** code, how many to skip if true, if false, operand (linux/filter.h). */
export type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number];

export const LOAD_WORD = 0x20;
export const LOAD_HALF = 0x28;
export const LOAD_OCTET = 0x30;
export const LOAD_OCTET_BEHIND_INDEX = 0x50;
/** Sets the index to four times the low half of the octet there: the length of an IPv4 header. */
export const LOAD_HEADER_LENGTH = 0xb1;
export const IS_EQUAL = 0x15;
export const RETURN = 0x06;
/** More than any packet has. */
export const WHOLE = 0x40000;
/** The longest program that the kernel takes (BPF_MAXINSNS). */
export const MAX_INSTRUCTIONS = 4096;

/** Sets the socket's filter; it replaces the one before. @returns 0 or a negated errno. */
export function attachFilter(fd: number, instructions: readonly Instruction[]): number {
  const program = allocate(8 * instructions.length);
  for (const [index, [code, ifTrue, ifFalse, operand]] of instructions.entries()) {
    program.bytes.writeUInt16LE(code, 8 * index);
    program.bytes[8 * index + 2] = ifTrue;
    program.bytes[8 * index + 3] = ifFalse;
    program.bytes.writeUInt32LE(operand, 8 * index + 4);
  }
  const header = allocate(64);
  header.bytes.fill(0);
  header.bytes.writeUInt16LE(instructions.length, 0);
  header.bytes.writeBigUInt64LE(BigInt(program.address), 8);
  return setOptionBytes(fd, SOL_SOCKET, SO_ATTACH_FILTER, header.address, 16);
}
