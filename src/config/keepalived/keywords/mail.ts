/** Mail, as global_defs sets it up. */
import type { Microseconds } from "../../units.js";
import { integer, readWord, seconds, text } from "../arguments.js";
import { type Draft, type Keyword, keywordsFor } from "../declare.js";
import type { MailSettings } from "../model.js";
import { reportExtra, reportMissing } from "../report.js";

export interface MailDraft extends Draft {
  readonly mailTo: string[];
  mailFrom: string | undefined;
  mailServer: MailSettings["server"];
  mailHelo: string | undefined;
  mailTimeout: Microseconds;
  /** `smtp_alert`: for all; `smtp_alert_vrrp`: for instances and groups. */
  alertAll: boolean | undefined;
  alertVrrp: boolean | undefined;
  omitFaultMails: boolean;
}

export const noMail = (): Omit<MailDraft, "written"> => ({
  mailTo: [],
  mailFrom: undefined,
  mailServer: undefined,
  mailHelo: undefined,
  mailTimeout: 0 as Microseconds,
  alertAll: undefined,
  alertVrrp: undefined,
  omitFaultMails: false,
});

export function mailKeywords<D extends MailDraft>(): Keyword<D>[] {
  const { setting, flag, toggle, custom, entries } = keywordsFor<MailDraft>();
  return [
    entries({
      name: "notification_email",
      entry: "ADDRESS",
      otherwise: "no mail",
      read(draft, entry, reading) {
        reportExtra(entry, 0, reading);
        draft.mailTo.push(entry.keyword.text);
      },
      doc: "Whom to write to when a state changes.",
    }),
    setting({
      name: "notification_email_from",
      sets: "mailFrom",
      argument: text("ADDRESS"),
      otherwise: "keepalived@HOST",
      doc: "Sender of the mails.",
    }),
    custom({
      name: "smtp_server",
      arguments: "HOST [PORT]",
      otherwise: "no mail",
      read(draft, statement, reading) {
        const [host, port] = statement.arguments;
        if (host === undefined) {
          reportMissing(statement, "HOST [PORT]", reading);
          return;
        }
        reportExtra(statement, 2, reading);
        const argument = integer({ what: "port", min: 1, max: 65_535 });
        const number = port === undefined ? 25 : readWord(port, argument, reading.diagnostics);
        if (number !== undefined) draft.mailServer = { host: host.text, port: number };
      },
      doc: "The mail server; plain SMTP.",
    }),
    setting({
      name: "smtp_connect_timeout",
      sets: "mailTimeout",
      argument: seconds({ what: "smtp_connect_timeout", min: 0.001, max: 3600 }),
      default: "30",
      doc: "How long to wait for the mail server.",
    }),
    setting({
      name: "smtp_helo_name",
      sets: "mailHelo",
      argument: text("NAME"),
      otherwise: "the host name",
      doc: "The name said to the mail server.",
    }),
    toggle({
      name: "smtp_alert",
      set: (draft, on) => {
        draft.alertAll = on;
      },
      doc: "Mail about everything that does not say otherwise.",
    }),
    toggle({
      name: "smtp_alert_vrrp",
      set: (draft, on) => {
        draft.alertVrrp = on;
      },
      otherwise: "smtp_alert",
      doc: "Mail about instances and groups that do not say otherwise.",
    }),
    flag({
      name: "no_email_faults",
      set: (draft) => {
        draft.omitFaultMails = true;
      },
      doc: "No mail when a fault begins.",
    }),
  ];
}
