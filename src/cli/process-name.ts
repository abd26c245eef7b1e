/** The name that ps, pidof, pgrep and killall know this process by. */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { setThreadName } from "../sys/process.js";

/**
 * Names the process: `argv` becomes its command line, the first word of it its `comm` (at most 15 bytes).
 *
 * `process.title` would write one long word, and a pidof that goes by the first word of the command line (procps'
 * does) would look for `haproxy -f /etc/…`. So the words go to where the kernel reads the command line from, each
 * ended by NUL as after an exec.
 */
export function nameProcess(argv: readonly [string, ...string[]]): void {
  if (!writeCommandLine(argv)) process.title = argv.join(" ");
  setThreadName(argv[0]);
}

/** @returns false if /proc does not let us. Words beyond the room that the original command line took are cut. */
function writeCommandLine(argv: readonly string[]): boolean {
  try {
    const stat = readFileSync("/proc/self/stat", "latin1");
    // Fields 48 and 49 of proc(5): where the arguments start and end. The second field, in parentheses, may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [start, end] = [Number(fields[45]), Number(fields[46])];
    if (!(end > start)) return false;
    const room = Buffer.alloc(end - start);
    room.write(`${argv.join("\0")}\0`, 0, room.length - 1);
    const memory = openSync("/proc/self/mem", "r+");
    try {
      return writeSync(memory, room, 0, room.length, start) === room.length;
    } finally {
      closeSync(memory);
    }
  } catch {
    return false;
  }
}
