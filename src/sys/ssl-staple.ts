/**
 * The callback that OpenSSL asks for the status of the certificate that it has chosen (SSL_CTX_set_tlsext_status_cb(3)).
 * A callback into JavaScript runs on the thread that made it and no other, so each worker has its own.
 */
import koffi from "koffi";
import { declare } from "./libc.js";
import { allocate, type Memory } from "./memory.js";
import { declareOpenssl } from "./openssl.js";

const SSL_TLSEXT_ERR_OK = 0;
const SSL_TLSEXT_ERR_NOACK = 3;
const CTRL_SET_STATUS_CALLBACK = 63;
const CTRL_SET_STATUS_ARGUMENT = 64;
const CTRL_SET_STATUS_RESPONSE = 71;

const copyMemory = declare("memcpy", ["uintptr_t", "uintptr_t", "size_t"]);
const callbackControl = declareOpenssl("SSL_CTX_callback_ctrl", "int", ["uintptr_t", "int", "uintptr_t"]);
const contextControl = declareOpenssl("SSL_CTX_ctrl", "int", ["uintptr_t", "int", "int64_t", "uintptr_t"]);
const control = declareOpenssl("SSL_ctrl", "int", ["uintptr_t", "int", "int64_t", "uintptr_t"]);
const certificateOf = declareOpenssl("SSL_get_certificate", "uintptr_t", ["uintptr_t"]);
const allocateForOpenssl = declareOpenssl("CRYPTO_malloc", "uintptr_t", ["size_t", "uintptr_t", "int"]);

/** An OCSP response and the X509 that it is about. */
export interface StapledResponse {
  readonly leaf: number;
  /** DER. */
  readonly response: Uint8Array;
  /** Not served from then on: milliseconds of the wall clock. */
  readonly expiresAt: number;
}

interface Held {
  readonly memory: Memory;
  readonly length: number;
  readonly expiresAt: number;
}

/** By the number that OpenSSL passes to the callback: responses by their X509. */
const lists: ReadonlyMap<number, Held>[] = [];
let callback = 0;

/** Has connections of `context`, on this thread, serve the response about their certificate to clients that ask. */
export function stapleResponses(context: number, staples: readonly StapledResponse[]): void {
  if (callback === 0) callback = makeCallback();
  lists.push(new Map(staples.map((staple) => [staple.leaf, hold(staple)])));
  callbackControl(context, CTRL_SET_STATUS_CALLBACK, callback);
  contextControl(context, CTRL_SET_STATUS_ARGUMENT, 0, lists.length - 1);
}

function hold({ response, expiresAt }: StapledResponse): Held {
  const memory = allocate(response.length);
  memory.bytes.set(response);
  return { memory, length: response.length, expiresAt };
}

function makeCallback(): number {
  const type = koffi.proto("int (uintptr_t ssl, uintptr_t list)");
  const onStatus = (ssl: number, list: number): number => {
    const held = lists[list]?.get(certificateOf(ssl));
    if (held === undefined || held.expiresAt <= Date.now()) return SSL_TLSEXT_ERR_NOACK;
    // OpenSSL frees it with the connection.
    const copy = allocateForOpenssl(held.length, 0, 0);
    if (copy === 0) return SSL_TLSEXT_ERR_NOACK;
    copyMemory(copy, held.memory.address, held.length);
    control(ssl, CTRL_SET_STATUS_RESPONSE, held.length, copy);
    return SSL_TLSEXT_ERR_OK;
  };
  return Number(koffi.register(onStatus, koffi.pointer(type)));
}
