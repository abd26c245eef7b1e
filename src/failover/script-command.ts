/** How a script is run: which file, as whom, and whether that is safe. */
import { execFileSync, type SpawnOptions, type StdioOptions } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import type { Command, KeepalivedGlobal, ScriptUser } from "../config/keepalived/model.js";

/** keepalived's own choice, where somebody has made such a user. */
const DEFAULT_USER = "keepalived_script";

export interface ScriptCommand {
  readonly path: string;
  readonly argv: readonly string[];
  readonly uid: number;
  readonly gid: number;
  /** With all groups that the user is a member of. */
  readonly allGroups: boolean;
}

/**
 * What to give to `spawn`. As root the identity is changed: by Node, or where all the user's groups are asked for, which
 * Node cannot look up, by setpriv(1).
 */
export function launchable({ path, argv, uid, gid, allGroups }: ScriptCommand): {
  path: string;
  argv: string[];
  options: Pick<SpawnOptions, "uid" | "gid" | "argv0">;
} {
  if (process.getuid?.() !== 0) return { path, argv: argv.slice(1), options: { argv0: argv[0]! } };
  if (!allGroups) return { path, argv: argv.slice(1), options: { argv0: argv[0]!, uid, gid } };
  const identity = [`--reuid=${uid}`, `--regid=${gid}`, "--init-groups", "--"];
  return { path: "setpriv", argv: [...identity, path, ...argv.slice(1)], options: {} };
}

export type CommandOutcome =
  | { readonly kind: "command"; readonly command: ScriptCommand; readonly warnings: readonly string[] }
  /** The script cannot be run, or must not: it is disabled. */
  | { readonly kind: "disabled"; readonly reason: string };

/** Resolves a script's command as keepalived does: no shell, the name looked up on PATH, symbolic links kept. */
export function resolveCommand(script: Command, global: KeepalivedGlobal): CommandOutcome {
  const name = script.argv[0] ?? "";
  const path = findExecutable(name);
  if (path === undefined) return { kind: "disabled", reason: `\`${name}\` is not found or not executable` };
  const user = script.user ?? global.scriptUser;
  const identity = userOf(script.user, global);
  if (typeof identity === "string") return { kind: "disabled", reason: identity };
  const { uid, gid } = identity;

  const warnings: string[] = [];
  const writable = uid === 0 ? writableByOthers(path) : undefined;
  if (writable !== undefined) {
    const reason = `it would run as root, and ${writable} may be changed by others`;
    if (global.enableScriptSecurity) return { kind: "disabled", reason: `${reason} (enable_script_security)` };
    warnings.push(`WARNING - script \`${path}\`: ${reason}`);
  }
  if (!name.includes("/"))
    warnings.push(`WARNING - script \`${name}\` resolved by path search to \`${path}\`. Please specify full path.`);
  return {
    kind: "command",
    command: { path, argv: script.argv, uid, gid, allGroups: user?.supplementaryGroups === true },
    warnings,
  };
}

function findExecutable(name: string): string | undefined {
  if (name === "") return undefined;
  const candidates = name.includes("/")
    ? [name]
    : (process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin").split(delimiter).map((folder) => join(folder, name));
  return candidates.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who `own`, or else global_defs' script_user, is.
 * @returns a sentence if the user is unknown, or if security forbids to fall back on root.
 */
export function userOf(own: ScriptUser | undefined, global: KeepalivedGlobal): Identity | string {
  const user = own ?? global.scriptUser;
  if (user !== undefined) {
    const found = lookUpUser(user.user);
    if (found === undefined) return `there is no user ${user.user}`;
    if (user.group === undefined) return found;
    const gid = lookUpGroup(user.group);
    return gid === undefined ? `there is no group ${user.group}` : { uid: found.uid, gid };
  }
  const found = lookUpUser(DEFAULT_USER);
  if (found !== undefined) return found;
  if (global.enableScriptSecurity)
    return `there is no user ${DEFAULT_USER} and enable_script_security forbids to run it as root`;
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}

/** Whether scripts without a `user` run as root for want of another. */
export function fallsBackToRoot(global: KeepalivedGlobal): boolean {
  return global.scriptUser === undefined && lookUpUser(DEFAULT_USER) === undefined;
}

/** Through getent(1), which asks whatever /etc/nsswitch.conf says: LDAP and the like too. */
function lookUpUser(name: string): Identity | undefined {
  const fields = lookUp("passwd", name);
  return fields && { uid: Number(fields[2]), gid: Number(fields[3]) };
}

function lookUpGroup(name: string): number | undefined {
  const fields = lookUp("group", name);
  return fields && Number(fields[2]);
}

function lookUp(database: "passwd" | "group", name: string): string[] | undefined {
  try {
    const stdio: StdioOptions = ["ignore", "pipe", "ignore"];
    return execFileSync("getent", [database, name], { encoding: "utf8", stdio, timeout: 5_000 }).trim().split(":");
  } catch {
    return undefined;
  }
}

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** The file, or the folder above it, that somebody other than root may change. */
function writableByOthers(path: string): string | undefined {
  for (let at = isAbsolute(path) ? path : join(process.cwd(), path); ; at = dirname(at)) {
    const { uid, mode } = statSync(at);
    // In a sticky folder such as /tmp nobody can replace what belongs to another.
    const open = (mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0;
    if (uid !== 0 || open) return at;
    if (at === dirname(at)) return undefined;
  }
}
