import assert from "node:assert/strict";
import { lstatSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect as connectTo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Bind, Frontend } from "../../src/config/haproxy/model.js";
import { ClientAddress } from "../../src/proxy/client-address.js";
import { ListeningSocket, openListeners } from "../../src/proxy/listening-socket.js";
import { openServerSocket } from "../../src/proxy/server-socket.js";
import { AF_INET, AF_INET6, internetAddress, portOf } from "../../src/sys/address.js";
import { check } from "../../src/sys/errno.js";
import {
  accept,
  bind,
  close,
  getOption,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  lastAddress,
  listen,
  localName,
  SO_ACCEPTCONN,
  SO_KEEPALIVE,
  SOCK_STREAM,
  SOL_SOCKET,
  socket,
  TCP_DEFER_ACCEPT,
  TCP_FASTOPEN,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_USER_TIMEOUT,
} from "../../src/sys/socket.js";
import { eventually } from "../support/eventually.js";
import { freePort, readConfiguration } from "../support/proxy.js";

function frontendOf(text: string): Frontend {
  return readConfiguration(`
defaults
    timeout client 5s
frontend web
    ${text}
`).frontends[0]!;
}

function open(t: TestContext, text: string): ListeningSocket {
  const frontend = frontendOf(text);
  const opened = ListeningSocket.open(frontend.binds[0]!, frontend, false);
  t.after(() => closeOnce(opened));
  return opened;
}

const closed = new Set<ListeningSocket>();

/** A descriptor's number may be somebody else's when it is closed again. */
function closeOnce(socket: ListeningSocket): void {
  if (!closed.has(socket)) socket.close();
  closed.add(socket);
}

/** One client's connection, accepted. */
async function accepted(t: TestContext, { fd }: ListeningSocket, port: number): Promise<number> {
  const client = connectTo(port, "127.0.0.1", () => client.write("x"));
  client.on("error", () => {});
  t.after(() => client.destroy());
  const connection = await eventually(
    () => accept(fd),
    (result) => result >= 0,
  );
  t.after(() => close(connection));
  return connection;
}

const folder = (t: TestContext): string => {
  const path = mkdtempSync(join(tmpdir(), "bascule-listen-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
};

for (const [option, level, name, value] of [
  ["tcp-ut 7s", IPPROTO_TCP, TCP_USER_TIMEOUT, 7_000],
  ["tfo", IPPROTO_TCP, TCP_FASTOPEN, 4_096],
  ["defer-accept", IPPROTO_TCP, TCP_DEFER_ACCEPT, 1],
  ["backlog 12 tfo", IPPROTO_TCP, TCP_FASTOPEN, 12],
] as const)
  test(`bind … ${option}`, async (t) => {
    const port = await freePort();
    const { fd } = open(t, `bind 127.0.0.1:${port} ${option}`);
    assert.equal(getOption(fd, level, name), value);
    const { fd: plain } = open(t, `bind 127.0.0.2:${port}`);
    assert.notEqual(getOption(plain, level, name), value);
  });

test("bind … mss: accepted connections send no greater segments", async (t) => {
  const port = await freePort();
  const connection = await accepted(t, open(t, `bind 127.0.0.1:${port} mss 1000`), port);
  // Less what TCP's timestamps take.
  assert.ok(getOption(connection, IPPROTO_TCP, TCP_MAXSEG) <= 1_000);
});

test("accepted connections have no delay, the user timeout and the keep-alive probes of their listener", async (t) => {
  const port = await freePort();
  const listener = open(
    t,
    `bind 127.0.0.1:${port} tcp-ut 9s
    option clitcpka
    clitcpka-cnt 4
    clitcpka-idle 61
    clitcpka-intvl 12s`,
  );
  const connection = await accepted(t, listener, port);
  assert.equal(getOption(connection, IPPROTO_TCP, TCP_NODELAY), 1);
  assert.equal(getOption(connection, IPPROTO_TCP, TCP_USER_TIMEOUT), 9_000);
  assert.equal(getOption(connection, SOL_SOCKET, SO_KEEPALIVE), 1);
  assert.equal(getOption(connection, IPPROTO_TCP, TCP_KEEPCNT), 4);
  assert.equal(getOption(connection, IPPROTO_TCP, TCP_KEEPIDLE), 61);
  assert.equal(getOption(connection, IPPROTO_TCP, TCP_KEEPINTVL), 12);
});

test("without the option, no probes", async (t) => {
  const port = await freePort();
  const connection = await accepted(t, open(t, `bind 127.0.0.1:${port}\n    clitcpka-cnt 4`), port);
  assert.equal(getOption(connection, SOL_SOCKET, SO_KEEPALIVE), 0);
});

test("sockets towards servers have their backend's probes and their server's user timeout", (t) => {
  const { backends } = readConfiguration(`
backend be
    timeout connect 1s
    timeout server 1s
    option tcpka
    srvtcpka-idle 33s
    source 0.0.0.0 interface lo
    server s 127.0.0.1:80 tcp-ut 5s
`);
  const [backend] = backends;
  const [server] = backend!.servers;
  const { memory } = internetAddress("127.0.0.1", 1);
  const options = { keepAlive: backend!.keepAlive, tcpUserTimeout: server!.tcpUserTimeout };
  const fd = check(openServerSocket(AF_INET, backend!.source, new ClientAddress(memory.bytes), options), "socket");
  t.after(() => close(fd));
  assert.equal(getOption(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
  assert.equal(getOption(fd, IPPROTO_TCP, TCP_KEEPIDLE), 33);
  assert.equal(getOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 5_000);
  assert.equal(getOption(fd, SOL_SOCKET, SO_BINDTOIFINDEX), 1, "lo is the first interface");
});

const SO_BINDTOIFINDEX = 62;

test(":: takes IPv4 as well, unless it is v6only", async (t) => {
  const port = await freePort();
  const both = open(t, `bind :::${port}`);
  assert.equal(getOption(both.fd, IPPROTO_IPV6, IPV6_V6ONLY), 0);
  closeOnce(both);
  assert.equal(getOption(open(t, `bind :::${port} v6only`).fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
});

test("a frontend may listen at one port of several addresses that include each other", async (t) => {
  const port = await freePort();
  const frontend = frontendOf(`bind :${port}\n    bind :::${port}\n    bind 127.0.0.1:${port}`);
  const sockets = openListeners([frontend])[0]!;
  t.after(() => {
    for (const each of sockets) each.close();
  });
  // The closest address wins.
  const connection = await accepted(t, sockets[2]!, port);
  assert.ok(connection >= 0);
});

test("another process's port is still taken", async (t) => {
  const port = await freePort();
  open(t, `bind 127.0.0.1:${port}`);
  assert.throws(() => open(t, `bind 127.0.0.1:${port}`), { code: "EADDRINUSE" });
});

test("a UNIX socket gets its mode and owner, and is removed with its listener", (t) => {
  const path = join(folder(t), "web.sock");
  const listener = open(t, `bind ${path} mode 640 uid ${process.getuid!()} gid ${process.getgid!()}`);
  const { mode, uid, gid } = statSync(path);
  assert.equal(mode & 0o777, 0o640);
  assert.deepEqual([uid, gid], [process.getuid!(), process.getgid!()]);
  assert.equal(getOption(listener.fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
  closeOnce(listener);
  assert.equal(lstatSync(path, { throwIfNoEntry: false }), undefined);
});

test("a socket that an earlier process left is replaced, any other file is not", (t) => {
  const path = join(folder(t), "web.sock");
  const earlier = open(t, `bind unix@${path}`);
  const { ino } = statSync(path);
  open(t, `bind unix@${path}`);
  assert.notEqual(statSync(path).ino, ino);
  // The earlier process ends later, and leaves alone what is not its own.
  closeOnce(earlier);
  assert.ok(statSync(path).isSocket());

  const file = join(folder(t), "data");
  writeFileSync(file, "precious");
  assert.throws(() => open(t, `bind ${file}`), /not a socket/);
  assert.ok(statSync(file).isFile());
});

test("an inherited descriptor must listen", (t) => {
  const fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
  t.after(() => close(fd));
  assert.throws(() => open(t, `bind fd@${fd}`), /fd@\d+: the inherited descriptor is not a socket that listens/);
  assert.throws(() => open(t, "bind fd@999"), { code: "EBADF" });
});

test("an inherited descriptor survives a start that failed and is tried again", () => {
  const fd = check(socket(AF_INET6, SOCK_STREAM, 0), "socket");
  check(bind(fd, internetAddress("::1", 0)), "bind");
  check(listen(fd, 1), "listen");
  check(localName(fd), "getsockname");
  const port = portOf(lastAddress);
  const inherited = frontendOf(`bind fd@${fd}`);
  const taken = frontendOf(`bind [::1]:${port}`);
  assert.throws(() => openListeners([inherited, taken]), { code: "EADDRINUSE" });
  const [[again]] = openListeners([inherited]) as [[ListeningSocket]];
  assert.equal(again.fd, fd);
  again.close();
});

test("the settings that hold for one kind of socket do not trouble another", (t) => {
  const binds: Bind[] = [...frontendOf(`bind abns@bascule-${process.pid} tcp-ut 5s mss 1000 defer-accept`).binds];
  const frontend = frontendOf("option clitcpka");
  const listener = ListeningSocket.open(binds[0]!, frontend, false);
  t.after(() => listener.close());
  assert.equal(getOption(listener.fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
});
