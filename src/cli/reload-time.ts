/** `reload_time_file`: a file whose first line says when the configuration is to be read again. */
import { type FSWatcher, readFileSync, rmSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { KeepalivedLog } from "./keepalived-log.js";

const FORM = /^(?:(\d{4}|\d\d)-(\d\d)-(\d\d) )?(\d\d):(\d\d):(\d\d)(Z)?$/;
const DAY_MS = 86_400_000;
/** setTimeout(3) counts in 31 bits: what is further away is looked at again by then. */
const LONGEST_WAIT_MS = 2_147_483_647;
/** A second that is just beginning has not passed. */
const GRACE_MS = 1_000;

/**
 * `HH:MM:SS`, `YY-MM-DD HH:MM:SS` or `YYYY-MM-DD HH:MM:SS`, local time or with `Z` UTC (keepalived.conf(5)). A time
 * without a date is the next such time.
 * @returns undefined: not of that form, or no such time; "past": it has passed.
 */
export function reloadTime(text: string, now: Date): Date | "past" | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [, writtenYear, month, day, hours, minutes, seconds, utc] = match;
  const isUtc = utc !== undefined;
  const year = writtenYear === undefined ? undefined : Number(writtenYear) + (writtenYear.length === 2 ? 2000 : 0);
  const [thisYear, thisMonth, today] = isUtc
    ? [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()]
    : [now.getFullYear(), now.getMonth(), now.getDate()];
  const clock = [Number(hours), Number(minutes), Number(seconds)] as const;
  const at = (days: number): Date => {
    const date = [
      year ?? thisYear,
      month === undefined ? thisMonth : Number(month) - 1,
      Number(day ?? today) + days,
    ] as const;
    return isUtc ? new Date(Date.UTC(...date, ...clock)) : new Date(...date, ...clock);
  };
  const first = at(0);
  // What the calendar does not have it makes another time of: the 30th of February, the hour that summer time skips.
  const shown = isUtc
    ? [first.getUTCDate(), first.getUTCHours(), first.getUTCMinutes(), first.getUTCSeconds()]
    : [first.getDate(), first.getHours(), first.getMinutes(), first.getSeconds()];
  if ([Number(day ?? today), ...clock].some((number, place) => number !== shown[place])) return undefined;
  if (first.getTime() > now.getTime() - GRACE_MS) return first;
  return year === undefined ? at(1) : "past";
}

/** Follows the file as it is written, changed and removed. */
export class ScheduledReload {
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #at: Date | undefined;

  /** @param reload is called when it is time; the file has been removed by then, unless `repeats`. */
  constructor(
    readonly path: string,
    readonly repeats: boolean,
    readonly log: KeepalivedLog,
    readonly reload: () => void,
  ) {
    const name = basename(path);
    try {
      this.#watcher = watch(dirname(path), { persistent: false }, (_event, changed) => {
        if (changed === name) this.#look();
      });
      this.#watcher.on("error", () => this.close());
    } catch (error) {
      this.log(`reload_time_file ${path} is not watched: ${(error as Error).message}`, "warning");
      return;
    }
    this.#look();
  }

  close(): void {
    this.#watcher?.close();
    clearTimeout(this.#timer);
  }

  #look(): void {
    const text = firstLineOf(this.path);
    const time = text === undefined || text === "" ? undefined : reloadTime(text, new Date());
    if (time instanceof Date) {
      this.#schedule(time);
      return;
    }
    if (time === "past") this.log("Reload date/time is in the past - ignoring");
    else if (text !== undefined && text !== "") this.log(`Invalid reload time '${text}' specified - ignoring`);
    if (this.#at !== undefined) this.log(`Cancelling reload scheduled for ${shownTime(this.#at)}`);
    this.#at = undefined;
    clearTimeout(this.#timer);
  }

  #schedule(time: Date): void {
    const before = this.#at;
    if (before?.getTime() === time.getTime()) return;
    this.#at = time;
    if (before === undefined) this.log(`Scheduling reload for ${shownTime(time)}`);
    else this.log(`Reload time updated from ${shownTime(before)} to ${shownTime(time)}`);
    this.#wait(time);
  }

  #wait(time: Date): void {
    clearTimeout(this.#timer);
    const left = time.getTime() - Date.now();
    const next = (): void => (left > LONGEST_WAIT_MS ? this.#wait(time) : this.#due());
    this.#timer = setTimeout(next, Math.max(0, Math.min(left, LONGEST_WAIT_MS)));
    this.#timer.unref();
  }

  #due(): void {
    const done = this.#at?.getTime() ?? 0;
    this.#at = undefined;
    if (!this.repeats) rmSync(this.path, { force: true });
    this.reload();
    const text = this.repeats ? firstLineOf(this.path) : undefined;
    const again = text === undefined ? undefined : reloadTime(text, new Date(done + 2 * GRACE_MS));
    if (again instanceof Date && again.getTime() - done <= DAY_MS + GRACE_MS) this.#schedule(again);
  }
}

function firstLineOf(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1").slice(0, 100).split("\n", 1)[0];
  } catch {
    return undefined;
  }
}

/** `2026-11-21 03:04:05`, local time. */
function shownTime(at: Date): string {
  const two = (number: number): string => String(number).padStart(2, "0");
  const date = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
  return `${date} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":")}`;
}
