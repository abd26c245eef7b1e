/** A request and its answer over a netlink socket (netlink(7)), never waiting longer than it is told. */
import type { SocketAddress } from "./address.js";
import { check, EAGAIN, EINTR, ENOBUFS, ETIMEDOUT, SystemError } from "./errno.js";
import { allocate } from "./memory.js";
import {
  decodeOutcome,
  MessageWriter,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  splitMessages,
} from "./netlink-message.js";
import {
  close,
  lastAddress,
  receiveFrom,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_SOCKET,
  send,
  setOption,
  setOptionBytes,
  socket,
} from "./socket.js";

export const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const SO_RCVTIMEO = 20;
const MSG_TRUNC = 0x20;

/** The kernel fills at most 32 KiB of a dump at once; a link with hundreds of virtual functions may need more. */
export const DATAGRAM_SIZE = 65_536;
const REQUEST_SIZE = 1_024;
/** A dump that the table's changing has torn is asked for again, this often at most; then it is taken as it is. */
const DUMP_ATTEMPTS = 8;

type WriteBody = (writer: MessageWriter) => void;

/** Opens a socket to rtnetlink; `flags` may be SOCK_NONBLOCK. Throws a SystemError. */
export const openRouteSocket = (flags = 0): number =>
  check(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | (flags & SOCK_NONBLOCK), NETLINK_ROUTE), "socket", "AF_NETLINK");

/** struct sockaddr_nl of this process's choosing: a port that the kernel picks, and a mask of multicast groups. */
export function netlinkAddress(groups: number): SocketAddress {
  const memory = allocate(64);
  memory.bytes.fill(0);
  memory.bytes.writeUInt16LE(AF_NETLINK, 0);
  memory.bytes.writeUInt32LE(groups, 8);
  return { memory, length: 12, family: AF_NETLINK };
}

/**
 * Receives one datagram from the kernel into `bytes`.
 * @returns its length, which is more than `size` if it was cut; 0 for one that a process sent; or a negated errno.
 */
export function receiveFromKernel(fd: number, address: number, size: number): number {
  const length = receiveFrom(fd, address, size, MSG_TRUNC);
  return length > 0 && lastAddress.readUInt32LE(4) !== 0 ? 0 : length;
}

export class NetlinkSocket {
  readonly #fd = openRouteSocket();
  readonly #timeout: number;
  readonly #request = allocate(REQUEST_SIZE);
  readonly #reply = allocate(DATAGRAM_SIZE);
  readonly #writer = new MessageWriter(this.#request.bytes);
  #sequence = 0;
  #interrupted = false;
  /** What the kernel said about the last request, if it refused it and gave a reason. */
  explanation: string | undefined = undefined;

  /** @param timeout  Milliseconds that an answer is waited for. */
  constructor(timeout: number) {
    this.#timeout = timeout;
    // Kernels before 4.20 lack the third: they give more than was asked for, and callers filter.
    setOption(this.#fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
    setOption(this.#fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
    setOption(this.#fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
    const { bytes, address } = this.#request;
    bytes.writeBigInt64LE(BigInt(Math.floor(timeout / 1000)), 0); // struct timeval
    bytes.writeBigInt64LE(BigInt((timeout % 1000) * 1000), 8);
    const result = setOptionBytes(this.#fd, SOL_SOCKET, SO_RCVTIMEO, address, 16);
    if (result < 0) this.close();
    check(result, "setsockopt", "SO_RCVTIMEO");
  }

  /** Asks for something to be done, or for one object, which `visit` gets. Returns 0 or a negated errno. */
  request(type: number, flags: number, body: WriteBody, visit?: (message: NetlinkMessage) => void): number {
    return this.#exchange(type, flags | NLM_F_ACK, body, visit);
  }

  /**
   * Reads a whole table. Messages of another type than `replyType`, and those that `decode` makes nothing of, are left
   * out. Throws a SystemError.
   * @param absent  An errno that means an empty table.
   */
  dump<T>(
    type: number,
    body: WriteBody,
    replyType: number,
    decode: (message: NetlinkMessage) => T | undefined,
    absent?: number,
  ): T[] {
    for (let attempt = 1; ; attempt++) {
      const found: T[] = [];
      const result = this.#exchange(type, NLM_F_DUMP, body, (message) => {
        const decoded = message.type === replyType ? decode(message) : undefined;
        if (decoded !== undefined) found.push(decoded);
      });
      const torn = this.#interrupted || result === -ENOBUFS;
      if (torn && attempt < DUMP_ATTEMPTS) continue;
      if (absent !== undefined && result === -absent) return [];
      if (result < 0) throw new SystemError(-result, "netlink dump", this.explanation);
      return found;
    }
  }

  close(): void {
    close(this.#fd);
  }

  #exchange(type: number, flags: number, body: WriteBody, visit?: (message: NetlinkMessage) => void): number {
    this.#sequence = (this.#sequence % 0x7fffffff) + 1;
    this.#interrupted = false;
    this.explanation = undefined;
    this.#writer.begin(type, flags | NLM_F_REQUEST, this.#sequence);
    body(this.#writer);
    const sent = send(this.#fd, this.#request.address, this.#writer.finish(), 0);
    return sent < 0 ? sent : this.#receive(visit);
  }

  /** Reads to the end of the answer. What belongs to an earlier request, given up on, is passed over. */
  #receive(visit?: (message: NetlinkMessage) => void): number {
    const deadline = performance.now() + this.#timeout;
    while (performance.now() <= deadline) {
      const length = receiveFromKernel(this.#fd, this.#reply.address, DATAGRAM_SIZE);
      if (length === -EINTR) continue;
      if (length === -EAGAIN) break;
      if (length < 0) return length;
      if (length > DATAGRAM_SIZE) return -ENOBUFS;
      for (const message of splitMessages(this.#reply.bytes.subarray(0, length))) {
        if (message.sequence !== this.#sequence) continue;
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) this.#interrupted = true;
        if (message.type !== NLMSG_ERROR && message.type !== NLMSG_DONE) {
          visit?.(message);
          continue;
        }
        const outcome = decodeOutcome(message);
        if (outcome.result < 0) this.explanation = outcome.explanation;
        return outcome.result;
      }
    }
    return -ETIMEDOUT;
  }
}
