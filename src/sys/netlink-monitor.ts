/** News of interfaces, addresses and routes as the kernel multicasts it (rtnetlink(7)). */
import { decodeAddress, type InterfaceAddress, RTM_DELADDR, RTM_NEWADDR } from "./address-message.js";
import { check, EINTR, ENOBUFS } from "./errno.js";
import { decodeLink, type Link, RTM_DELLINK, RTM_NEWLINK } from "./link-message.js";
import { allocate } from "./memory.js";
import { type NetlinkMessage, splitMessages } from "./netlink-message.js";
import { DATAGRAM_SIZE, netlinkAddress, openRouteSocket, receiveFromKernel } from "./netlink-socket.js";
import { decodeRoute, type Route, RTM_DELROUTE, RTM_NEWROUTE } from "./route-message.js";
import { decodeRule, RTM_DELRULE, RTM_NEWRULE, type Rule } from "./rule-message.js";
import { bind, close, SO_RCVBUF, SOCK_NONBLOCK, SOL_SOCKET, setOption } from "./socket.js";

export const RTMGRP_LINK = 0x1;
export const RTMGRP_IPV4_IFADDR = 0x10;
export const RTMGRP_IPV4_ROUTE = 0x40;
export const RTMGRP_IPV4_RULE = 0x80;
export const RTMGRP_IPV6_IFADDR = 0x100;
export const RTMGRP_IPV6_ROUTE = 0x400;
export const RTMGRP_IPV6_RULE = 0x40000;

const SO_RCVBUFFORCE = 33;
/** Room for a few thousand messages: a routing daemon's whole table may change between two looks. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;
/** Datagrams taken at one wake-up, so that a storm of them holds nothing else up. */
const DRAIN_LIMIT = 256;

export type NetlinkEvent =
  | { readonly kind: "link"; readonly action: "new" | "delete"; readonly link: Link }
  | { readonly kind: "address"; readonly action: "new" | "delete"; readonly address: InterfaceAddress }
  | { readonly kind: "rule"; readonly action: "new" | "delete"; readonly rule: Rule }
  | { readonly kind: "route"; readonly action: "new" | "delete"; readonly route: Route }
  /** Events were lost: what is known must be read again. */
  | { readonly kind: "overrun" };

/** What a message announces, if it is one of ours. "new" also stands for a change. */
export function decodeEvent(message: NetlinkMessage): NetlinkEvent | undefined {
  switch (message.type) {
    case RTM_NEWLINK:
    case RTM_DELLINK: {
      const link = decodeLink(message);
      return link && { kind: "link", action: message.type === RTM_NEWLINK ? "new" : "delete", link };
    }
    case RTM_NEWADDR:
    case RTM_DELADDR: {
      const address = decodeAddress(message);
      return address && { kind: "address", action: message.type === RTM_NEWADDR ? "new" : "delete", address };
    }
    case RTM_NEWROUTE:
    case RTM_DELROUTE: {
      const route = decodeRoute(message);
      return route && { kind: "route", action: message.type === RTM_NEWROUTE ? "new" : "delete", route };
    }
    case RTM_NEWRULE:
    case RTM_DELRULE: {
      const rule = decodeRule(message);
      return rule && { kind: "rule", action: message.type === RTM_NEWRULE ? "new" : "delete", rule };
    }
    default:
      return undefined;
  }
}

/**
 * A non-blocking socket whose `fd` goes into an epoll set, level-triggered; call `drain` when it is readable. Subscribe
 * first and dump afterwards, so that no change falls between the two.
 */
export class NetlinkMonitor {
  readonly fd = openRouteSocket(SOCK_NONBLOCK);
  readonly #memory = allocate(DATAGRAM_SIZE);

  /** @param groups  RTMGRP_*: links, both families' addresses and IPv4 routes unless given. */
  constructor(groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE) {
    // Beyond net.core.rmem_max where we may (CAP_NET_ADMIN), up to it elsewhere.
    if (setOption(this.fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER) < 0)
      setOption(this.fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
    const result = bind(this.fd, netlinkAddress(groups));
    if (result < 0) this.close();
    check(result, "bind", "AF_NETLINK");
  }

  /** Hands over what has arrived, in order. Returns the number of events; throws nothing of its own. */
  drain(handler: (event: NetlinkEvent) => void): number {
    let events = 0;
    for (let datagrams = 0; datagrams < DRAIN_LIMIT; datagrams++) {
      const length = receiveFromKernel(this.fd, this.#memory.address, DATAGRAM_SIZE);
      if (length === -ENOBUFS || length > DATAGRAM_SIZE) {
        handler({ kind: "overrun" });
        events++;
        continue;
      }
      if (length === -EINTR) continue;
      if (length < 0) break;
      for (const message of splitMessages(this.#memory.bytes.subarray(0, length))) {
        const event = decodeEvent(message);
        if (event === undefined) continue;
        handler(event);
        events++;
      }
    }
    return events;
  }

  close(): void {
    close(this.fd);
  }
}
