/** What a client of the admin socket may do: the `level` of its socket, which it can lower for itself. */

export const LEVELS = ["user", "operator", "admin"] as const;

export type Level = (typeof LEVELS)[number];

export function permits(level: Level, needed: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(needed);
}
