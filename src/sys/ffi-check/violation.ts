/** Says at once what rule was broken, for the throw alone may be taken for a session's own bug and swallowed. */
import { writeSync } from "node:fs";
import { callStack } from "./call-stack.js";
import { shared } from "./shared-memory.js";

/** A call into C that would have harmed: memory that is not ours, a handle that is closed, closed twice or unknown. */
export class FfiViolation extends Error {}

export function violation(text: string): never {
  shared.countViolation();
  tell(`violation: ${text}\n  now\n${callStack()}`);
  throw new FfiViolation(text);
}

/** To standard error, past all buffers: the process may be about to crash. */
export function tell(text: string): void {
  try {
    writeSync(2, `ffi-check: ${text}\n`);
  } catch {
    // Nobody reads it any more.
  }
}
