/**
 * What the kernel must be told so that `source … usesrc clientip` works. The server's answers go to the client's
 * address: they arrive here because the server's gateway is this host, and would be forwarded. An nft table marks the
 * packets that belong to a transparent socket of this host, a rule sends marked packets to a routing table, and that
 * table says that every address is local (the kernel's Documentation/networking/tproxy.rst).
 *
 * One number names mark and routing table, and stands in the nft table's name together with the process that made it:
 * `bascule-transparent-<number>-<pid>-<start time>`. So what a crashed run left behind can be told from what another
 * running Bascule needs, and two of them, as during a reload, each have their own.
 */
import { AF_INET, AF_INET6 } from "../sys/address.js";
import { EEXIST, ENOENT, EPERM, ESRCH, errnoText } from "../sys/errno.js";
import { Netlink, type RouteSettings, type RuleSettings } from "../sys/netlink.js";
import { nft } from "./nft.js";
import { PlumbingError } from "./plumbing-error.js";
import { isRunning, ownProcess, type ProcessIdentity } from "./process-identity.js";

/** Marks and routing tables to choose from: out of the way of the numbers that people pick (1, 100 …). */
const FIRST_NUMBER = 7400;
const LAST_NUMBER = 7499;
const TABLE_NAME = /^table inet (bascule-transparent-(\d+)-(\d+)-(\d+))$/gm;
const LOOPBACK_INDEX = 1;
const RULE_TO_TABLE = 1;

export interface PlumbingLog {
  notice(message: string): void;
  warning(message: string): void;
}

export interface TransparentPlumbing {
  /** The mark, and the number of the routing table. */
  readonly number: number;
  /** Takes away exactly what was made; a second call does nothing. Needs the rights that making it took. */
  remove(): void;
}

interface NftTable {
  readonly name: string;
  readonly number: number;
  readonly owner: ProcessIdentity;
}

/**
 * Sets the plumbing up for IPv4, and for IPv6 where the host has it, and clears away what a crashed run left behind.
 * What an administrator made by hand stays as it is. Blocks for some tens of milliseconds: for start and stop.
 * Throws a PlumbingError, with cause and remedy, if `nft` is missing, a right or the kernel's support for it.
 */
export function installTransparentPlumbing(log: PlumbingLog): TransparentPlumbing {
  const netlink = new Netlink();
  try {
    const tables = listTables();
    for (const table of tables.filter(({ owner }) => !isRunning(owner))) {
      log.notice(`transparent proxying: clearing away ${table.name}, left behind by process ${table.owner.pid}`);
      removeTable(netlink, table, log);
    }
    mentionHandMade(netlink, log);
    for (let number = FIRST_NUMBER; number <= LAST_NUMBER; number++) {
      if (!isFree(netlink, number) || tables.some((table) => table.number === number && isRunning(table.owner)))
        continue;
      const table = makeTable(netlink, number, log);
      if (table === undefined) continue; // Another process was faster.
      log.notice(
        `transparent proxying: packets of transparent sockets get mark and routing table ${number} (${table.name})`,
      );
      let removed = false;
      const remove = (): void => {
        if (!removed) withNetlink((own) => removeTable(own, table, log));
        removed = true;
      };
      return { number, remove };
    }
  } finally {
    netlink.close();
  }
  throw new PlumbingError(
    `the routing tables ${FIRST_NUMBER}–${LAST_NUMBER} and the marks of the same numbers are all in use`,
    "free one of them: see `ip rule` and `ip route show table all`",
  );
}

function withNetlink(action: (netlink: Netlink) => void): void {
  const netlink = new Netlink();
  try {
    action(netlink);
  } finally {
    netlink.close();
  }
}

function listTables(): NftTable[] {
  const listing = nft(["list", "tables"]);
  return [...listing.matchAll(TABLE_NAME)].map(([, name, number, pid, startTime]) => ({
    name: name!,
    number: Number(number),
    owner: { pid: Number(pid), startTime: startTime! },
  }));
}

const families = (): number[] => [AF_INET, AF_INET6];

/** Whether no routing table, rule or mark match of anyone else's has to do with the number. */
function isFree(netlink: Netlink, number: number): boolean {
  return families().every(
    (family) =>
      netlink.routes(family, number).length === 0 &&
      netlink
        .rules(family)
        .every(
          ({ table, mark, mask = 0xffffffff }) =>
            table !== number && (mark === undefined || (number & mask) >>> 0 !== mark),
        ),
  );
}

/** The earliest priority that no rule has. Only the local table's rule (0) comes before: nothing else may divert replies. */
function freePriority(netlink: Netlink): number {
  const taken = new Set(families().flatMap((family) => netlink.rules(family).map((rule) => rule.priority)));
  let priority = 1;
  while (taken.has(priority)) priority++;
  return priority;
}

/** nft first: with the table's name in place, a crash at any later point leaves nothing that cannot be found again. */
function makeTable(netlink: Netlink, number: number, log: PlumbingLog): NftTable | undefined {
  const owner = ownProcess();
  const table = { name: `bascule-transparent-${number}-${owner.pid}-${owner.startTime}`, number, owner };
  nft(["-f", "-"], ruleset(table.name, number));
  try {
    const priority = freePriority(netlink);
    if (!addRouting(netlink, AF_INET, number, priority, log)) {
      // Not ours to remove: only the nft table is.
      nft(["delete", "table", "inet", table.name]);
      return undefined;
    }
    addRouting(netlink, AF_INET6, number, priority, log);
    return table;
  } catch (error) {
    removeTable(netlink, table, log);
    throw error;
  }
}

/**
 * A listener on all addresses (`bind :80 transparent`) is a transparent socket as well, and would catch what other
 * hosts send through this one to port 80 of anywhere: its packets are left alone, and the local table finds it. The
 * second rule does not say `wildcard 0`: that has no answer for a socket in TIME-WAIT, whose last packets would be
 * forwarded to a client that knows nothing of them.
 */
const ruleset = (name: string, mark: number): string => `table inet ${name} {
  chain divert {
    type filter hook prerouting priority mangle; policy accept;
    meta l4proto tcp socket transparent 1 socket wildcard 1 accept
    meta l4proto tcp socket transparent 1 meta mark set ${mark}
  }
}
`;

const defaultRoute = (family: number, table: number): RouteSettings => ({
  destination: family === AF_INET ? "0.0.0.0" : "::",
  prefixLength: 0,
  oif: LOOPBACK_INDEX,
  table,
  type: "local",
});

/** Returns false if the number was taken meanwhile. A host without IPv6 does without that half. */
function addRouting(netlink: Netlink, family: number, number: number, priority: number, log: PlumbingLog): boolean {
  const steps = [
    () => netlink.addRoute(defaultRoute(family, number)), // first: who makes it, owns the table
    () => netlink.addRule({ family, priority, mark: number, table: number }),
  ];
  for (const step of steps) {
    const result = step();
    if (result === 0) continue;
    if (result === -EEXIST && family === AF_INET) return false;
    const reason = netlink.explanation ?? errnoText(-result);
    if (family === AF_INET6) {
      log.notice(`transparent proxying: IPv4 only, as IPv6 routing refuses it: ${reason}`);
      return true;
    }
    if (result === -EPERM) throw PlumbingError.noPermission(reason);
    throw new PlumbingError(
      `the kernel refuses the rule or route that leads replies here: ${reason}`,
      "check that the kernel has policy routing (CONFIG_IP_MULTIPLE_TABLES): `ip rule` must work",
    );
  }
  return true;
}

/** Removes the nft table with its rules and routes, whichever of them are there. */
function removeTable(netlink: Netlink, { name, number }: NftTable, log: PlumbingLog): void {
  const failed = (what: string, reason: string): void =>
    log.warning(`transparent proxying: ${what} stays behind: ${reason}; remove it by hand or start again as root`);
  for (const family of families()) {
    for (const rule of netlink.rules(family).filter((rule) => rule.mark === number && rule.table === number)) {
      const settings: RuleSettings = { family, priority: rule.priority, mark: number, table: number };
      const result = netlink.deleteRule(settings);
      if (result < 0 && result !== -ENOENT) failed(`rule ${rule.priority}`, errnoText(-result));
    }
    if (netlink.routes(family, number).length === 0) continue;
    const result = netlink.deleteRoute(defaultRoute(family, number));
    if (result < 0 && result !== -ESRCH) failed(`the route in table ${number}`, errnoText(-result));
  }
  try {
    if (listTables().some((table) => table.name === name)) nft(["delete", "table", "inet", name]);
  } catch (error) {
    failed(`nft table ${name}`, (error as Error).message);
  }
}

/** Where the ten manual steps were done, they do no harm, but are no longer needed: say so. */
function mentionHandMade(netlink: Netlink, log: PlumbingLog): void {
  for (const { priority, table, mark, action } of netlink.rules(AF_INET)) {
    if (mark === undefined || action !== RULE_TO_TABLE || (table >= FIRST_NUMBER && table <= LAST_NUMBER)) continue;
    const diverts = netlink.routes(AF_INET, table).some((route) => route.type === "local" && route.prefixLength === 0);
    if (!diverts) continue;
    log.notice(
      `transparent proxying: rule ${priority} (fwmark ${mark}, table ${table}) diverts packets too; it was made by hand, is left alone, and is not needed for Bascule`,
    );
  }
}
