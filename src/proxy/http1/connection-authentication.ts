/** Authentication that counts for a connection instead of a request (RFC 4559 §6): NTLM and Negotiate. */
import type { ResponseHead } from "./head.js";

const UNAUTHORIZED = 401;
const PROXY_AUTHENTICATION_REQUIRED = 407;
/** Lower-case names of fields, and the schemes that may begin their values. */
const WWW_AUTHENTICATE = Buffer.from("www-authenticate");
const PROXY_AUTHENTICATE = Buffer.from("proxy-authenticate");
const SCHEMES = [Buffer.from("ntlm"), Buffer.from("negotiate")];

/**
 * Whether this response begins, or goes on with, the authentication of the connection that it came on: from then on
 * that connection must carry nobody else's requests.
 * @param bytes in which the head was parsed, not edited yet
 */
export function authenticatesConnection(head: ResponseHead, bytes: Uint8Array): boolean {
  const isProxy = head.status === PROXY_AUTHENTICATION_REQUIRED;
  if (head.status !== UNAUTHORIZED && !isProxy) return false;
  const wanted = isProxy ? PROXY_AUTHENTICATE : WWW_AUTHENTICATE;
  for (let index = 0; index < head.fieldCount; index++) {
    const [nameStart, nameEnd, valueStart, valueEnd] = head.fields.subarray(4 * index, 4 * index + 4);
    if (nameEnd! - nameStart! !== wanted.length || !startsWith(bytes, nameStart!, nameEnd!, wanted)) continue;
    if (SCHEMES.some((scheme) => startsWith(bytes, valueStart!, valueEnd!, scheme))) return true;
  }
  return false;
}

function startsWith(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start < word.length) return false;
  for (let at = 0; at < word.length; at++) if ((bytes[start + at]! | 0x20) !== word[at]) return false;
  return true;
}
