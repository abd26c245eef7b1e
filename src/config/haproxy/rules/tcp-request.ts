/** `tcp-request connection|content <action> [{if|unless} <condition>]` (configuration manual §4.2). */
import type { ProxyDraft } from "../draft.js";
import type { Word } from "../lexer.js";
import type { Statement } from "../statement.js";
import { readCondition } from "./condition.js";
import { FETCHES, type SampleLevel } from "./fetches.js";
import type { Condition, ConnectionAction, ContentAction } from "./model.js";

/** Actions that HAProxy has and that are not done yet. */
export const PLANNED_CONNECTION_ACTIONS: readonly string[] = [
  ..."expect-netscaler-cip sc-inc-gpc sc-inc-gpc0 sc-inc-gpc1 sc-add-gpc sc-set-gpt sc-set-gpt0 set-dst set-dst-port".split(
    " ",
  ),
  ..."set-mark set-src set-src-port set-tos set-fc-mark set-fc-tos set-var set-var-fmt".split(" "),
  ..."track-sc0 track-sc1 track-sc2 unset-var".split(" "),
];
export const PLANNED_CONTENT_ACTIONS: readonly string[] = [
  ..."capture do-resolve sc-inc-gpc sc-inc-gpc0 sc-inc-gpc1 sc-add-gpc sc-set-gpt sc-set-gpt0 set-bandwidth-limit".split(
    " ",
  ),
  ..."set-bc-mark set-bc-tos set-dst set-dst-port set-log-level set-mark set-nice set-priority-class".split(" "),
  ..."set-priority-offset set-retries set-src set-src-port set-tos set-fc-mark set-fc-tos set-var set-var-fmt".split(
    " ",
  ),
  ..."send-spoe-group switch-mode track-sc0 track-sc1 track-sc2 unset-var use-service".split(" "),
];

export function readConnectionRule(statement: Statement, proxy: ProxyDraft): void {
  const word = statement.args[0]!;
  const name = { ...word, text: withoutArgument(word) };
  const choices = ["accept", "reject", "silent-drop", "expect-proxy"] as const;
  const action: ConnectionAction | undefined = statement.choice(name, choices, PLANNED_CONNECTION_ACTIONS);
  if (action === undefined) return;
  const rest = statement.args.slice(1);
  if (action === "expect-proxy" && rest.shift()?.text !== "layer4") {
    statement.error("missing-argument", word.span, "expect-proxy needs layer4", {
      remedy: `write: ${statement.name} expect-proxy layer4`,
    });
    return;
  }
  const read = readRuleCondition(statement, proxy, rest, "connection");
  if (read !== undefined) proxy.rules.connection.push({ action, ...read });
}

export function readContentRule(statement: Statement, proxy: ProxyDraft): void {
  const word = statement.args[0]!;
  const name = { ...word, text: withoutArgument(word) };
  const choices = ["accept", "reject", "silent-drop"] as const;
  const action: ContentAction | undefined = statement.choice(name, choices, PLANNED_CONTENT_ACTIONS);
  if (action === undefined) return;
  if (proxy.kind === "backend") {
    statement.notSupported(statement.span, `${statement.name} in a backend`);
    return;
  }
  const read = readRuleCondition(statement, proxy, statement.args.slice(1), "content");
  if (read !== undefined) proxy.rules.content.push({ action, ...read, span: statement.span });
}

/** `set-var(txn.x)`: what stands in parentheses is an argument. */
export const withoutArgument = ({ text }: Word): string => text.replace(/\(.*/s, "");

/**
 * The rest of a rule's line.
 * @param level what is known when the rule is asked
 * @returns undefined when a mistake was reported
 */
export function readRuleCondition(
  statement: Statement,
  proxy: ProxyDraft,
  words: readonly Word[],
  level: SampleLevel,
): { readonly condition: Condition | undefined } | undefined {
  if (proxy.kind === "defaults") {
    statement.notSupported(statement.span, `${statement.name} in a defaults section`, {
      remedy: "write it in each frontend",
    });
    return undefined;
  }
  const [keyword] = words;
  if (keyword === undefined) return { condition: undefined };
  if (keyword.text !== "if" && keyword.text !== "unless") {
    statement.error("bad-value", keyword.span, `"${keyword.text}" does not belong here`, {
      remedy: "a condition begins with if or unless",
    });
    return undefined;
  }
  const condition = readCondition(statement, words, proxy.acls);
  if (condition === undefined) return undefined;
  const early = fetchesOf(condition).find((name) => !isKnown(FETCHES[name].level, level));
  if (early !== undefined)
    statement.report(
      "warning",
      "never-matches",
      keyword.span,
      `${early} is not known yet when ${statement.name} decides`,
      {
        cause: "a condition on it never holds",
        remedy: level === "connection" ? "write the rule with: tcp-request content" : "use another sample",
      },
    );
  return { condition };
}

const LEVELS: readonly SampleLevel[] = ["connection", "session", "content"];
const isKnown = (sample: SampleLevel, level: SampleLevel): boolean => LEVELS.indexOf(sample) <= LEVELS.indexOf(level);

/** The samples that a condition looks at. */
export const fetchesOf = ({ alternatives }: Condition) =>
  alternatives.flatMap((terms) => terms.flatMap(({ tests }) => tests.map(({ sample }) => sample.fetch)));
