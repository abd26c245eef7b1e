/**
 * The callback that OpenSSL asks for a protocol (SSL_CTX_set_alpn_select_cb(3)). A callback into JavaScript runs on
 * the thread that made it and no other, so each worker has its own, on a context of its own.
 */
import koffi from "koffi";
import { declare } from "./libc.js";
import { allocate } from "./memory.js";
import { setAlpnCallback } from "./ssl-context.js";

const SSL_TLSEXT_ERR_OK = 0;
const SSL_TLSEXT_ERR_NOACK = 3;
const POINTER_SIZE = 8;
/** A client may offer 64 KB of names; nobody needs more than this to say what it speaks. */
const LONGEST_OFFER = 1024;

const copyMemory = declare("memcpy", ["uintptr_t", "uintptr_t", "size_t"]);

const offer = allocate(LONGEST_OFFER);
/** By the number that OpenSSL passes to the callback. */
const lists: AlpnList[] = [];
let callback = 0;

/** Our protocols, and for each the memory that OpenSSL is pointed at: length, padding, pointer to the name, name. */
interface AlpnList {
  readonly protocols: readonly string[];
  readonly answers: readonly { readonly length: number; readonly pointer: number }[];
}

/**
 * Has connections of `context`, on this thread, take the first of `protocols` that the client offers too; none if
 * there is none, and the handshake goes on (RFC 7301 §3.2 would have it fail, which helps no client).
 */
export function selectAlpn(context: number, protocols: readonly string[]): void {
  if (callback === 0) callback = makeCallback();
  lists.push({ protocols, answers: protocols.map(answerOf) });
  setAlpnCallback(context, callback, lists.length - 1);
}

/** The first of `ours` in a list of names with their lengths in front; -1: none. Exported for its tests. */
export function chooseProtocol(ours: readonly string[], theirs: Buffer): number {
  const offered = new Set<string>();
  for (let at = 0; at < theirs.length; at += 1 + theirs[at]!)
    offered.add(theirs.toString("latin1", at + 1, at + 1 + theirs[at]!));
  return ours.findIndex((name) => offered.has(name));
}

const held: unknown[] = [];

function answerOf(name: string): AlpnList["answers"][number] {
  const memory = allocate(2 * POINTER_SIZE + 256);
  memory.bytes[0] = memory.bytes.write(name, 2 * POINTER_SIZE, "latin1");
  memory.bytes.writeBigUInt64LE(BigInt(memory.address + 2 * POINTER_SIZE), POINTER_SIZE);
  held.push(memory);
  return { length: memory.address, pointer: memory.address + POINTER_SIZE };
}

function makeCallback(): number {
  const type = koffi.proto(
    "int (uintptr_t ssl, uintptr_t out, uintptr_t outLength, uintptr_t in, uint32_t inLength, uintptr_t list)",
  );
  const onAlpn = (_: number, out: number, outLength: number, input: number, length: number, list: number): number => {
    const { protocols, answers } = lists[list]!;
    if (length > LONGEST_OFFER) return SSL_TLSEXT_ERR_NOACK;
    copyMemory(offer.address, input, length);
    const answer = answers[chooseProtocol(protocols, offer.bytes.subarray(0, length))];
    if (answer === undefined) return SSL_TLSEXT_ERR_NOACK;
    copyMemory(out, answer.pointer, POINTER_SIZE);
    copyMemory(outLength, answer.length, 1);
    return SSL_TLSEXT_ERR_OK;
  };
  return Number(koffi.register(onAlpn, koffi.pointer(type)));
}
