/** nft(8) for transparent proxying, whose failures are told with cause and remedy. */
import { runNft } from "../sys/nft.js";
import { PlumbingError } from "./plumbing-error.js";

/** Runs nft and returns its standard output. Throws a PlumbingError. */
export function nft(args: readonly string[], input = ""): string {
  const outcome = runNft(args, input);
  switch (outcome.kind) {
    case "done":
      return outcome.output;
    case "missing":
      throw new PlumbingError(
        "the program nft is not installed",
        "install it: apt install nftables (dnf, zypper: the same)",
      );
    case "not-run":
      throw new PlumbingError(`nft cannot be run (${outcome.code})`, "try `nft list ruleset` by hand");
    case "refused":
      if (outcome.isPermission) throw PlumbingError.noPermission(outcome.complaint);
      throw new PlumbingError(
        `nft ${args.join(" ")} says: ${outcome.complaint}`,
        "it takes nft 0.9.7 and Linux 5.10 with nf_tables and nft_socket (modprobe nft_socket tells whether it is there)",
      );
  }
}
