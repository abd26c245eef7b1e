/** What has happened, as the outside hears of it: scripts, FIFOs and mail tell the same in their own words. */
import type { ReportedState } from "../instance.js";

export interface News {
  readonly type: "INSTANCE" | "GROUP";
  readonly name: string;
  readonly event: ReportedState | "DELETED" | "MASTER_RX_LOWER_PRI" | "MASTER_PRIORITY" | "BACKUP_PRIORITY";
  /** Effective; 0 for groups. */
  readonly priority: number;
}

/** `INSTANCE "VI_1" MASTER 100`: a line of a FIFO. */
export const fifoLine = ({ type, name, event, priority }: News): string => `${type} "${name}" ${event} ${priority}\n`;

/** What stands behind the arguments of a `notify` script. */
export const scriptArguments = ({ type, name, event, priority }: News): string[] => [
  type,
  name,
  event,
  String(priority),
];
