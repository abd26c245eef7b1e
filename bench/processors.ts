/** Who runs where: the proxy has a processor to itself, load and web server share the others. */
import { readFileSync } from "node:fs";

export interface Processors {
  readonly proxy: string;
  readonly load: string;
}

/** @throws if this process may use one processor only: the load would take the proxy's time. */
export function divideProcessors(): Processors {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "";
  const [proxy, ...load] = parseProcessorList(list);
  if (proxy === undefined || load.length === 0)
    throw new Error(`two processors are needed, one for the proxy and one for the load; here is ${list || "none"}`);
  return { proxy: `${proxy}`, load: load.join(",") };
}

/** `0-2,5` → 0, 1, 2, 5 (cpuset(7), list format). */
export function parseProcessorList(list: string): number[] {
  return list
    .split(",")
    .filter((part) => part !== "")
    .flatMap((part) => {
      const [first, last = first] = part.split("-").map(Number) as [number, number?];
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}
