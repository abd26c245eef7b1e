/** Where a keepalived among several on one host has its files, and what it calls itself (keepalived(8), NAMESPACES). */
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KeepalivedGlobal } from "../config/keepalived/model.js";

type Naming = Pick<KeepalivedGlobal, "networkNamespace" | "daemonInstance" | "usePidDirectory"> & {
  readonly dumps: Pick<KeepalivedGlobal["dumps"], "useInstanceName">;
};

/** Of `keepalived`, `vrrp`: its pid file, unless a flag names another. */
export const pidFileOf = (program: string, naming: Naming): string => inPidDirectory(`${program}`, "pid", naming);

/** `reload_file` without a name. */
export const reloadMarkerOf = (naming: Naming): string => inPidDirectory("keepalived", "reload", naming);

/** A namespace has a folder of its own, an instance a part of the name. */
function inPidDirectory(program: string, extension: string, naming: Naming): string {
  const { networkNamespace, daemonInstance, usePidDirectory } = naming;
  const isSpecial = usePidDirectory || networkNamespace !== undefined || daemonInstance !== undefined;
  const folder = join("/run", isSpecial ? "keepalived" : "", networkNamespace ?? "");
  return join(folder, `${[program, daemonInstance].filter((part) => part !== undefined).join("_")}.${extension}`);
}

/** What stands in front of its lines in syslog. */
export const identOf = ({ networkNamespace, daemonInstance }: Naming): string =>
  ["Keepalived_vrrp", networkNamespace, daemonInstance].filter((part) => part !== undefined).join("_");

/** A dump without a name of its own, below TMPDIR. Only the data, not the statistics, bear the daemon's name. */
export function dumpFileOf(extension: "data" | "stats" | "json", naming: Naming): string {
  const { networkNamespace, daemonInstance, dumps } = naming;
  const name = [networkNamespace, daemonInstance].filter((part) => part !== undefined).join("_");
  const isNamed = extension === "data" && dumps.useInstanceName && name !== "";
  return join(tmpdir(), `keepalived${isNamed ? `.${name}` : ""}.${extension}`);
}
