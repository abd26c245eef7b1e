/** `tls-ticket-keys`: keys that a pair of boxes shares, so that either takes up the other's sessions (configuration manual §5.1). */
import type { TicketKey, TicketKeys } from "../../sys/ssl-tickets.js";
import { CertificateError, readersOf, readTextFile } from "./certificate-file.js";

const NAME = 16;
/** AES-128 and AES-256, each with a key of the same length for the HMAC. */
const LENGTHS: readonly number[] = [NAME + 2 * 16, NAME + 2 * 32];
/** So many at the end of the file count, as in HAProxy. */
const MOST = 3;

/**
 * Reads a file of keys, a line each, in base64. New ones are added at the end: the last but one encrypts, so that the
 * newest is known everywhere before it is used.
 * @throws CertificateError with file and line
 */
export function readTicketKeys(path: string): { readonly keys: TicketKeys; readonly warnings: readonly string[] } {
  const lines = readTextFile(path).split("\n");
  const keys = lines.flatMap((line, index) =>
    line.trim() === "" ? [] : parseKey(`${path}:${index + 1}`, line.trim()),
  );
  const [first] = keys;
  if (first === undefined || keys.length < 2)
    throw new CertificateError(`${path}: at least two keys are needed, of openssl rand -base64 80`);
  if (keys.some(({ aes }) => aes.length !== first.aes.length))
    throw new CertificateError(`${path}: keys of 48 and of 80 bytes cannot be mixed`);
  const known = keys.slice(-MOST);
  const readers = readersOf(path);
  return {
    keys: { known, encrypting: known.length - 2 },
    warnings: readers === undefined ? [] : [`${path}: ${readers} can read these keys; write: chmod 600 ${path}`],
  };
}

function parseKey(where: string, line: string): TicketKey {
  const bytes = Buffer.from(line, "base64");
  if (!LENGTHS.includes(bytes.length))
    throw new CertificateError(`${where}: a key has 48 or 80 bytes in base64, this one has ${bytes.length}`);
  const size = (bytes.length - NAME) / 2;
  const [first, second] = [bytes.subarray(NAME, NAME + size), bytes.subarray(NAME + size)];
  const name = bytes.subarray(0, NAME);
  return size === 16 ? { name, aes: first, hmac: second } : { name, hmac: first, aes: second };
}
