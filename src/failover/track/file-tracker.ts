/** `track_file`: a number in a file, read again whenever the file or its folder changes (inotify). On the main thread. */
import { type FSWatcher, readFileSync, watch, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { TrackFile } from "../../config/keepalived/model.js";
import type { LogLevel } from "../instance.js";

/** inotify tells of local changes only, and not of a folder that appears later: so there is a look now and then. */
const LOOK_EVERY_MS = 1_000;
/** What stands in front counts, as with strtol(3); more of a huge file is not read. */
const NUMBER = /^\s*([+-]?\d{1,9})/;

export class FileTracker {
  #value: number;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly file: TrackFile,
    readonly onChange: (name: string, value: number) => void,
    readonly log: (line: string, level: LogLevel) => void,
  ) {
    this.#write();
    this.#value = this.#read() ?? 0;
  }

  get value(): number {
    return this.#value;
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#watch();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** The folder, since an editor puts another file in the place of the old one. */
  #watch(): void {
    try {
      const name = basename(this.file.path);
      this.#watcher = watch(dirname(this.file.path), (_, changed) => {
        if (changed === null || changed === name) this.#look();
      });
      this.#watcher.on("error", () => {
        this.#watcher?.close();
        this.#watcher = undefined;
      });
    } catch {
      // There is no such folder yet: the look now and then will find it.
    }
  }

  #look(): void {
    if (this.#watcher === undefined) this.#watch();
    const value = this.#read() ?? 0;
    if (value === this.#value) return;
    this.#value = value;
    this.onChange(this.file.name, value);
  }

  /** undefined: it is not there, or no number stands in it. */
  #read(): number | undefined {
    try {
      const found = NUMBER.exec(readFileSync(this.file.path, "latin1"));
      return found === null ? undefined : Number(found[1]);
    } catch {
      return undefined;
    }
  }

  /** `init_file` */
  #write(): void {
    const { initial, path } = this.file;
    if (initial === undefined || (!initial.overwrite && this.#read() !== undefined)) return;
    try {
      writeFileSync(path, `${initial.value}\n`);
    } catch (error) {
      this.log(`cannot write track file ${path}: ${(error as Error).message}`, "warning");
    }
  }
}
