import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { EPOLLIN, Epoll } from "../../src/sys/epoll.js";
import { Netlink } from "../../src/sys/netlink.js";
import { type NetlinkEvent, NetlinkMonitor, RTMGRP_IPV4_IFADDR } from "../../src/sys/netlink-monitor.js";
import { close, SO_RCVBUF, SOL_SOCKET, setOption } from "../../src/sys/socket.js";
import { enterOwnNetwork, ip } from "../support/own-network.js";
import { needsRoot } from "../support/root.js";

let monitor: NetlinkMonitor;

before(() => {
  if (needsRoot) return;
  enterOwnNetwork();
  ip("link", "set", "lo", "up");
  ip("link", "add", "eth0", "type", "veth", "peer", "name", "wire0");
  monitor = new NetlinkMonitor();
});

after(() => monitor?.close());

/** What one drain gives, in short: the kernel has the news ready when the command that caused it returns. */
function news(from: NetlinkMonitor): string[] {
  const seen: string[] = [];
  from.drain((event: NetlinkEvent) => {
    if (event.kind === "link") seen.push(`${event.action} link ${event.link.name} carrier=${event.link.carrier}`);
    else if (event.kind === "address") seen.push(`${event.action} address ${event.address.address}`);
    else if (event.kind === "route")
      seen.push(`${event.action} route ${event.route.destination} table ${event.route.table}`);
    else seen.push(event.kind);
  });
  return seen;
}

test("nothing has happened: a drain returns at once and empty", { skip: needsRoot }, () => {
  assert.deepEqual(news(monitor), []);
});

test("a link's ups and downs are heard, also through epoll", { skip: needsRoot }, () => {
  const epoll = new Epoll();
  epoll.add(monitor.fd, EPOLLIN, 42);
  ip("link", "set", "eth0", "up");
  ip("link", "set", "wire0", "up");
  assert.equal(epoll.wait(2_000), 1);
  assert.ok(news(monitor).includes("new link eth0 carrier=true"));
  ip("link", "set", "wire0", "down");
  assert.ok(news(monitor).includes("new link eth0 carrier=false"));
  close(epoll.fd);
});

test("addresses of both families come and go", { skip: needsRoot }, () => {
  ip("address", "add", "192.0.2.1/24", "dev", "eth0");
  ip("address", "add", "2001:db8::1/64", "dev", "lo");
  const arrived = news(monitor);
  assert.ok(arrived.includes("new address 192.0.2.1"));
  assert.ok(arrived.includes("new address 2001:db8::1"));
  ip("address", "del", "192.0.2.1/24", "dev", "eth0");
  assert.ok(news(monitor).includes("delete address 192.0.2.1"));
});

test("routes come and go", { skip: needsRoot }, () => {
  ip("route", "add", "blackhole", "203.0.113.0/24");
  assert.deepEqual(news(monitor), ["new route 203.0.113.0 table 254"]);
  ip("route", "del", "blackhole", "203.0.113.0/24");
  assert.deepEqual(news(monitor), ["delete route 203.0.113.0 table 254"]);
});

test("an interface that goes for good is announced by name, one that leaves its bridge is not", {
  skip: needsRoot,
}, () => {
  ip("link", "add", "br0", "type", "bridge");
  ip("link", "add", "port0", "type", "veth", "peer", "name", "port1");
  ip("link", "set", "port0", "master", "br0");
  ip("link", "set", "port0", "nomaster");
  assert.deepEqual(
    news(monitor).filter((each) => each.startsWith("delete link")),
    [],
  );
  ip("link", "del", "port0");
  assert.ok(news(monitor).includes("delete link port0 carrier=false"));
});

test("news that the buffer has no room for becomes an overrun, and later news is heard again", {
  skip: needsRoot,
}, () => {
  const cramped = new NetlinkMonitor(RTMGRP_IPV4_IFADDR);
  setOption(cramped.fd, SOL_SOCKET, SO_RCVBUF, 1);
  const netlink = new Netlink();
  for (let i = 1; i <= 200; i++) netlink.addAddress({ index: 1, address: `198.18.0.${i}`, prefixLength: 32 });
  assert.ok(news(cramped).includes("overrun"));
  netlink.deleteAddress({ index: 1, address: "198.18.0.1", prefixLength: 32 });
  assert.deepEqual(news(cramped), ["delete address 198.18.0.1"]);
  cramped.close();
  netlink.close();
});
