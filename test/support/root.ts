/** Reasons to skip a test, for `test(name, { skip: needsRoot }, …)`. Under CI=true nothing is skipped. */
import { existsSync } from "node:fs";

const mustRun = process.env.CI === "true";
const isRoot = process.platform === "linux" && process.getuid?.() === 0;

/** A reason, or false where network namespaces can be made. */
export const needsRoot: string | false = isRoot || mustRun ? false : "needs root on Linux, to make network namespaces";

/** As `needsRoot`, for tests that also run programs of the distribution's packages, such as `keepalived`. */
export function needsRootAnd(...programs: readonly string[]): string | false {
  const folders = (process.env.PATH ?? "").split(":").concat("/usr/sbin", "/sbin");
  const missing = programs.filter((program) => !folders.some((folder) => existsSync(`${folder}/${program}`)));
  if (needsRoot !== false || mustRun || missing.length === 0) return needsRoot;
  return `needs ${missing.join(", ")} (apt-get install ${missing.join(" ")})`;
}
