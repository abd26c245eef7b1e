/**
 * A network namespace for one test file: `node --test` runs each file in a process of its own, and what its main
 * thread opens or spawns from then on belongs to the new namespace. The machine's own network is out of reach.
 */
import { execFileSync } from "node:child_process";
import { declare } from "../../src/sys/libc.js";

const CLONE_NEWNET = 0x40000000;
let entered = false;

/** Needs root. The namespace has a loopback interface, switched off, and nothing else. */
export function enterOwnNetwork(): void {
  if (entered) return;
  const result = declare("unshare", ["int"])(CLONE_NEWNET);
  if (result < 0) throw new Error(`unshare(CLONE_NEWNET): errno ${-result}`);
  entered = true;
}

/** Runs ip(8) in the namespace of the calling thread; returns its standard output. */
export const ip = (...args: string[]): string => execFileSync("ip", args, { encoding: "utf8" });

/** What `ip -json …` tells. */
export const ipJson = <T>(...args: string[]): T => JSON.parse(ip("-json", ...args) || "[]") as T;
