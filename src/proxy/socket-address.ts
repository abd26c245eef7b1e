/** Addresses of the configuration as the kernel takes them. */
import type { AddressFamily } from "../config/haproxy/model.js";
import { abstractAddress, internetAddress, type SocketAddress, unixAddress } from "../sys/address.js";

/** An address as `bind` and `server` lines have it. */
export interface ConfiguredAddress {
  readonly address: string;
  readonly family: AddressFamily;
  readonly port: number;
}

/** @throws RangeError if a name is too long for a socket's */
export function socketAddress({ address, family, port }: ConfiguredAddress): SocketAddress {
  switch (family) {
    case "unix":
      return unixAddress(address);
    case "abns":
      return abstractAddress(address);
    default:
      return internetAddress(address, port);
  }
}

/** For messages. */
export function addressText({ address, family, port }: ConfiguredAddress): string {
  if (family === 6) return `[${address}]:${port}`;
  if (family === 4) return `${address}:${port}`;
  return family === "unix" ? address : `${family}@${address}`;
}
