/** `user` and `group` of the global section. */
import { readFileSync } from "node:fs";
import type { HaproxyGlobal } from "../config/haproxy/model.js";

/**
 * Gives up root for the configured user and group, in all threads.
 * @param needsRoot sessions open sockets in their clients' names, which takes CAP_NET_ADMIN for as long as we run
 */
export function dropPrivileges(global: HaproxyGlobal, needsRoot: boolean, warn: (line: string) => void): void {
  if (process.getuid?.() !== 0) {
    if (global.user !== undefined && global.user !== "root")
      warn(`not started as root: 'user ${global.user}' cannot be applied, going on as the present user`);
    return;
  }
  const user = global.user === undefined ? undefined : findUser(global.user);
  const gid = global.group === undefined ? user?.gid : findGroup(global.group);
  if (global.user !== undefined && user === undefined)
    warn(`there is no user ${global.user}: going on as root; 'useradd --system ${global.user}' makes one`);
  if (global.group !== undefined && gid === undefined)
    warn(`there is no group ${global.group}: going on with root's group`);
  if (needsRoot && user !== undefined && user.uid !== 0) {
    warn(`'source … usesrc' needs root while it runs: 'user ${global.user}' is not applied`);
    return;
  }
  if (gid !== undefined) {
    process.setgroups!([gid]);
    process.setgid!(gid);
  }
  if (user !== undefined) process.setuid!(user.uid);
}

/** From /etc/passwd alone: libc would ask name services that may need the network. */
function findUser(name: string): { readonly uid: number; readonly gid: number } | undefined {
  const fields = findLine("/etc/passwd", name);
  return fields === undefined ? undefined : { uid: Number(fields[2]), gid: Number(fields[3]) };
}

function findGroup(name: string): number | undefined {
  const fields = findLine("/etc/group", name);
  return fields === undefined ? undefined : Number(fields[2]);
}

function findLine(file: string, name: string): string[] | undefined {
  return readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .find((fields) => fields[0] === name);
}
