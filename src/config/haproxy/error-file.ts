/** `errorfile <code> <file>` (configuration manual §4.2): a raw HTTP response in place of the built-in page. */
import type { ProxyDraft } from "./draft.js";
import type { Statement } from "./statement.js";

/** The statuses that HAProxy itself answers with (§1.3.1 of the manual's "HTTP response"). */
const STATUSES = new Set([
  200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 425, 429, 431, 500, 501, 502, 503, 504,
]);

export function readErrorFile(statement: Statement, proxy: ProxyDraft): void {
  const [code, path] = statement.args;
  const status = statement.integer(code!, 100, 599, "errorfile");
  if (status === undefined) return;
  if (!STATUSES.has(status)) {
    statement.report("warning", "no-effect", code!.span, `no page is ever sent for status ${status}`, {
      cause: "the proxy itself answers with other statuses only",
      remedy: `use one of ${[...STATUSES].join(", ")}`,
    });
    return;
  }
  const content = readPage(statement, status);
  proxy.settings.errorFiles = new Map(proxy.settings.errorFiles).set(status, { status, path: path!.text, content });
}

function readPage(statement: Statement, status: number): string | undefined {
  const path = statement.args[1]!;
  const content = statement.options.readFile(path.text);
  if (content === undefined)
    statement.report("warning", "unreadable-file", path.span, `cannot read ${path.text}`, {
      cause: `the built-in page stands in for status ${status}`,
      remedy: "create the file, or remove this line",
    });
  else if (!/^HTTP\/\d\.\d \d{3}/.test(content)) {
    statement.report("warning", "bad-error-page", path.span, `${path.text} is not an HTTP response`, {
      cause: `the built-in page stands in for status ${status}`,
      remedy: `start it with "HTTP/1.0 ${status} …", headers and an empty line: the file is sent as it is`,
    });
    return undefined;
  }
  return content;
}
