/** `http-request <action> [{if|unless} <condition>]` (configuration manual §4.2). */
import type { ProxyDraft } from "../draft.js";
import type { Statement } from "../statement.js";
import type { HttpRequestAction } from "./model.js";
import { readReply } from "./reply.js";
import { readRuleCondition, withoutArgument } from "./tcp-request.js";

/** The status where none is written. */
const ANSWERING = { return: 200, deny: 403, tarpit: 500 } as const;
const PLAIN = ["allow", "disable-l7-retry", "reject", "silent-drop"] as const;

/** Actions that HAProxy has and that are not done yet. */
export const PLANNED_REQUEST_ACTIONS: readonly string[] = `
add-acl add-header auth cache-use capture del-acl del-header del-map do-log do-resolve early-hint normalize-uri pause
redirect replace-header replace-path replace-pathq replace-uri replace-value sc-add-gpc sc-inc-gpc sc-inc-gpc0
sc-inc-gpc1 sc-set-gpt sc-set-gpt0 send-spoe-group set-bandwidth-limit set-bc-mark set-bc-tos set-dst set-dst-port
set-fc-mark set-fc-tos set-header set-log-level set-map set-mark set-method set-nice set-path set-pathq
set-priority-class set-priority-offset set-query set-retries set-src set-src-port set-timeout set-tos set-uri set-var
set-var-fmt strict-mode track-sc0 track-sc1 track-sc2 unset-var use-service wait-for-body wait-for-handshake
`
  .trim()
  .split(/\s+/);

const choices = [...PLAIN, "return", "deny", "tarpit"] as const;

export function readHttpRequestRule(statement: Statement, proxy: ProxyDraft): void {
  const word = statement.args[0]!;
  const text = withoutArgument(word);
  if (PLANNED_REQUEST_ACTIONS.includes(text)) {
    // None of the others would do instead.
    statement.notSupported(word.span, `http-request ${text}`);
    return;
  }
  const name = statement.choice({ ...word, text }, choices, PLANNED_REQUEST_ACTIONS);
  if (name === undefined) return;
  const rest = statement.args.slice(1);
  const conditionAt = rest.findIndex(({ text }) => text === "if" || text === "unless");
  const end = conditionAt < 0 ? rest.length : conditionAt;
  const action = readAction(statement, name, rest.slice(0, end));
  const read = readRuleCondition(statement, proxy, rest.slice(end), "content");
  if (action !== undefined && read !== undefined)
    proxy.rules.httpRequest.push({ action, ...read, span: statement.span });
}

function readAction(
  statement: Statement,
  kind: (typeof choices)[number],
  words: Statement["args"],
): HttpRequestAction | undefined {
  if (kind === "return" || kind === "deny" || kind === "tarpit") {
    const reply = readReply(statement, words, ANSWERING[kind]);
    return reply && { kind, reply };
  }
  const [extra] = words;
  if (extra === undefined) return { kind };
  statement.error("extra-argument", extra.span, `${kind} takes nothing but a condition`, {
    remedy: "a condition begins with if or unless",
  });
  return undefined;
}
