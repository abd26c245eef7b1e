/** The options of `server` lines about its idle connections (configuration manual §5.2). */
import { type Milliseconds, milliseconds } from "../units.js";
import type { IdlePool } from "./model.js";
import type { LineOption } from "./option-line.js";
import { LONGEST_TIME } from "./quantities.js";

export const initialPool: IdlePool = { limit: undefined, purgeDelay: milliseconds(5_000) };

/** Whatever else the line says. */
interface HasPool {
  pool: IdlePool;
}

export const SERVER_POOL_OPTIONS: readonly LineOption<HasPool>[] = [
  {
    name: "pool-max-conn",
    argument: "<n>",
    default: "-1: no limit",
    doc: "Idle connections that are kept to the server, by all workers; 0 keeps none.",
    apply: (statement, settings, argument) => {
      const limit = statement.integer(argument, -1, LONGEST_TIME, "pool-max-conn");
      if (limit !== undefined) settings.pool = { ...settings.pool, limit: limit < 0 ? undefined : limit };
    },
  },
  {
    name: "pool-purge-delay",
    argument: "<time>",
    default: "5s",
    doc: "How often half of the idle connections that were not needed are closed; 0 keeps none.",
    apply: (statement, settings, argument) => {
      const purgeDelay: Milliseconds | undefined = statement.time(argument, "pool-purge-delay");
      if (purgeDelay !== undefined) settings.pool = { ...settings.pool, purgeDelay };
    },
  },
  {
    name: "pool-low-conn",
    argument: "<n>",
    default: "0",
    doc: "Idle connections below which no worker takes another one's; none ever does here, whatever the number.",
    apply: (statement, _, argument) => {
      statement.integer(argument, 0, LONGEST_TIME, "pool-low-conn");
    },
  },
];
