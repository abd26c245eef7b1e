/**
 * The nft(8) program. It is run rather than its protocol spoken: nft knows what each kernel takes, and this is for start,
 * reload and stop alone.
 */
import { spawnSync } from "node:child_process";

const TIMEOUT = 10_000;
/** Daemons are often started without the sbin directories. */
const PATH = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`;

export type NftOutcome =
  | { readonly kind: "done"; readonly output: string }
  | { readonly kind: "missing" }
  /** It could not be started, or took too long. `code`: Node's, such as ETIMEDOUT. */
  | { readonly kind: "not-run"; readonly code: string }
  /** `complaint`: the first line of what it says. */
  | { readonly kind: "refused"; readonly complaint: string; readonly isPermission: boolean };

/** Runs nft; a ruleset given by `-f -` in `input` is taken whole or not at all. */
export function runNft(args: readonly string[], input = ""): NftOutcome {
  const run = spawnSync("nft", args, { input, encoding: "utf8", timeout: TIMEOUT, env: { PATH, LC_ALL: "C" } });
  const code = (run.error as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ENOENT") return { kind: "missing" };
  if (code !== undefined) return { kind: "not-run", code };
  if (run.status === 0) return { kind: "done", output: run.stdout };
  const complaint = run.stderr.trim().split("\n")[0] || `exit status ${run.status ?? run.signal}`;
  return { kind: "refused", complaint, isPermission: /not permitted|permission denied|must be root/i.test(run.stderr) };
}
