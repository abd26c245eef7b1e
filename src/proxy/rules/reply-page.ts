/** The answers of rules as whole responses. */
import { STATUS_CODES } from "node:http";
import type { RuleReply } from "../../config/haproxy/rules/model.js";
import { type ErrorPage, pageOfFile } from "../error-pages.js";

/** Undefined: the proxy's own page for the status. */
export function replyPage({ status, content }: RuleReply): ErrorPage | undefined {
  if (content.kind === "page") return undefined;
  if (content.kind === "response") return pageOfFile(content.text);
  const { text, type, fields } = content;
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Other"}`,
    ...fields.map(([name, value]) => `${name}: ${value}`),
    // These two say by themselves that there is none (RFC 9110 §8.6).
    ...(status === 204 || status === 304 ? [] : [`content-length: ${text.length}`]),
    ...(text === "" || type === undefined ? [] : [`content-type: ${type}`]),
  ];
  const keptHead = `${lines.join("\r\n")}\r\n\r\n`;
  const closingHead = `${[...lines, "connection: close"].join("\r\n")}\r\n\r\n`;
  return {
    closing: Buffer.from(closingHead + text, "latin1"),
    closingHeadLength: closingHead.length,
    keeping: Buffer.from(keptHead + text, "latin1"),
    headLength: keptHead.length,
  };
}
