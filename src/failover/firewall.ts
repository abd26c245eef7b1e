/**
 * `no_accept` (RFC 9568 §6.4.3, Accept_Mode false): who does not own the virtual addresses answers for them on the link,
 * and drops what is sent to the host itself. Rules of nftables, there from start to stop: while another router is master
 * they match nothing.
 */
import type { KeepalivedConfiguration, VirtualAddress } from "../config/keepalived/model.js";
import { runNft } from "../sys/nft.js";
import type { LogLevel } from "./instance.js";

const OWNER = 255;
/** Neighbour discovery goes to the addresses themselves, and must be answered (RFC 4861). */
const NEIGHBOUR_DISCOVERY = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert }";

type Log = (line: string, level: LogLevel) => void;

/** The table as nft(8) reads it, the old one removed; undefined: nothing is to be dropped. */
export function firewallScript({ global, instances }: KeepalivedConfiguration): string | undefined {
  const { firewall } = global;
  const dropping = instances.filter(({ accept, priority }) => !accept && priority !== OWNER);
  if (dropping.length === 0) return undefined;
  const addresses = dropping.flatMap((own) => [...own.addresses, ...own.excludedAddresses]);
  const of = (family: VirtualAddress["family"]): string[] => [
    ...new Set(addresses.filter((each) => each.family === family).map(({ address }) => address)),
  ];
  const [ipv4, ipv6] = [of(4), of(6)];
  const counter = firewall.counters ? "counter " : "";
  const rules = [
    ...(ipv4.length === 0 ? [] : [`ip daddr { ${ipv4.join(", ")} } ${counter}drop`]),
    ...(ipv6.length === 0
      ? []
      : [
          `ip6 daddr { ${ipv6.join(", ")} } ${NEIGHBOUR_DISCOVERY} ${counter}accept`,
          `ip6 daddr { ${ipv6.join(", ")} } ${counter}drop`,
        ]),
  ];
  const { table, priority } = firewall;
  return [
    ...removal(table),
    `table inet ${table} {`,
    `  chain in {`,
    `    type filter hook input priority ${priority}; policy accept;`,
    ...rules.map((rule) => `    ${rule}`),
    "  }",
    "}",
    "",
  ].join("\n");
}

/** A table must be there to be deleted. */
const removal = (table: string): string[] => [`table inet ${table}`, `delete table inet ${table}`];

export class Firewall {
  #table: string | undefined;

  constructor(readonly log: Log) {}

  /** Puts the rules of a configuration in place of those before. */
  apply(configuration: KeepalivedConfiguration): void {
    const script = firewallScript(configuration);
    const { firewall } = configuration.global;
    if (script === undefined) {
      this.remove();
      return;
    }
    if (this.#table !== undefined && this.#table !== firewall.table) this.remove();
    this.#table = firewall.table;
    const problem = nft(script);
    if (problem !== undefined) this.log(`no_accept has no effect: ${problem}`, "warning");
    else this.log("no_accept: what is sent to the virtual addresses is dropped, a ping too", "info");
  }

  remove(): void {
    if (this.#table === undefined) return;
    nft(removal(this.#table).join("\n"));
    this.#table = undefined;
  }
}

/** @returns why it failed. */
function nft(script: string): string | undefined {
  const outcome = runNft(["-f", "-"], script);
  switch (outcome.kind) {
    case "done":
      return undefined;
    case "missing":
      return "the program nft is not installed";
    case "not-run":
      return `nft cannot be run (${outcome.code})`;
    case "refused":
      return outcome.complaint;
  }
}
