/** A client's address as the kernel gave it at accept. Text is made only when something asks for it. */
import { AF_INET, addressText, familyOf, ipv4Text, isMapped, portOf } from "../sys/address.js";

export class ClientAddress {
  readonly port: number;
  /** IPv4 (also one that came in IPv6 clothes) as a number; undefined for others. */
  readonly ipv4: number | undefined;
  readonly #ipv6Text: string | undefined;

  /** @param sockaddr what accept wrote; it is not kept */
  constructor(sockaddr: Buffer) {
    this.port = portOf(sockaddr);
    if (familyOf(sockaddr) === AF_INET) this.ipv4 = sockaddr.readUInt32BE(4);
    else if (isMapped(sockaddr)) this.ipv4 = sockaddr.readUInt32BE(20);
    else this.#ipv6Text = addressText(sockaddr);
  }

  get text(): string {
    return this.ipv4 === undefined ? this.#ipv6Text! : ipv4Text(this.ipv4);
  }

  /** The key in a stick table of type ip; undefined for IPv6 clients, which such a table cannot hold. */
  get stickKey(): number | undefined {
    return this.ipv4;
  }
}
