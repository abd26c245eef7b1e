/** How keepalived's dumps put values. */

export const seconds = (microseconds: number): number => microseconds / 1_000_000;

export const able = (value: boolean): string => (value ? "enabled" : "disabled");

/** Of what may be left unsaid. */
export const onOff = (value: boolean | undefined): string => (value === undefined ? "unset" : value ? "on" : "off");

/** `'/usr/bin/notify' 'master'` */
export const commandText = (argv: readonly string[]): string => argv.map((word) => `'${word}'`).join(" ");

/** `Sat Nov 21 10:56:11.759000 2026`, local time. @param at milliseconds of the wall clock */
export function shownTime(at: number): string {
  const date = new Date(at);
  const [weekday, month, day, year] = date.toDateString().split(" ");
  const micros = String(at % 1000)
    .padStart(3, "0")
    .padEnd(6, "0");
  return `${weekday} ${month} ${day} ${date.toTimeString().slice(0, 8)}.${micros} ${year}`;
}

/** A list under a title with its length; nothing for an empty one. */
export const counted = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`   ${title} (${lines.length}):`, ...lines.map((line) => `     ${line}`)];

/** A list under a title; nothing for an empty one. */
export const titled = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`   ${title} :`, ...lines.map((line) => `     ${line}`)];
