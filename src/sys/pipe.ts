/** Pipes, and moving bytes between them and sockets without a copy (pipe(7), splice(2)). */
import { declare } from "./libc.js";
import { allocate, words } from "./memory.js";
import { close } from "./socket.js";

const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const F_SETPIPE_SZ = 1031;
const F_GETPIPE_SZ = 1032;
const SPLICE_F_MOVE = 1;
const SPLICE_F_NONBLOCK = 2;

const nativePipe2 = declare("pipe2", ["uintptr_t", "int"]);
const nativeFcntl = declare("fcntl", ["int", "int", "int"]);
const nativeSplice = declare("splice", ["int", "uintptr_t", "int", "uintptr_t", "size_t", "uint32_t"]);
const ends = allocate(64);
const endWords = words(ends);

/** From one descriptor to another, one of which is a pipe → bytes moved, 0 at the end of the stream, or a negated errno. */
export const splice = (from: number, to: number, length: number): number =>
  nativeSplice(from, 0, to, 0, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

export interface PipeEnds {
  readonly readFd: number;
  readonly writeFd: number;
}

/**
 * A pipe of `size` bytes, or of at least `least` where the user's share of pipe memory is used up (pipe(7)).
 * @returns undefined if there is none to be had
 */
export function openPipe(size: number, least: number): PipeEnds | undefined {
  if (nativePipe2(ends.address, O_NONBLOCK | O_CLOEXEC) < 0) return undefined;
  const pipe = { readFd: endWords[0]!, writeFd: endWords[1]! };
  nativeFcntl(pipe.writeFd, F_SETPIPE_SZ, size);
  if (nativeFcntl(pipe.readFd, F_GETPIPE_SZ, 0) >= least) return pipe;
  close(pipe.readFd);
  close(pipe.writeFd);
  return undefined;
}
