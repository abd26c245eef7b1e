/** poll(2), for one descriptor and without waiting. */
import { declare } from "./libc.js";
import { allocate, words } from "./memory.js";

const POLLOUT = 4;

const nativePoll = declare("poll", ["uintptr_t", "size_t", "int"]);
/** `struct pollfd`: fd, then events and revents, two bytes each. */
const entry = allocate(8);
const entryWords = words(entry);

/** Whether a write of up to PIPE_BUF bytes would not wait. */
export function isWritable(fd: number): boolean {
  entryWords[0] = fd;
  entryWords[1] = POLLOUT;
  if (nativePoll(entry.address, 1, 0) !== 1) return false;
  return ((entryWords[1]! >>> 16) & POLLOUT) !== 0;
}
