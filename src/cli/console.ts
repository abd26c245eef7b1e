/** Writing to the caller's terminal or pipe. */
import { writeSync } from "node:fs";

export function print(text: string): void {
  write(1, `${text}\n`);
}

/**
 * Writes to descriptor 2 itself, not through `process.stderr`: a daemon exchanges what stands behind the descriptor
 * while it starts, and a stream would keep the old one.
 */
export function printError(text: string): void {
  write(2, `${text}\n`);
}

function write(fd: number, text: string): void {
  let bytes = Buffer.from(text);
  let patience = 100;
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(fd, bytes));
    } catch (error) {
      // A reader that is slow (EAGAIN) gets a moment, one that has gone (EPIPE) nothing: output is never worth a crash.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || patience-- === 0) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
