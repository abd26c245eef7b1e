/**
 * The nft(8) program. It is run rather than its protocol spoken: nft knows what each kernel takes, and this is for start
 * and stop alone.
 */
import { spawnSync } from "node:child_process";
import { PlumbingError } from "./plumbing-error.js";

const TIMEOUT = 10_000;
/** Daemons are often started without the sbin directories. */
const PATH = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`;

/** Runs nft and returns its standard output. Throws a PlumbingError; a ruleset given by `-f -` is taken whole or not at all. */
export function nft(args: readonly string[], input = ""): string {
  const run = spawnSync("nft", args, { input, encoding: "utf8", timeout: TIMEOUT, env: { PATH, LC_ALL: "C" } });
  const code = (run.error as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ENOENT")
    throw new PlumbingError(
      "the program nft is not installed",
      "install it: apt install nftables (dnf, zypper: the same)",
    );
  if (code !== undefined) throw new PlumbingError(`nft cannot be run (${code})`, "try `nft list ruleset` by hand");
  if (run.status === 0) return run.stdout;
  const complaint = run.stderr.trim().split("\n")[0] ?? "";
  if (/not permitted|permission denied|must be root/i.test(run.stderr)) throw PlumbingError.noPermission(complaint);
  throw new PlumbingError(
    `nft ${args.join(" ")} says: ${complaint || `exit status ${run.status ?? run.signal}`}`,
    "it takes nft 0.9.7 and Linux 5.10 with nf_tables and nft_socket (modprobe nft_socket tells whether it is there)",
  );
}
