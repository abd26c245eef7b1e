/** `crt-list` files (configuration manual §5.1): a certificate a line, and the names that it is for. */
import { isAbsolute, join } from "node:path";
import { Diagnostics } from "../../config/diagnostics.js";
import { splitLine } from "../../config/haproxy/lexer.js";
import { optionTable, readOptions } from "../../config/haproxy/option-line.js";
import { Statement } from "../../config/haproxy/statement.js";
import { NO_TLS, type TlsDraft } from "../../config/haproxy/tls-draft.js";
import { CERTIFICATE_OPTIONS } from "../../config/haproxy/tls-options.js";
import { CertificateError, readTextFile } from "./certificate-file.js";
import { normaliseName } from "./client-hello.js";

export interface ListedCertificate {
  readonly path: string;
  /** Lower case, may begin with `*.` or be `*`; none: those in the certificate. */
  readonly names: readonly string[];
  /** Names that a wildcard covers, or that are in the certificate, and that it is not for all the same. */
  readonly excluded: readonly string[];
  /** What the line says about handshakes with it; undefined: nothing. */
  readonly options: TlsDraft | undefined;
}

/**
 * @param folder where relative names of certificates begin; undefined: where the process is
 * @throws CertificateError with file and line
 */
export function readCertificateList(path: string, folder: string | undefined): ListedCertificate[] {
  const listed = readTextFile(path)
    .split("\n")
    .flatMap((line, index) => parseLine(`${path}:${index + 1}`, line.trim(), folder) ?? []);
  if (listed.length === 0) throw new CertificateError(`${path}: no certificate in this list`);
  return listed;
}

/** `<file> [[option…]] [[!]<name>…]`; undefined for an empty line and a comment. */
function parseLine(where: string, line: string, folder: string | undefined): ListedCertificate | undefined {
  if (line === "" || line.startsWith("#")) return undefined;
  const [, file, options, filters] = /^(\S+)\s*(\[[^\]]*\])?\s*(.*)$/.exec(line)!;
  const words = filters === "" ? [] : filters!.split(/\s+/);
  const bad = words.find((word) => !FILTER.test(word));
  if (bad !== undefined) throw new CertificateError(`${where}: ${bad} is neither a name nor a wildcard`);
  return {
    path: folder === undefined || isAbsolute(file!) ? file! : join(folder, file!),
    names: words.filter((word) => !word.startsWith("!")).map(normaliseName),
    options: parseOptions(where, options?.slice(1, -1) ?? ""),
    excluded: words.filter((word) => word.startsWith("!")).map((word) => normaliseName(word.slice(1))),
  };
}

/** `alpn h2 verify required …`, as on the `bind` line. */
function parseOptions(where: string, text: string): TlsDraft | undefined {
  if (text.trim() === "") return undefined;
  const diagnostics = new Diagnostics();
  const file = { path: where, text };
  const words = splitLine(text, { file, line: 1, variable: () => undefined, diagnostics });
  const settings = { tls: NO_TLS };
  const span = { file, line: 1, column: 1, length: 1 };
  const statement = new Statement("crt-list", "", undefined, span, words, diagnostics, { readFile: () => undefined });
  readOptions(statement, words, OPTIONS, settings);
  const [mistake] = diagnostics.all;
  if (mistake !== undefined) throw new CertificateError(`${where}: ${mistake.message}`);
  return settings.tls;
}

const OPTIONS = optionTable<{ tls: TlsDraft }>(CERTIFICATE_OPTIONS, [
  ["allow-0rtt", "", ""],
  ["ca-verify-file", "<file>", ""],
  ["client-sigalgs", "<list>", ""],
  ["no-ca-names", "", ""],
  ["npn", "<p,p>", ""],
  ["ocsp-update", "<on|off>", ""],
  ["sigalgs", "<list>", ""],
]);

/** A name, `*.` and a name, or `*`. */
const FILTER = /^(?:!?(?:\*\.)?[\w.-]+|\*)$/;
