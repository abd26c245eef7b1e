/** What a server can tell others about a client's connection over TLS. Asked once a connection at most. */
import { declare } from "./libc.js";
import { allocate } from "./memory.js";
import { declareOpenssl, declareOpensslString, declareOpensslVoid } from "./openssl.js";

const NID_COMMON_NAME = 13;
/** EVP_PKEY_RSA, _DSA and _EC. */
const KEY_TYPES: Readonly<Record<number, string>> = { 6: "RSA", 116: "DSA", 408: "EC" };
const LONGEST_TEXT = 256;
const POINTER_SIZE = 8;

const copyMemory = declare("memcpy", ["uintptr_t", "uintptr_t", "size_t"]);
const nativeAlpn = declareOpensslVoid("SSL_get0_alpn_selected", ["uintptr_t", "uintptr_t", "uintptr_t"]);
const currentCipher = declareOpenssl("SSL_get_current_cipher", "uintptr_t", ["uintptr_t"]);
const nameOfCipher = declareOpensslString("SSL_CIPHER_get_name", ["uintptr_t"]);
const ownCertificate = declareOpenssl("SSL_get_certificate", "uintptr_t", ["uintptr_t"]);
const takePeerCertificate = declareOpenssl("SSL_get1_peer_certificate", "uintptr_t", ["uintptr_t"]);
const freeX509 = declareOpensslVoid("X509_free", ["uintptr_t"]);
const subjectOf = declareOpenssl("X509_get_subject_name", "uintptr_t", ["uintptr_t"]);
const nameText = declareOpenssl("X509_NAME_get_text_by_NID", "int", ["uintptr_t", "int", "uintptr_t", "int"]);
const signatureOf = declareOpenssl("X509_get_signature_nid", "int", ["uintptr_t"]);
const shortName = declareOpensslString("OBJ_nid2sn", ["int"]);
const publicKeyOf = declareOpenssl("X509_get0_pubkey", "uintptr_t", ["uintptr_t"]);
const keyType = declareOpenssl("EVP_PKEY_get_base_id", "int", ["uintptr_t"]);
const keyBits = declareOpenssl("EVP_PKEY_get_bits", "int", ["uintptr_t"]);

/** (ssl) → X509_V_* of the peer's certificate; 0: good, or none was shown */
export const verifyResult = declareOpenssl("SSL_get_verify_result", "int", ["uintptr_t"]);

const scratch = allocate(2 * POINTER_SIZE + LONGEST_TEXT);
const text = scratch.address + 2 * POINTER_SIZE;
const readText = (length: number): string =>
  scratch.bytes.toString("latin1", 2 * POINTER_SIZE, 2 * POINTER_SIZE + length);

/** The protocol that was agreed on (RFC 7301). */
export function agreedProtocol(ssl: number): string | undefined {
  nativeAlpn(ssl, scratch.address, scratch.address + POINTER_SIZE);
  const length = scratch.bytes.readUInt32LE(POINTER_SIZE);
  if (length === 0) return undefined;
  copyMemory(text, Number(scratch.bytes.readBigUInt64LE(0)), length);
  return readText(length);
}

/** OpenSSL's name: `TLS_AES_256_GCM_SHA384`. */
export function cipherName(ssl: number): string | undefined {
  const cipher = currentCipher(ssl);
  return cipher === 0 ? undefined : (nameOfCipher(cipher) ?? undefined);
}

/** What our own certificate is signed with: `ecdsa-with-SHA256`. */
export function ownSignature(ssl: number): string | undefined {
  const certificate = ownCertificate(ssl);
  return certificate === 0 ? undefined : (shortName(signatureOf(certificate)) ?? undefined);
}

/** The key of our own certificate: `RSA2048`, `EC256`. */
export function ownKey(ssl: number): string | undefined {
  const certificate = ownCertificate(ssl);
  const key = certificate === 0 ? 0 : publicKeyOf(certificate);
  const type = key === 0 ? undefined : KEY_TYPES[keyType(key)];
  return type && `${type}${keyBits(key)}`;
}

/** The common name in the client's certificate, `""` if it has none; undefined: it has shown none. */
export function clientCommonName(ssl: number): string | undefined {
  const certificate = takePeerCertificate(ssl);
  if (certificate === 0) return undefined;
  const length = nameText(subjectOf(certificate), NID_COMMON_NAME, text, LONGEST_TEXT);
  freeX509(certificate);
  return length <= 0 ? "" : readText(length);
}
