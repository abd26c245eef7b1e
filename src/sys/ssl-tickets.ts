/**
 * The callback that OpenSSL asks for the keys of session tickets (SSL_CTX_set_tlsext_ticket_key_evp_cb(3)), where they
 * are ours and not its own. A callback into JavaScript runs on the thread that made it and no other, so each worker has
 * its own, on a context of its own.
 */
import koffi from "koffi";
import { declare } from "./libc.js";
import { allocate, type Memory } from "./memory.js";
import { declareOpenssl } from "./openssl.js";

export interface TicketKey {
  /** 16 bytes, which stand in the ticket. */
  readonly name: Uint8Array;
  /** 16 or 32 bytes. */
  readonly aes: Uint8Array;
  readonly hmac: Uint8Array;
}

export interface TicketKeys {
  /** Those that decrypt. */
  readonly known: readonly TicketKey[];
  /** Index of the one that encrypts. */
  readonly encrypting: number;
}

const NAME = 16;
const IV = 16;
const POINTER_SIZE = 8;
/** An OSSL_PARAM(3): name, type, data, size, returned size. */
const PARAM = 5 * POINTER_SIZE;
const PARAM_UTF8_STRING = 4;
const PARAM_OCTET_STRING = 5;

// What the callback says.
const FAILED = -1;
const UNKNOWN = 0;
const OK = 1;
const OK_AND_RENEW = 2;

const copyMemory = declare("memcpy", ["uintptr_t", "uintptr_t", "size_t"]);
const setCallback = declareOpenssl("SSL_CTX_set_tlsext_ticket_key_evp_cb", "int", ["uintptr_t", "uintptr_t"]);
const contextOf = declareOpenssl("SSL_get_SSL_CTX", "uintptr_t", ["uintptr_t"]);
const randomBytes = declareOpenssl("RAND_bytes", "int", ["uintptr_t", "int"]);
const setMacKey = declareOpenssl("EVP_MAC_CTX_set_params", "int", ["uintptr_t", "uintptr_t"]);
const aes128 = declareOpenssl("EVP_aes_128_cbc", "uintptr_t", []);
const aes256 = declareOpenssl("EVP_aes_256_cbc", "uintptr_t", []);
const CIPHER_ARGUMENTS = ["uintptr_t", "uintptr_t", "uintptr_t", "uintptr_t", "uintptr_t"];
const beginEncrypting = declareOpenssl("EVP_EncryptInit_ex", "int", CIPHER_ARGUMENTS);
const beginDecrypting = declareOpenssl("EVP_DecryptInit_ex", "int", CIPHER_ARGUMENTS);

/** A key as OpenSSL takes it. */
interface HeldKey {
  readonly name: Buffer;
  readonly cipher: number;
  readonly memory: Memory;
  readonly aes: number;
  /** OSSL_PARAMs for the HMAC. */
  readonly mac: number;
}

interface HeldKeys {
  readonly known: readonly HeldKey[];
  readonly encrypting: HeldKey;
}

/** By SSL_CTX. */
const byContext = new Map<number, HeldKeys>();
const seenName = allocate(NAME);
let callback = 0;

/** Has connections of `context`, on this thread, encrypt and decrypt their tickets with `keys`. */
export function useTicketKeys(context: number, keys: TicketKeys): void {
  if (callback === 0) callback = makeCallback();
  const known = keys.known.map(hold);
  byContext.set(context, { known, encrypting: known[keys.encrypting]! });
  setCallback(context, callback);
}

/** Lays a key out in memory that stays: parameters, their texts, and the keys themselves. */
function hold({ name, aes, hmac }: TicketKey): HeldKey {
  const texts = 3 * PARAM;
  const memory = allocate(texts + 32 + NAME + aes.length + hmac.length);
  const { bytes, address } = memory;
  bytes.fill(0);
  const place = (content: Uint8Array | string, offset: number): number => {
    if (typeof content === "string") bytes.write(content, offset, "latin1");
    else bytes.set(content, offset);
    return address + offset;
  };
  const [keyWord, digestWord, digest] = [place("key", texts), place("digest", texts + 8), place("SHA256", texts + 16)];
  const nameAt = place(name, texts + 32) - address;
  const aesAddress = place(aes, texts + 32 + NAME);
  const hmacAddress = place(hmac, texts + 32 + NAME + aes.length);
  const parameter = (at: number, word: number, type: number, data: number, size: number): void => {
    for (const [index, value] of [word, type, data, size].entries())
      bytes.writeBigUInt64LE(BigInt(value), at + index * POINTER_SIZE);
  };
  parameter(0, keyWord, PARAM_OCTET_STRING, hmacAddress, hmac.length);
  parameter(PARAM, digestWord, PARAM_UTF8_STRING, digest, "SHA256".length);
  const cipher = aes.length === 16 ? aes128() : aes256();
  return { name: bytes.subarray(nameAt, nameAt + NAME), cipher, memory, aes: aesAddress, mac: address };
}

function makeCallback(): number {
  const type = koffi.proto(
    "int (uintptr_t ssl, uintptr_t name, uintptr_t iv, uintptr_t cipher, uintptr_t mac, int encrypts)",
  );
  const onTicket = (ssl: number, name: number, iv: number, cipher: number, mac: number, encrypts: number): number => {
    const keys = byContext.get(contextOf(ssl));
    if (keys === undefined) return UNKNOWN;
    return encrypts === 1 ? encrypt(keys.encrypting, name, iv, cipher, mac) : decrypt(keys, name, iv, cipher, mac);
  };
  return Number(koffi.register(onTicket, koffi.pointer(type)));
}

function encrypt(key: HeldKey, name: number, iv: number, cipher: number, mac: number): number {
  copyMemory(name, key.memory.address + 3 * PARAM + 32, NAME);
  const isReady =
    randomBytes(iv, IV) === 1 &&
    beginEncrypting(cipher, key.cipher, 0, key.aes, iv) === 1 &&
    setMacKey(mac, key.mac) === 1;
  return isReady ? OK : FAILED;
}

function decrypt({ known, encrypting }: HeldKeys, name: number, iv: number, cipher: number, mac: number): number {
  copyMemory(seenName.address, name, NAME);
  const key = known.find((candidate) => seenName.bytes.compare(candidate.name, 0, NAME, 0, NAME) === 0);
  if (key === undefined) return UNKNOWN;
  const isReady = setMacKey(mac, key.mac) === 1 && beginDecrypting(cipher, key.cipher, 0, key.aes, iv) === 1;
  if (!isReady) return FAILED;
  // A ticket under another key is replaced by one under the present key.
  return key === encrypting ? OK : OK_AND_RENEW;
}
