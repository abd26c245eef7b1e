/** `stick-table` and `stick on|match|store-request` (configuration manual §4.2): clients that stay with their server. */
import type { Milliseconds } from "../units.js";
import type { ProxyDraft } from "./draft.js";
import type { Word } from "./lexer.js";
import type { Statement } from "./statement.js";

export const PLANNED_TABLE_TYPES = ["ipv6", "integer", "string", "binary"];
export const PLANNED_TABLE_WORDS = ["store", "peers", "recv-only", "write-to", "srvkey", "brates-factor"];

/** `stick-table type ip size <n> [expire <time>] [nopurge]`. */
export function readStickTable(statement: Statement, proxy: ProxyDraft): void {
  const table: TableSettings = { type: undefined, size: undefined, expire: undefined, noPurge: false };
  const isRead = readTableWords(statement, table);
  const isPlaced = proxy.kind !== "frontend";
  if (!isPlaced)
    statement.notSupported(statement.span, "stick-table in a frontend", {
      remedy: "put it into the backend that uses it",
    });
  if (!isRead) return;
  for (const name of ["type", "size"] as const)
    if (!statement.args.some((word) => word.text === name))
      statement.error("missing-argument", statement.span, `stick-table needs a ${name}`, rightForm(statement));
  const { type, size, expire, noPurge } = table;
  if (!isPlaced || type === undefined || size === undefined) return;
  // 0 is HAProxy's "never", and so is an absent one.
  const value = { type: "ip", size, expire: expire === 0 ? undefined : expire, noPurge } as const;
  proxy.stickTable = { value, span: statement.span };
}

interface TableSettings {
  type: "ip" | "ipv4" | undefined;
  size: number | undefined;
  expire: Milliseconds | undefined;
  noPurge: boolean;
}

/** @returns whether the words could be read to the end. */
function readTableWords(statement: Statement, table: TableSettings): boolean {
  const words = statement.args;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word.text === "nopurge") table.noPurge = true;
    else if (PLANNED_TABLE_WORDS.includes(word.text)) {
      statement.notSupported(word.span, `stick-table … ${word.text}`);
      return false;
    } else if (!["type", "size", "expire"].includes(word.text)) {
      statement.error("unknown-option", word.span, `stick-table has no option "${word.text}"`, rightForm(statement));
      return false;
    } else {
      const argument = words[++at];
      if (argument === undefined) {
        statement.error("missing-argument", word.span, `${word.text} needs a value`, rightForm(statement));
        return false;
      }
      if (word.text === "size") table.size = readTableSize(statement, argument);
      else if (word.text === "expire") table.expire = statement.time(argument, "expire");
      else {
        table.type = statement.choice(argument, ["ip", "ipv4"] as const, PLANNED_TABLE_TYPES, "type");
        // `string len 32`
        if (table.type === undefined && words[at + 1]?.text === "len") at += 2;
      }
    }
  }
  return true;
}

function readTableSize(statement: Statement, word: Word): number | undefined {
  const size = statement.size(word, "size");
  if (size !== 0) return size;
  statement.error("bad-size", word.span, "a stick-table of size 0 holds nothing", { remedy: "write: size 200k" });
  return undefined;
}

const rightForm = (statement: Statement) => ({ remedy: `write: stick-table ${statement.form}` });

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
