/** `crt-list` files (configuration manual §5.1): a certificate a line, and the names that it is for. */
import { isAbsolute, join } from "node:path";
import { CertificateError, readTextFile } from "./certificate-file.js";
import { normaliseName } from "./client-hello.js";

export interface ListedCertificate {
  readonly path: string;
  /** Lower case, may begin with `*.` or be `*`; none: those in the certificate. */
  readonly names: readonly string[];
  /** Names that a wildcard covers and that are another certificate's all the same. */
  readonly excluded: readonly string[];
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
  if (options !== undefined && options.slice(1, -1).trim() !== "")
    throw new CertificateError(`${where}: options of one certificate (${options}) are not supported yet`);
  const words = filters === "" ? [] : filters!.split(/\s+/);
  const bad = words.find((word) => !FILTER.test(word));
  if (bad !== undefined) throw new CertificateError(`${where}: ${bad} is neither a name nor a wildcard`);
  return {
    path: folder === undefined || isAbsolute(file!) ? file! : join(folder, file!),
    names: words.filter((word) => !word.startsWith("!")).map(normaliseName),
    excluded: words.filter((word) => word.startsWith("!")).map((word) => normaliseName(word.slice(1))),
  };
}

/** A name, `*.` and a name, or `*`. What is excluded is a name. */
const FILTER = /^(?:!?[\w.-]+|\*(?:\.[\w.-]+)?)$/;
