/** The garbage collector of a process in which one thread must never wait for another. */
import { setFlagsFromString } from "node:v8";

/**
 * V8 shares a collection's pause with helper threads and waits for them. They are ordinary threads: on a busy host they
 * may not run for a long time, and a real-time thread would wait with them. Its few megabytes it collects alone, in
 * about 1 ms. (What helpers do beside a running program cannot be switched off any more once one runs; the engine's heap
 * hardly ever grows enough to ask for it.)
 */
const SHARED = ["parallel-scavenge", "parallel-compaction", "parallel-pointer-update"];

export function collectWithoutHelp(): void {
  for (const flag of SHARED) setFlagsFromString(`--no-${flag}`);
}
