/** What `http-request return`, `deny` and `tarpit` answer with (configuration manual §4.2, "http-request return"). */
import type { Word } from "../lexer.js";
import type { Statement } from "../statement.js";
import type { RuleReply } from "./model.js";

/** The statuses that have a page, and may have an `errorfile`. */
const PAGED = [200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 421, 422, 425, 429, 431, 500, 501, 502, 503, 504];

const OWN_CONTENT = ["default-errorfiles", "errorfile", "file", "string"] as const;
const PLANNED_CONTENT = ["errorfiles", "lf-file", "lf-string"] as const;

interface ReplyDraft {
  status: number | undefined;
  type: string | undefined;
  content: { readonly kind: (typeof OWN_CONTENT)[number]; readonly text: string; readonly word: Word } | undefined;
  /** Names in lower case, as HAProxy sends them. */
  readonly fields: [name: string, value: string][];
  isGood: boolean;
}

/**
 * Reads `[{status|deny_status} <code>] [content-type <type>] [<content>] [hdr <name> <value>]…`.
 * @param words what stands between the action and its condition
 * @param fallback the status where none is written; it is also what tells `return`, which may answer with no content
 * at all, from the others, which then send a page
 * @returns undefined when a mistake was reported
 */
export function readReply(statement: Statement, words: readonly Word[], fallback: number): RuleReply | undefined {
  const draft: ReplyDraft = { status: undefined, type: undefined, content: undefined, fields: [], isGood: true };
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined && draft.isGood; word = rest.shift())
    readOption(statement, draft, word, rest);
  if (!draft.isGood) return undefined;
  const status = draft.status ?? fallback;
  const isBare = draft.content === undefined && draft.fields.length === 0 && draft.type === undefined;
  const isPage = draft.content?.kind === "default-errorfiles" || (isBare && fallback !== 200);
  if ((isPage || draft.content?.kind === "errorfile") && !PAGED.includes(status)) {
    statement.error("bad-value", statement.span, `there is no page for status ${status}`, {
      cause: `there are pages for ${PAGED.join(", ")}`,
      remedy: `give the content: status ${status} content-type text/plain string "…"`,
    });
    return undefined;
  }
  if ((status === 204 || status === 304) && (draft.content?.text ?? "") !== "" && !isPage) {
    statement.error("bad-value", draft.content!.word.span, `a response with status ${status} has no content`);
    return undefined;
  }
  const isWhole = isPage || draft.content?.kind === "errorfile";
  if (!isComplete(statement, draft, isWhole)) return undefined;
  if (isPage) return { status, content: { kind: "page" } };
  if (draft.content?.kind === "errorfile") return { status, content: { kind: "response", text: draft.content.text } };
  return { status, content: { kind: "body", type: draft.type, text: draft.content?.text ?? "", fields: draft.fields } };
}

function readOption(statement: Statement, draft: ReplyDraft, option: Word, rest: Word[]): void {
  const fail = (): void => {
    draft.isGood = false;
  };
  const take = (what: string): Word | undefined => {
    const word = rest.shift();
    if (word !== undefined) return word;
    statement.error("missing-argument", option.span, `${option.text} needs ${what}`);
    fail();
    return undefined;
  };
  switch (option.text) {
    case "status":
    case "deny_status": {
      const word = take("a code");
      draft.status = word && statement.integer(word, 200, 599, option.text);
      if (draft.status === undefined) fail();
      return;
    }
    case "content-type":
      draft.type = take("a type")?.text;
      return;
    case "hdr": {
      const [name, value] = [take("a name and a value"), take("a name and a value")];
      if (name !== undefined && value !== undefined && !addField(statement, draft, name, value)) fail();
      return;
    }
  }
  const kind = statement.choice(option, OWN_CONTENT, PLANNED_CONTENT, "the answer");
  const word =
    kind === undefined || kind === "default-errorfiles" ? option : take(kind === "string" ? "a text" : "a file");
  const text = kind && word && readContent(statement, kind, word);
  if (kind === undefined || word === undefined || text === undefined) fail();
  else draft.content = { kind, text, word };
}

function readContent(statement: Statement, kind: (typeof OWN_CONTENT)[number], word: Word): string | undefined {
  if (kind === "default-errorfiles" || kind === "string") return word.text;
  const text = statement.options.readFile(word.text);
  if (text === undefined) {
    statement.error("unreadable-file", word.span, `cannot read ${word.text}`, { remedy: "create the file" });
    return undefined;
  }
  if (kind === "file" || /^HTTP\/\d\.\d \d{3}/.test(text)) return text;
  statement.error("bad-error-page", word.span, `${word.text} is not an HTTP response`, {
    cause: "an errorfile is sent as it is",
    remedy: 'start it with "HTTP/1.1 <status> …", fields and an empty line; or write: file',
  });
  return undefined;
}

/** A token (RFC 9110 §5.6.2); and visible characters and blanks. */
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_VALUE = /^[^\0-\x08\x0a-\x1f\x7f]*$/;

/** The value is a log format (manual §8.2.4), of which the constant ones are done: `%%` is a percent sign. */
function addField(statement: Statement, draft: ReplyDraft, name: Word, value: Word): boolean {
  if (/%(?!%)/.test(value.text.replaceAll("%%", ""))) {
    statement.notSupported(value.span, "a field whose value is made up for each request");
    return false;
  }
  const wrong = !FIELD_NAME.test(name.text) ? name : !FIELD_VALUE.test(value.text) ? value : undefined;
  if (wrong !== undefined) {
    statement.error("bad-value", wrong.span, `"${wrong.text}" cannot stand in a field of HTTP`);
    return false;
  }
  draft.fields.push([name.text.toLowerCase(), value.text.replaceAll("%%", "%")]);
  return true;
}

/** Also says what of it does nothing. @param isWhole the answer is a whole response already */
function isComplete(statement: Statement, { type, content, fields }: ReplyDraft, isWhole: boolean): boolean {
  const isEmpty = content === undefined || content.text === "";
  if (!isWhole && !isEmpty && type === undefined) {
    statement.error("missing-argument", content.word.span, "a content needs a content-type", {
      remedy: "write in front of it: content-type text/plain",
    });
    return false;
  }
  const idle = [
    ...(type !== undefined && (isWhole || isEmpty) ? ["content-type"] : []),
    ...(fields.length > 0 && isWhole ? ["hdr"] : []),
  ];
  for (const name of idle)
    statement.report("warning", "no-effect", statement.span, `${name} does nothing here`, {
      cause: isWhole ? "the page has its own fields" : "there is no content",
    });
  return true;
}
