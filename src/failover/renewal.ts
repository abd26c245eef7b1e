/** Renews the lifetime of virtual addresses for the engine's thread, which must not wait for the kernel's lock. */
import { type AddressSettings, Netlink } from "../sys/netlink.js";
import type { InstanceCounters } from "./counters.js";

/** A wish this old, in seconds, was made before the process was frozen: who made it may be master no more. */
const STALE = 0.2;

export class Renewal {
  #netlink: Netlink | undefined;
  #hasEnded = false;

  /**
   * What the kernel refuses is not counted, and the engine tries itself.
   * @param counters of the instance whose addresses they are
   * @param at       when it was asked for, by `process.uptime()`
   */
  renew(counters: InstanceCounters, addresses: readonly AddressSettings[], at: number): void {
    if (this.#hasEnded || !counters.holdsAddresses || process.uptime() - at > STALE) return;
    this.#netlink ??= new Netlink();
    const results = addresses.map((settings) => this.#netlink!.setAddress(settings));
    // The engine may have let go of them in that very moment: then it was us who brought them back.
    if (!counters.holdsAddresses) for (const settings of addresses) this.#netlink.deleteAddress(settings);
    else if (results.every((result) => result >= 0)) counters.countRenewal();
  }

  end(): void {
    this.#hasEnded = true;
    this.#netlink?.close();
  }
}
