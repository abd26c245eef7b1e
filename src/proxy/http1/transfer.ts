import { BUFFER_SIZE } from "../../reactor/buffers.js";

/** How far a message got in one go, from the peer it comes from to the peer it goes to. */
export const Transfer = {
  /** All that could be moved now has been; the loop will tell when there is more. */
  waiting: 0,
  /** A head is complete: it is to be decided upon. */
  head: 1,
  /** The message has gone, to its last byte. */
  done: 2,
  /** The bytes are not a message. */
  malformed: 3,
  /** Its sender closed, which is the end of the message only where the message says so. */
  ended: 4,
  /** Its sender's connection broke. */
  senderBroke: 5,
  /** Its receiver takes no more bytes. */
  receiverBroke: 6,
} as const;

/** Buffers of the usual size that one message may fill before the other connections of the loop get their turn. */
export const FAIR_SHARE = 16;

/** What filling a pipe counts for: its bytes are moved, not copied. */
export const PIPE_SHARE = 4;

/** How many of them a read of `count` bytes counts for. */
export const shareOf = (count: number): number => Math.max(1, Math.floor(count / BUFFER_SIZE));
