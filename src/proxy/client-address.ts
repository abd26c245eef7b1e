/** A client's address as the kernel gave it at accept, or a PROXY header. Text is made only when something asks for it. */
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  addressText,
  encodeInternet,
  familyOf,
  ipv4Text,
  isMapped,
  portOf,
  SOCKADDR_SIZE,
} from "../sys/address.js";
import { allocate } from "../sys/memory.js";
import { lastAddress, localName } from "../sys/socket.js";
import type { ProxiedConnection, ProxiedEnd } from "./proxy-protocol.js";

export class ClientAddress {
  /** AF_INET (also for IPv4 in IPv6 clothes), AF_INET6 or AF_UNIX. */
  readonly family: number;
  /** Of a UNIX client: its listener's number, which HAProxy logs in place of a port. */
  readonly port: number;
  /** IPv4 (also one that came in IPv6 clothes) as a number; undefined for others. */
  readonly ipv4: number | undefined;
  /** Where the client connected to, if a PROXY header said so; else the socket knows. */
  readonly destination: ClientAddress | undefined;
  readonly #text: string | undefined;

  /**
   * @param sockaddr what accept wrote; it is not kept
   * @param listener its listener's number in the frontend, from 1
   */
  constructor(
    sockaddr: Buffer,
    readonly listener = 1,
    destination?: ClientAddress,
  ) {
    this.destination = destination;
    const family = familyOf(sockaddr);
    const isIpv6 = family === AF_INET6;
    if (isIpv6 && !isMapped(sockaddr)) this.#text = addressText(sockaddr);
    else if (isIpv6) this.ipv4 = sockaddr.readUInt32BE(20);
    else if (family === AF_INET) this.ipv4 = sockaddr.readUInt32BE(4);
    else this.#text = "unix";
    this.family = this.ipv4 !== undefined ? AF_INET : isIpv6 ? AF_INET6 : AF_UNIX;
    this.port = this.family === AF_UNIX ? listener : portOf(sockaddr);
  }

  /** A client that a PROXY header spoke of. @param listener as for the constructor */
  static proxied({ source, destination }: ProxiedConnection, listener = 1): ClientAddress {
    return addressOf(source, listener, addressOf(destination, listener));
  }

  get text(): string {
    return this.ipv4 === undefined ? this.#text! : ipv4Text(this.ipv4);
  }

  /** The key in a stick table of type ip; undefined for IPv6 and UNIX clients, which such a table cannot hold. */
  get stickKey(): number | undefined {
    return this.ipv4;
  }
}

/** Where the client on the other end of `fd` connected to. @param listener as for `ClientAddress` */
export function localAddressOf(fd: number, listener: number): ClientAddress {
  localName(fd);
  return new ClientAddress(lastAddress, listener);
}

const scratch = allocate(SOCKADDR_SIZE);

function addressOf({ address, port }: ProxiedEnd, listener: number, destination?: ClientAddress): ClientAddress {
  encodeInternet(scratch, address, port);
  return new ClientAddress(scratch.bytes, listener, destination);
}
