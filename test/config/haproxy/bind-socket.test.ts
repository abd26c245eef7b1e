import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { read } from "./support.js";

const bind = (line: string) => {
  const { configuration, diagnostics } = read(`
defaults
    mode http
    timeout client 1s
frontend web
    bind ${line}
    default_backend app
backend app
`);
  const said = diagnostics.all.filter(({ code }) => code !== "no-server").map(({ message }) => message);
  return { binds: configuration.frontends[0]!.binds, said };
};

describe("sockets of bind lines", () => {
  test("addresses of several kinds on one line", () => {
    const { binds, said } = bind("127.0.0.1:80,/run/web.sock,abns@web,fd@7 accept-proxy");
    assert.deepEqual(said, []);
    assert.deepEqual(
      binds.map(({ family, address, port, socket }) => [family, address, port, socket.acceptProxy]),
      [
        [4, "127.0.0.1", 80, true],
        ["unix", "/run/web.sock", 0, true],
        ["abns", "web", 0, true],
        ["fd", "7", 0, true],
      ],
    );
  });

  test("the owner of a file, by name or number", () => {
    const { socket } = bind("/run/web.sock mode 660 user www-data gid 33").binds[0]!;
    assert.deepEqual([socket.mode, socket.user, socket.group], [0o660, "www-data", "33"]);
  });

  for (const [line, message] of [
    ["127.0.0.1:80 mode 660", "mode does nothing for 127.0.0.1:80"],
    ["/run/web.sock tcp-ut 5s", "tcp-ut does nothing for /run/web.sock"],
    ["abns@web user root", "user does nothing for abns@web"],
    ["fd@7 interface eth0", "interface does nothing for fd@7"],
  ] as const)
    test(`${line} says what does nothing`, () => assert.deepEqual(bind(line).said, [message]));

  test("an option's argument is no option", () => assert.deepEqual(bind("127.0.0.1:80 name mode").said, []));

  for (const line of ["/run/web.sock mode 888", ":80 mss 12", ":80 tcp-ut soon", ":80 backlog some", "/run/x uid me"])
    test(`${line} is a mistake`, () => assert.equal(bind(line).said.length, 1));
});
