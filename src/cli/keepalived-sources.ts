/** What keepalived.conf may take from this host: other files, the host's name, the environment. */
import { randomInt } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";
import type { Disk } from "../config/keepalived/glob.js";
import type { Sources } from "../config/keepalived/preprocess.js";

/** A configuration is text that a person wrote, or a program for a person: no file of it is larger. */
const LARGEST_FILE = 64 * 1024 * 1024;

const disk: Disk = {
  list(folder) {
    try {
      return readdirSync(folder);
    } catch {
      return undefined;
    }
  },
  kind(path) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return "missing";
    if (!stat.isFile()) return "folder";
    return (stat.mode & 0o111) === 0 ? "file" : "executable";
  },
  read(path) {
    try {
      if (statSync(path).size > LARGEST_FILE) return { problem: "is larger than 64 MB" };
      return { text: readFileSync(path, "utf8") };
    } catch (error) {
      return { problem: `cannot be read (${(error as NodeJS.ErrnoException).code})` };
    }
  },
};

/** @param configId `-i`; undefined: the host's name up to its first dot, as keepalived has it. */
export function hostSources(configId = hostname().split(".", 1)[0]!): Sources {
  return {
    configId,
    disk,
    environment: (name) => process.env[name],
    random: (least, most) => randomInt(least, most + 1),
  };
}
