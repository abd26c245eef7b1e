/** Pid files: one number and a newline. */
import { closeSync, ftruncateSync, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";

/** Opened while the process may still write there (before chroot and a change of user), written once it serves. */
export class PidFile {
  readonly path: string;
  readonly #fd: number;

  /** Leaves what stands in the file alone until `write`. @throws the error of open(2). */
  constructor(path: string) {
    this.path = path;
    this.#fd = openSync(path, "a", 0o644);
  }

  write(pid = process.pid): void {
    ftruncateSync(this.#fd, 0);
    writeSync(this.#fd, `${pid}\n`);
  }

  /** Removes the file, unless it names another process by now or cannot be reached. */
  remove(): void {
    closeSync(this.#fd);
    try {
      const pid = readPid(this.path);
      if (pid === undefined || pid === process.pid) unlinkSync(this.path);
    } catch {
      // Behind a chroot or without the right to: a stale number is told from a live one by its reader.
    }
  }
}

/** The number in a pid file; undefined if there is no file, or something else in it. */
export function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, "utf8").trim());
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Whether `pid` is a living process of that name: numbers are given out again, names tell. */
export function isProcessNamed(pid: number, name: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === name;
  } catch {
    return false;
  }
}
