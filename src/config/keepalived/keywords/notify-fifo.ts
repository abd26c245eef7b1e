/** FIFOs that events are written to, as global_defs names them. */
import { type Draft, type Keyword, keywordsFor } from "../declare.js";
import type { Command, NotifyFifo } from "../model.js";
import { reportExtra, reportMissing } from "../report.js";
import { COMMAND_FORM, readCommand } from "./command.js";
import { USER_FORM, userOf } from "./user.js";

export interface FifoDraft extends Draft {
  notifyFifo: Omit<NotifyFifo, "script"> | undefined;
  notifyFifoScript: Command | undefined;
  vrrpNotifyFifo: Omit<NotifyFifo, "script"> | undefined;
  vrrpNotifyFifoScript: Command | undefined;
  fifoStatesOnReload: boolean;
}

export const noFifos = (): Omit<FifoDraft, "written"> => ({
  notifyFifo: undefined,
  notifyFifoScript: undefined,
  vrrpNotifyFifo: undefined,
  vrrpNotifyFifoScript: undefined,
  fifoStatesOnReload: false,
});

export function fifoKeywords<D extends FifoDraft>(): Keyword<D>[] {
  const { custom, toggle } = keywordsFor<FifoDraft>();
  const fifo = (name: string, field: "notifyFifo" | "vrrpNotifyFifo", doc: string): Keyword<FifoDraft>[] => [
    custom({
      name,
      arguments: `FILE [${USER_FORM}]`,
      otherwise: "none",
      read(draft, statement, reading) {
        const [path, user, group] = statement.arguments;
        if (path === undefined) {
          reportMissing(statement, "FILE", reading);
          return;
        }
        reportExtra(statement, 3, reading);
        draft[field] = { path: path.text, user: user === undefined ? undefined : userOf(user, group, reading) };
      },
      doc,
    }),
    custom({
      name: `${name}_script`,
      arguments: COMMAND_FORM,
      otherwise: "none",
      read(draft, statement, reading) {
        draft[`${field}Script`] = readCommand(statement, reading);
      },
      doc: `Started to read ${name}; its path is the last argument.`,
    }),
  ];
  return [
    ...fifo("notify_fifo", "notifyFifo", "A FIFO that all events are written to, a line each."),
    ...fifo("vrrp_notify_fifo", "vrrpNotifyFifo", "A FIFO that the events of VRRP are written to."),
    toggle({
      name: "fifo_write_vrrp_states_on_reload",
      set: (draft, on) => {
        draft.fifoStatesOnReload = on;
      },
      doc: "After a reload, write all states to the FIFOs.",
    }),
  ];
}
