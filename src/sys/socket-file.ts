/** A Unix socket in the file system: its owner, its mode, and how it comes and goes. */
import { chmodSync, chownSync, lstatSync, mkdirSync, renameSync, type Stats, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { findGroup, findUser } from "./accounts.js";

/** sockaddr_un.sun_path, less its terminating NUL. */
const LONGEST_PATH = 107;

export interface SocketFileSettings {
  /** Octal mode, such as 0o660; undefined: what the umask leaves. */
  readonly mode: number | undefined;
  /** By name or number. */
  readonly user: string | undefined;
  readonly group: string | undefined;
}

/**
 * Where to bind before the socket is put into its place. The folder is made if it is missing: below /run it goes with
 * every boot, and only HAProxy's package would bring it back.
 * @throws Error if the path is longer than a socket's may be, or the folder cannot be made
 */
export function temporaryPath(path: string): string {
  const temporary = `${path}.${process.pid}.tmp`;
  const excess = Buffer.byteLength(temporary) - LONGEST_PATH;
  if (excess > 0) throw new Error(`socket ${path}: the path is too long by ${excess} bytes`);
  mkdirSync(dirname(path), { recursive: true });
  return temporary;
}

/**
 * Gives a freshly bound socket its owner and mode, then its name: no client ever meets it with the wrong permissions,
 * and one that an earlier process left is replaced in one step.
 * @throws Error if something other than a socket has that name, or an owner is unknown
 */
export function install(temporary: string, path: string, { mode, user, group }: SocketFileSettings): Stats {
  const existing = lstatSync(path, { throwIfNoEntry: false });
  if (existing !== undefined && !existing.isSocket())
    throw new Error(`socket ${path}: there is a file of that name, which is not a socket`);
  if (mode !== undefined) chmodSync(temporary, mode);
  if (user !== undefined || group !== undefined) chownSync(temporary, userNumber(path, user), groupNumber(path, group));
  renameSync(temporary, path);
  return lstatSync(path);
}

/**
 * Removes the socket unless a later process has put its own there. A proxy that has given up root for `user` often may
 * not: the folder is root's. Then the file stays, as HAProxy's does, and the next start replaces it.
 */
export function remove(path: string, installed: Stats): void {
  try {
    const present = lstatSync(path);
    if (present.ino === installed.ino && present.dev === installed.dev) unlinkSync(path);
  } catch (error) {
    if (!["EACCES", "EPERM", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

/** For chown(2), where −1 leaves things as they are. */
function userNumber(path: string, user: string | undefined): number {
  if (user === undefined) return -1;
  const number = /^\d+$/.test(user) ? Number(user) : findUser(user)?.uid;
  if (number === undefined) throw new Error(`socket ${path}: there is no user ${user}`);
  return number;
}

function groupNumber(path: string, group: string | undefined): number {
  if (group === undefined) return -1;
  const number = /^\d+$/.test(group) ? Number(group) : findGroup(group);
  if (number === undefined) throw new Error(`socket ${path}: there is no group ${group}`);
  return number;
}
