import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { read, readFiles } from "./support.js";

const timeouts = "timeout connect 1s\ntimeout client 2s\ntimeout server 3s\n";

/** A whole configuration around one backend; the text stands in its section. */
const backendWith = (text: string) =>
  read(`defaults\nmode http\n${timeouts}\nfrontend f\nbind :80\ndefault_backend b\nbackend b\n${text}\n`);
const serversOf = (text: string) => backendWith(text).configuration.backends[0]!.servers;

describe("defaults", () => {
  test("hold for the sections below, until the next ones", () => {
    const { configuration } = read(
      `defaults\n${timeouts}retries 7\nbackend a\ndefaults\nbackend b\nbackend c\nretries 1\nbackend d\n`,
    );
    assert.deepEqual(
      configuration.backends.map(({ name, retries, timeoutServer }) => [name, retries, timeoutServer]),
      [
        ["a", 7, 3_000],
        ["b", 3, 50_000],
        ["c", 1, 50_000],
        ["d", 3, 50_000],
      ],
    );
  });

  test("with a name are taken by `from`, also by other defaults", () => {
    const { configuration, diagnostics } = read(
      `defaults x\nretries 7\nmode http\ndefaults y from x\nretries 8\ndefaults\nbackend a from x\nbackend b from y\nbackend c\n`,
    );
    assert.equal(diagnostics.hasErrors, false);
    assert.deepEqual(
      configuration.backends.map(({ retries, mode }) => [retries, mode]),
      [
        [7, "http"],
        [8, "http"],
        [3, "tcp"],
      ],
    );
  });

  test("reach over files, but a line does not join the section of the file before", () => {
    const { configuration, codes } = readFiles([
      { path: "a.cfg", text: "defaults\nretries 7\n" },
      { path: "b.cfg", text: "retries 8\nbackend b\n" },
    ]);
    assert.ok(codes.includes("error[outside-section]"));
    assert.equal(configuration.backends[0]!.retries, 7);
  });
});

describe("timeouts", () => {
  test("timeout tarpit is a time, in frontends and backends; without a rule that tarpits it changes nothing", () => {
    assert.deepEqual(read(`defaults\n${timeouts}timeout tarpit 10s\n`).codes, []);
    assert.equal(read(`defaults\n${timeouts}timeout tarpit soon\n`).diagnostics.hasErrors, true);
  });

  test("http-request falls back to client, http-keep-alive to http-request", () => {
    const frontend = (text: string) => read(`listen l\n${text}`).configuration.frontends[0]!;
    const three = (text: string) => {
      const { timeoutClient, timeoutHttpRequest, timeoutHttpKeepAlive } = frontend(text);
      return [timeoutClient, timeoutHttpRequest, timeoutHttpKeepAlive];
    };
    assert.deepEqual(three("timeout client 2s\n"), [2_000, 2_000, 2_000]);
    assert.deepEqual(three("timeout client 2s\ntimeout http-request 1s\n"), [2_000, 1_000, 1_000]);
    assert.deepEqual(three("timeout client 2s\ntimeout http-keep-alive 1s\n"), [2_000, 2_000, 1_000]);
  });

  test("0 waits as long as a timer can, with a warning", () => {
    const { configuration, codes } = read("listen l\ntimeout client 0\n");
    assert.equal(configuration.frontends[0]!.timeoutClient, 2_147_483_647);
    assert.ok(codes.includes("warning[endless-timeout]"));
  });
});

describe("proxies", () => {
  test("are numbered from 2 in the order of the file; both halves of a listen share a number", () => {
    const { configuration } = read("frontend f\nlisten l\nbackend b\n");
    assert.deepEqual(
      configuration.frontends.map(({ name, id }) => [name, id]),
      [
        ["f", 2],
        ["l", 3],
      ],
    );
    assert.deepEqual(
      configuration.backends.map(({ name, id }) => [name, id]),
      [
        ["l", 3],
        ["b", 4],
      ],
    );
  });

  test("a listen serves its own servers unless default_backend says otherwise", () => {
    const { configuration } = read("listen l\nlisten m\ndefault_backend l\nfrontend f\n");
    assert.deepEqual(
      configuration.frontends.map(({ defaultBackend }) => defaultBackend),
      [0, 0, -1],
    );
  });

  test("a frontend's maxconn is the global one unless it has its own", () => {
    const { configuration } = read("frontend a\nfrontend b\nmaxconn 5\nglobal\nmaxconn 1000\n");
    assert.deepEqual(
      configuration.frontends.map(({ maxConnections }) => maxConnections),
      [1000, 5],
    );
  });

  test("a bind line opens every address and port that it names", () => {
    const { configuration } = read(
      "frontend f\nbind :80-81,[::1]:90,:::91 v6only name web interface eth0\nbind [::]:92\n",
    );
    assert.deepEqual(
      configuration.frontends[0]!.binds.map(({ address, family, port, v4v6, name }) => [
        address,
        family,
        port,
        v4v6,
        name,
      ]),
      [
        ["0.0.0.0", 4, 80, false, "web"],
        ["0.0.0.0", 4, 81, false, "web"],
        ["::1", 6, 90, false, "web"],
        ["::", 6, 91, false, "web"],
        ["::", 6, 92, true, undefined],
      ],
    );
  });

  test("addresses expand variables without double quotes", () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: haproxy.cfg's own notation.
    const { configuration } = read("frontend f\nbind ${HOST}:${PORT}\nbind $HOST:${NONE-81}\n");
    assert.deepEqual(
      configuration.frontends[0]!.binds.map(({ address, port }) => `${address}:${port}`),
      ["192.0.2.9:8080", "192.0.2.9:81"],
    );
  });
});

describe("servers", () => {
  test("take what default-server said above them, and not below", () => {
    const servers = serversOf(
      "server a 192.0.2.1:80 check\ndefault-server inter 10s rise 4 check\nserver b 192.0.2.2:80\nserver c 192.0.2.3:80 no-check\n",
    );
    assert.deepEqual(
      servers.map(({ id, check }) => [id, check?.interval, check?.rise, check?.fall]),
      [
        [1, 2_000, 2, 3],
        [2, 10_000, 4, 3],
        [3, undefined, undefined, undefined],
      ],
    );
  });

  test("are checked at their own address unless addr and port say otherwise", () => {
    const [a, b] = serversOf(
      "server a 192.0.2.1:80 check\nserver b 192.0.2.2:80 check addr 192.0.2.99 port 8080 fastinter 1s downinter 5s\n",
    );
    assert.deepEqual([a!.check!.address, a!.check!.port], ["192.0.2.1", 80]);
    const { address, port, fastInterval, downInterval } = b!.check!;
    assert.deepEqual([address, port, fastInterval, downInterval], ["192.0.2.99", 8080, 1_000, 5_000]);
  });

  test("host names become addresses of either family", () => {
    assert.deepEqual(
      serversOf("server a app.example:80\nserver b app6.example:80\n").map(({ address, family }) => [address, family]),
      [
        ["192.0.2.7", 4],
        ["2001:db8::7", 6],
      ],
    );
  });

  test("weight, backup and disabled", () => {
    const [a, b] = serversOf("server a 192.0.2.1:80 weight 0 backup disabled\nserver b 192.0.2.2:80\n");
    assert.deepEqual([a!.weight, a!.backup, a!.disabled], [0, true, true]);
    assert.deepEqual([b!.weight, b!.backup, b!.disabled], [1, false, false]);
  });

  test("limits: maxconn, minconn, maxqueue", () => {
    const { configuration } = read("backend b\nserver a 192.0.2.1:80 check minconn 3 maxconn 10 maxqueue 7\n");
    const { minConnections, maxConnections, maxQueue } = configuration.backends[0]!.servers[0]!;
    assert.deepEqual([minConnections, maxConnections, maxQueue], [3, 10, 7]);
  });
});

describe("queues and retries", () => {
  const backend = (lines: string) => read(`backend b\n${lines}\n`).configuration.backends[0]!;

  test("timeout queue is timeout connect unless it is set", () => {
    assert.equal(backend("timeout connect 3s").timeoutQueue, 3_000);
    assert.equal(backend("timeout connect 3s\ntimeout queue 7s").timeoutQueue, 7_000);
  });

  test("option redispatch is at the last retry, or at an interval", () => {
    assert.equal(backend("").redispatch, 0);
    assert.equal(backend("option redispatch").redispatch, -1);
    assert.equal(backend("option redispatch 2").redispatch, 2);
    assert.equal(backend("option redispatch\nno option redispatch").redispatch, 0);
  });

  test("retry-on replaces what was said before", () => {
    const { retryOn } = backend("retry-on empty-response\nretry-on 503 response-timeout 404");
    assert.deepEqual(retryOn, {
      connFailure: false,
      emptyResponse: false,
      junkResponse: false,
      responseTimeout: true,
      statuses: [503, 404],
    });
    assert.equal(backend("").retryOn.connFailure, true);
    assert.equal(backend("retry-on none").retryOn.connFailure, false);
    assert.deepEqual(backend("retry-on all-retryable-errors").retryOn, {
      connFailure: true,
      emptyResponse: true,
      junkResponse: true,
      responseTimeout: true,
      statuses: [500, 502, 503, 504],
    });
  });

  for (const line of ["retry-on none 503", "retry-on 418", "retry-on empty-respons"])
    test(`${line} is a mistake`, () => assert.ok(read(`backend b\n${line}\n`).codes.includes("error[bad-value]")));
});

describe("logs", () => {
  const logs = (text: string) => read(text).configuration.frontends[0]!.logs;

  test("of the global section reach a proxy through `log global`, wherever the section stands", () => {
    assert.deepEqual(logs("frontend f\nlog global\nglobal\nlog 192.0.2.1 local3 err\n"), [
      {
        target: { kind: "udp", address: "192.0.2.1", port: 514 },
        length: 1024,
        format: "local",
        facility: 19,
        maxLevel: "err",
        minLevel: "emerg",
      },
    ]);
  });

  for (const [line, target] of [
    ["/dev/log daemon", { kind: "unix", path: "/dev/log" }],
    ["192.0.2.1:1514 daemon", { kind: "udp", address: "192.0.2.1", port: 1514 }],
    ["[2001:db8::1]:1514 daemon", { kind: "udp", address: "2001:db8::1", port: 1514 }],
    ["stdout format raw daemon", { kind: "fd", fd: 1 }],
    ["stderr len 2048 format short daemon notice err", { kind: "fd", fd: 2 }],
    ["fd@7 daemon", { kind: "fd", fd: 7 }],
  ] as const)
    test(`log ${line}`, () => {
      const [log] = logs(`frontend f\nlog ${line}\n`);
      assert.deepEqual(log!.target, target);
      assert.equal(log!.facility, 3);
    });

  test("`no log` takes back what defaults gave", () => {
    assert.deepEqual(logs("defaults\nlog stdout local0\nfrontend f\nno log\n"), []);
  });

  test("httplog in a TCP frontend is tcplog", () => {
    const { configuration, codes } = read("frontend f\nmode tcp\noption httplog\n");
    assert.equal(configuration.frontends[0]!.logFormat, "tcplog");
    assert.ok(codes.includes("warning[log-format]"));
  });
});

describe("persistence and source", () => {
  test("`stick on` matches and stores, in the table of another backend if it says so", () => {
    const { configuration, diagnostics } = read(
      "backend a\nstick-table type ip size 1k expire 1m nopurge\nbackend b\nstick on src table a\n",
    );
    assert.equal(diagnostics.hasErrors, false);
    assert.deepEqual(configuration.backends[0]!.stickTable, { type: "ip", size: 1024, expire: 60_000, noPurge: true });
    assert.deepEqual(configuration.backends[1]!.stickRules, [{ match: true, store: true, sample: "src", table: 0 }]);
  });

  test("source gives the address, its port and whose address the server sees", () => {
    const source = (line: string) => read(`backend b\nsource ${line}\n`).configuration.backends[0]!.source;
    const none = { address: undefined, port: 0, useSource: undefined, interface: undefined };
    assert.deepEqual(source("192.0.2.5:1000"), { ...none, address: "192.0.2.5", port: 1000 });
    assert.deepEqual(source("0.0.0.0 usesrc client"), { ...none, useSource: "client" });
    assert.deepEqual(source("192.0.2.5 interface eth1"), { ...none, address: "192.0.2.5", interface: "eth1" });
    assert.deepEqual(source("0.0.0.0 usesrc clientip interface eth1"), {
      ...none,
      useSource: "clientip",
      interface: "eth1",
    });
    assert.equal(source("0.0.0.0 usesrc hdr_ip(x-forwarded-for)"), undefined);
  });
});

describe("an error page", () => {
  const pages = (content: string | undefined) =>
    read("frontend f\nerrorfile 503 /x.http\n", { readFile: () => content });

  test("is the file's content", () => {
    const page = "HTTP/1.0 503 Service Unavailable\r\n\r\n";
    assert.deepEqual(pages(page).configuration.frontends[0]!.errorFiles, [
      { status: 503, path: "/x.http", content: page },
    ]);
  });

  test("that cannot be read, or is no HTTP response, gives way to the built-in one", () => {
    for (const [content, code] of [
      [undefined, "warning[unreadable-file]"],
      ["<html>sorry</html>", "warning[bad-error-page]"],
    ] as const) {
      const outcome = pages(content);
      assert.equal(outcome.configuration.frontends[0]!.errorFiles[0]!.content, undefined);
      assert.ok(outcome.codes.includes(code));
    }
  });
});

describe("what is switched off anyway", () => {
  test("`no` before an option that is not done yet is fine", () => {
    assert.equal(backendWith("no option redispatch\nno option httpclose\n").diagnostics.hasErrors, false);
  });
});
