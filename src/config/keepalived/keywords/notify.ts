/** Whom an instance or a group tells of its changes: the same words in both. */
import { type Draft, type Keyword, keywordsFor } from "../declare.js";
import { noNotifyScripts } from "../defaults.js";
import type { Command, NotifyScripts } from "../model.js";
import { COMMAND_FORM, readCommand } from "./command.js";

export interface NotifyDraft extends Draft {
  readonly notify: { -readonly [Field in keyof NotifyScripts]: NotifyScripts[Field] };
  /** undefined: as global_defs says. */
  notifyPriorityChanges: boolean | undefined;
  smtpAlert: boolean | undefined;
}

export const nothingNotified = (): Omit<NotifyDraft, "written"> => ({
  notify: { ...noNotifyScripts },
  notifyPriorityChanges: undefined,
  smtpAlert: undefined,
});

export function notifyKeywords<D extends NotifyDraft>(): Keyword<D>[] {
  const { custom, toggle } = keywordsFor<NotifyDraft>();
  const script = (name: string, doc: string, set: (draft: NotifyDraft, command: Command) => void) =>
    custom({
      name,
      arguments: COMMAND_FORM,
      read(draft, statement, reading) {
        const command = readCommand(statement, reading);
        if (command !== undefined) set(draft, command);
      },
      doc,
    });
  return [
    script("notify_master", "Run on becoming master.", ({ notify }, command) => {
      notify.master = command;
    }),
    script("notify_backup", "Run on becoming backup.", ({ notify }, command) => {
      notify.backup = command;
    }),
    script("notify_fault", "Run on a fault.", ({ notify }, command) => {
      notify.fault = command;
    }),
    script("notify_stop", "Run at the end.", ({ notify }, command) => {
      notify.stop = command;
    }),
    script(
      "notify",
      "Run after the others, on every change: INSTANCE|GROUP NAME STATE PRIORITY is added.",
      (draft, command) => {
        draft.notify.any = command;
      },
    ),
    toggle({
      name: "notify_priority_changes",
      set: (draft, on) => {
        draft.notifyPriorityChanges = on;
      },
      otherwise: "vrrp_notify_priority_changes",
      doc: "Write changes of priority to the FIFOs.",
    }),
    toggle({
      name: "smtp_alert",
      set: (draft, on) => {
        draft.smtpAlert = on;
      },
      otherwise: "smtp_alert_vrrp",
      doc: "Mail on changes of state.",
    }),
  ];
}

/** The two that instances alone have. */
export function instanceNotifyKeywords<D extends NotifyDraft>(): Keyword<D>[] {
  const { custom } = keywordsFor<NotifyDraft>();
  return [
    custom({
      name: "notify_master_rx_lower_pri",
      arguments: COMMAND_FORM,
      read(draft, statement, reading) {
        draft.notify.masterReceivedLowerPriority = readCommand(statement, reading);
      },
      doc: "Run when a master hears an advertisement of lower priority.",
    }),
    custom({
      name: "notify_deleted",
      arguments: `[${COMMAND_FORM}]`,
      otherwise: "FAULT",
      read(draft, statement, reading) {
        const bare = statement.arguments.length === 0;
        draft.notify.deleted = { command: bare ? undefined : readCommand(statement, reading) };
      },
      doc: "An instance that a reload removes is reported as DELETED, and this is run.",
    }),
  ];
}
