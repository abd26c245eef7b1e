/** `user` and `group` of the global section. */
import type { HaproxyGlobal } from "../config/haproxy/model.js";
import { findGroup, findUser } from "../sys/accounts.js";

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
