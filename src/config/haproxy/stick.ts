/** `stick-table` and `stick on|match|store-request` (configuration manual §4.2): clients that stay with their server. */
import type { ProxyDraft } from "./draft.js";
import type { Statement } from "./statement.js";

const PLANNED_TYPES = ["ipv6", "integer", "string", "binary"];
const PLANNED_WORDS = ["store", "peers", "recv-only", "write-to", "srvkey", "brates-factor"];

/** `stick-table type ip size <n> [expire <time>] [nopurge]`. */
export function readStickTable(statement: Statement, proxy: ProxyDraft): void {
  const words = statement.args;
  let hasType = false;
  let size: number | undefined;
  let expire: ReturnType<Statement["time"]>;
  let noPurge = false;
  let isUsable = proxy.kind !== "frontend";
  if (!isUsable)
    statement.notSupported(statement.span, "stick-table in a frontend", {
      remedy: "put it into the backend that uses it",
    });
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word.text === "nopurge") {
      noPurge = true;
      continue;
    }
    if (PLANNED_WORDS.includes(word.text)) {
      statement.notSupported(word.span, `stick-table … ${word.text}`);
      isUsable = false;
      break;
    }
    const argument = words[++at];
    if (!["type", "size", "expire"].includes(word.text)) {
      statement.error("unknown-option", word.span, `stick-table has no option "${word.text}"`, {
        remedy: `write: stick-table ${statement.form}`,
      });
      return;
    }
    if (argument === undefined) {
      statement.error("missing-argument", word.span, `${word.text} needs a value`, {
        remedy: `write: stick-table ${statement.form}`,
      });
      return;
    }
    if (word.text === "size") size = statement.size(argument, "size");
    else if (word.text === "expire") expire = statement.time(argument, "expire");
    else {
      hasType = true;
      isUsable = statement.choice(argument, ["ip", "ipv4"], PLANNED_TYPES, "type") !== undefined && isUsable;
      if (argument.text === "string" || argument.text === "binary") at += words[at + 1]?.text === "len" ? 2 : 0;
    }
  }
  for (const [name, isThere] of [
    ["type", hasType],
    ["size", words.some((word) => word.text === "size")],
  ] as const)
    if (!isThere)
      statement.error("missing-argument", statement.span, `stick-table needs a ${name}`, {
        remedy: `write: stick-table ${statement.form}`,
      });
  if (!isUsable || !hasType || size === undefined) return;
  if (size === 0) {
    statement.error("bad-size", statement.span, "a stick-table of size 0 holds nothing", {
      remedy: "write: size 200k",
    });
    return;
  }
  // 0 is HAProxy's "never", and so is an absent one.
  proxy.stickTable = {
    value: { type: "ip", size, expire: expire === 0 ? undefined : expire, noPurge },
    span: statement.span,
  };
}

/** `stick <what> src [table <name>]`. */
export function readStickRule(statement: Statement, proxy: ProxyDraft, does: { match: boolean; store: boolean }): void {
  const [sample, ...rest] = statement.args;
  if (sample!.text !== "src") {
    statement.notSupported(sample!.span, `${statement.name} ${sample!.text}`, {
      remedy: `write: ${statement.name} src`,
    });
    return;
  }
  const [keyword, table, extra] = rest;
  if (keyword === undefined) {
    proxy.stickRules.push({ ...does, table: undefined, span: statement.span });
    return;
  }
  const condition = rest.find((word) => word.text === "if" || word.text === "unless");
  if (condition !== undefined) {
    statement.notSupported(condition.span, `${statement.name} … ${condition.text}`);
    return;
  }
  if (keyword.text !== "table" || table === undefined || extra !== undefined) {
    const wrong = keyword.text !== "table" ? keyword : (extra ?? keyword);
    statement.error("bad-value", wrong.span, `"${wrong.text}" does not belong here`, {
      remedy: `write: ${statement.name} src table <proxy>`,
    });
    return;
  }
  proxy.stickRules.push({ ...does, table, span: statement.span });
}
