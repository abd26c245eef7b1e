/** What is compared: one haproxy.cfg for both proxies, and the load that is put on it. */

/** Where a scenario takes place: `address:port` on loopback, chosen free for each bench. */
export interface Place {
  /** The proxy listens here. */
  readonly listen: string;
  /** The web server behind it. */
  readonly server: string;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** haproxy.cfg; HAProxy and Bascule get the same bytes. */
  configuration(place: Place): string;
  /** wrk's arguments; duration and statistics script are added. */
  wrk(place: Place): readonly string[];
}

export const scenarios: readonly Scenario[] = [
  {
    name: "http-keep-alive",
    title: "mode http, 64 keep-alive connections",
    configuration: (place) => configuration("http", place),
    wrk: (place) => ["--threads", "1", "--connections", "64", `http://${place.listen}/`],
  },
  {
    name: "tcp-keep-alive",
    title: "mode tcp, 64 connections that stay open",
    configuration: (place) => configuration("tcp", place),
    wrk: (place) => ["--threads", "1", "--connections", "64", `http://${place.listen}/`],
  },
];

/** One thread, no logs, no checks: nothing but the way of a request. */
function configuration(mode: "http" | "tcp", { listen, server }: Place): string {
  return `\
global
    nbthread 1
    maxconn 4000

defaults
    mode ${mode}
    timeout connect 5s
    timeout client 60s
    timeout server 60s

frontend bench
    bind ${listen}
    default_backend web

backend web
    server nginx ${server}
`;
}
