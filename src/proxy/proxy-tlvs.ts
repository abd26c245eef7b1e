/** What a PROXY header of version 2 tells besides addresses (doc/proxy-protocol.txt §2.2): facts of the client's TLS. */
import type { ProxyTlvName } from "../config/haproxy/model.js";
import { requestedName, sslIsResumed, sslVersion } from "../sys/ssl.js";
import { agreedProtocol, cipherName, clientCommonName, ownKey, ownSignature, verifyResult } from "../sys/ssl-facts.js";
import { encodeTlv, type ProxyTlv } from "./proxy-protocol.js";

const Type = { alpn: 0x01, authority: 0x02, ssl: 0x20 } as const;
const Ssl = { version: 0x21, commonName: 0x22, cipher: 0x23, signature: 0x24, key: 0x25 } as const;
const Flag = { ssl: 1, certificateOfConnection: 2, certificateOfSession: 4 } as const;

/** @param ssl the client's; 0: it speaks no TLS */
export function proxyTlvs(names: readonly ProxyTlvName[], ssl: number): ProxyTlv[] {
  const protocol = ssl === 0 ? undefined : agreedProtocol(ssl);
  const authority = ssl === 0 || !names.includes("authority") ? undefined : requestedName(ssl);
  return [
    ...tlv(Type.alpn, protocol),
    ...tlv(Type.authority, authority),
    ...(names.includes("ssl") ? [{ type: Type.ssl, value: sslValue(names, ssl) }] : []),
  ];
}

/** Flags, whether the certificate was verified (0: yes), and TLVs again. Of a plain connection it says that it is one. */
function sslValue(names: readonly ProxyTlvName[], ssl: number): Buffer {
  const fixed = Buffer.alloc(5);
  if (ssl === 0) return fixed;
  const commonName = clientCommonName(ssl);
  const isShown = commonName !== undefined;
  const isShownNow = isShown && sslIsResumed(ssl) === 0;
  fixed[0] = Flag.ssl | (isShown ? Flag.certificateOfSession : 0) | (isShownNow ? Flag.certificateOfConnection : 0);
  fixed.writeUInt32BE(verifyResult(ssl), 1);
  const asked = (name: ProxyTlvName, type: number, take: () => string | undefined): ProxyTlv[] =>
    names.includes(name) ? tlv(type, take()) : [];
  const parts = [
    ...tlv(Ssl.version, sslVersion(ssl) ?? undefined),
    ...asked("cert-cn", Ssl.commonName, () => commonName || undefined),
    ...asked("ssl-cipher", Ssl.cipher, () => cipherName(ssl)),
    ...asked("cert-sig", Ssl.signature, () => ownSignature(ssl)),
    ...asked("cert-key", Ssl.key, () => ownKey(ssl)),
  ];
  return Buffer.concat([fixed, ...parts.map(encodeTlv)]);
}

const tlv = (type: number, text: string | undefined): ProxyTlv[] =>
  text === undefined ? [] : [{ type, value: Buffer.from(text, "latin1") }];
