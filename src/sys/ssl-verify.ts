/**
 * The callback that OpenSSL tells of what is wrong with a peer's certificate, and that may let it pass
 * (SSL_set_verify(3)). A callback into JavaScript runs on the thread that made it and no other, so each worker has its own.
 */
import koffi from "koffi";
import { declareOpenssl, declareOpensslVoid } from "./openssl.js";

/** Numbers of errors (X509_STORE_CTX_get_error(3)). */
type Errors = "all" | readonly number[];

export interface PassedErrors {
  /** At depths above 0: of the certificates that vouch for the peer's. */
  readonly ofAuthorities: Errors;
  /** At depth 0: of the peer's own. */
  readonly ofPeer: Errors;
}

const MODE = { optional: 1, required: 3 } as const;

const setVerify = declareOpensslVoid("SSL_set_verify", ["uintptr_t", "int", "uintptr_t"]);
const errorOf = declareOpenssl("X509_STORE_CTX_get_error", "int", ["uintptr_t"]);
const depthOf = declareOpenssl("X509_STORE_CTX_get_error_depth", "int", ["uintptr_t"]);

/** By what they let pass: many listeners may say the same. */
const callbacks = new Map<string, number>();

/** The peer of `ssl` has to show a certificate, or may, in which these errors do not count. */
export function verifyLeniently(ssl: number, mode: "optional" | "required", passed: PassedErrors): void {
  setVerify(ssl, MODE[mode], callbackFor(passed));
}

function callbackFor(passed: PassedErrors): number {
  const key = JSON.stringify(passed);
  const known = callbacks.get(key);
  if (known !== undefined) return known;
  const callback = makeCallback(passed);
  callbacks.set(key, callback);
  return callback;
}

function makeCallback({ ofAuthorities, ofPeer }: PassedErrors): number {
  const type = koffi.proto("int (int isFine, uintptr_t store)");
  const onVerify = (isFine: number, store: number): number => {
    if (isFine === 1) return 1;
    const passed = depthOf(store) > 0 ? ofAuthorities : ofPeer;
    return passed === "all" || passed.includes(errorOf(store)) ? 1 : 0;
  };
  return Number(koffi.register(onVerify, koffi.pointer(type)));
}
