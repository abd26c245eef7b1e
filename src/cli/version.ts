/** Who we are, in our own name and in the names that we stand in for. */
import { readFileSync } from "node:fs";
import { release, type } from "node:os";

/** The HAProxy and keepalived releases whose command line, sockets and logs are spoken. */
export const HAPROXY_VERSION = "3.4.0";
/** When support for it was released here, as `show info` has it. */
export const HAPROXY_RELEASE_DATE = "2026/11/21";
export const KEEPALIVED_VERSION = "2.2.8";

// From dist/src/cli/ up to the folder of the package.
const packageFile = new URL("../../../package.json", import.meta.url);

export const basculeVersion = (): string =>
  (JSON.parse(readFileSync(packageFile, "utf8")) as { version: string }).version;

const ownLine = (): string => `Bascule version ${basculeVersion()} (Node.js ${process.version})`;

/** `haproxy -v`: drivers read the version out of the first line. */
export function haproxyVersion(): string {
  return [
    `HAProxy version ${HAPROXY_VERSION} ${HAPROXY_RELEASE_DATE} - as spoken by Bascule, which is not HAProxy`,
    ownLine(),
    `Running on: ${type()} ${release()} ${process.arch === "x64" ? "x86_64" : process.arch}`,
  ].join("\n");
}

/** What this build can and cannot do, under HAProxy's names for it. */
const FEATURES: Readonly<Record<string, boolean>> = {
  EPOLL: true,
  KQUEUE: false,
  LINUX_TPROXY: true,
  LUA: false,
  NS: false,
  OPENSSL: false,
  PCRE: false,
  PCRE2: false,
  POLL: false,
  PROMEX: false,
  QUIC: false,
  SLZ: false,
  THREAD: true,
  TPROXY: true,
  ZLIB: false,
};

/** `haproxy -vv`. */
export function haproxyBuild(): string {
  const features = Object.entries(FEATURES).map(([name, has]) => `${has ? "+" : "-"}${name}`);
  return [
    haproxyVersion(),
    "Build options :",
    "  TARGET  = linux-glibc",
    "",
    `Feature list : ${features.join(" ")}`,
    "",
    "Available polling systems :",
    "      epoll : pref=300,  test result OK",
    "Total: 1 (1 usable), will use epoll.",
    "",
    "Available services : none",
  ].join("\n");
}

/** `keepalived -v`, which keepalived writes to stderr. */
export function keepalivedVersion(): string {
  return [
    `Keepalived v${KEEPALIVED_VERSION} - as spoken by Bascule, which is not keepalived`,
    ownLine(),
    `Running on ${type()} ${release()}`,
  ].join("\n");
}

export const version = (): string => ownLine();
