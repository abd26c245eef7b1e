/** The rules by which the counters of clients, proxy and servers have to agree. */
import type { OriginCounts } from "./origin.js";
import type { StatRow } from "./proxy-process.js";
import type { Tally } from "./tally.js";
import type { Tallies } from "./visits.js";

/** One rule, with what was counted on both sides. */
export interface Finding {
  readonly rule: string;
  readonly holds: boolean;
  readonly figures: string;
}

const equal = (rule: string, one: number, other: number): Finding => ({
  rule,
  holds: one === other,
  figures: `${one} = ${other}`,
});
const between = (rule: string, low: number, value: number, high: number): Finding => ({
  rule,
  holds: low <= value && value <= high,
  figures: `${low} ≤ ${value} ≤ ${high}`,
});

/** Compares what was counted when nothing is under way any more. */
export function audit(rows: readonly StatRow[], tallies: Tallies, origin: OriginCounts): Finding[] {
  const row = (proxy: string, service: string): StatRow =>
    rows.find(({ pxname, svname }) => pxname === proxy && svname === service)!;
  const servers = rows.filter(
    ({ pxname, svname }) => pxname === "origins" && !["FRONTEND", "BACKEND"].includes(svname!),
  );
  const sum = (column: string): number => servers.reduce((total, server) => total + Number(server[column]), 0);
  return [
    ...auditHttp("web", row("web", "FRONTEND"), tallies.http),
    ...auditHttp("secure", row("secure", "FRONTEND"), tallies.tls),
    equal("echo: connections", tallies.tcp.connections, Number(row("echo", "FRONTEND").conn_tot)),
    equal(
      "nothing is left open",
      rows.reduce((total, { scur }) => total + Number(scur), 0),
      0,
    ),
    equal(
      "2xx of the servers, of the frontends",
      sum("hrsp_2xx"),
      tallies.http.responses[2]! + tallies.tls.responses[2]!,
    ),
    between(
      "2xx that the proxy took, that servers gave; those killed may have been on their way",
      sum("hrsp_2xx"),
      origin.heads,
      sum("hrsp_2xx") + origin.killed,
    ),
    equal("uploads given up, of clients and servers", tallies.http.abandoned, origin.abandoned),
    between("responses that broke off, servers' kills", 0, tallies.http.broken + tallies.tls.broken, origin.killed),
    between(
      "5xx, connections that servers killed",
      0,
      tallies.http.responses[5]! + tallies.tls.responses[5]!,
      origin.killedConnections,
    ),
  ];
}

/** With clients that hang up only once their request is known to have arrived, all of it is exact. */
function auditHttp(name: string, row: StatRow, tally: Tally): Finding[] {
  return [
    equal(`${name}: connections`, tally.connections, Number(row.conn_tot)),
    equal(`${name}: requests`, tally.requests, Number(row.req_tot)),
    ...[1, 2, 3, 5].map((hundreds) =>
      equal(`${name}: ${hundreds}xx`, tally.responses[hundreds]!, Number(row[`hrsp_${hundreds}xx`])),
    ),
    // HAProxy's statistics count a request that its client gave up as 400.
    between(
      `${name}: 4xx, with some or all of those given up`,
      tally.responses[4]!,
      Number(row.hrsp_4xx),
      tally.responses[4]! + tally.abandoned,
    ),
  ];
}
