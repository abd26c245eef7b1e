/** TLS on `bind` and `server` lines, and what the global section says for all of them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { BindTls, ServerTls } from "../../../src/config/haproxy/model.js";
import { read } from "./support.js";

const TIMES = "mode tcp\ntimeout connect 1s\ntimeout client 1s\ntimeout server 1s\n";

function bind(options: string, global = ""): BindTls | undefined {
  const { configuration, codes } = read(
    `global\n${global}\ndefaults\n${TIMES}frontend f\nbind :443 ${options}\ndefault_backend b\nbackend b\nserver s 192.0.2.1:80 check\n`,
  );
  assert.deepEqual(codes, []);
  return configuration.frontends[0]!.binds[0]!.tls;
}

function server(options: string, global = "", defaultServer = ""): ServerTls | undefined {
  const { configuration, codes } = read(
    `global\n${global}\ndefaults\n${TIMES}listen f\nbind :80\n${defaultServer}\nserver s 192.0.2.1:443 check ${options}\n`,
  );
  assert.deepEqual(codes, []);
  return configuration.backends[0]!.servers[0]!.tls;
}

/** The diagnostics of a bind or server line. */
const codesOf = (line: string): readonly string[] =>
  read(`defaults\n${TIMES}listen f\n${line.startsWith("bind") ? "" : "bind :80\n"}${line}\n`).codes;

describe("bind … ssl", () => {
  test("without options has the defaults of HAProxy", () => {
    const { span: _, ...tls } = bind("ssl crt /a.pem")!;
    assert.deepEqual(tls, {
      minVersion: "TLSv1.2",
      maxVersion: undefined,
      disabledVersions: [],
      ciphers: undefined,
      cipherSuites: undefined,
      curves: undefined,
      caFile: undefined,
      crlFile: undefined,
      alpn: [],
      certificates: ["/a.pem"],
      certificateLists: [],
      listFolder: undefined,
      authorityFolder: undefined,
      verify: "none",
      ignoredCaErrors: [],
      ignoredCertificateErrors: [],
      strictSni: false,
      preferClientCiphers: false,
      tickets: true,
      ticketKeys: undefined,
      cacheSize: 20_000,
      lifetime: 300_000,
    });
  });

  for (const [mode, options, alpn] of [
    ["http", "", ["h2", "http/1.1"]],
    ["http", "alpn http/1.1", ["http/1.1"]],
    ["http", "no-alpn", []],
    ["http", "alpn h2 no-alpn", []],
    ["http", "no-alpn alpn h2", ["h2"]],
    ["http", "proto h1", []],
    ["tcp", "", []],
  ] as const)
    test(`in mode ${mode}, "${options}" offers [${alpn}]`, () => {
      const { configuration } = read(`defaults\n${TIMES}listen f\nmode ${mode}\nbind :443 ssl crt /a.pem ${options}\n`);
      assert.deepEqual(configuration.frontends[0]!.binds[0]!.tls!.alpn, alpn);
    });

  test("no ssl, no TLS", () => assert.equal(bind(""), undefined));

  test("crt may occur several times; relative names begin in crt-base and ca-base", () => {
    const tls = bind(
      "ssl crt a.pem crt /b.pem ca-file ca.pem verify required crl-file r.pem",
      "crt-base /c\nca-base /d",
    )!;
    assert.deepEqual(tls.certificates, ["/c/a.pem", "/b.pem"]);
    assert.deepEqual([tls.caFile, tls.crlFile, tls.verify], ["/d/ca.pem", "/d/r.pem", "required"]);
  });

  test("crt-list may stand in for crt; names in it begin in crt-base, it does not", () => {
    const { certificates, certificateLists, listFolder } = bind("ssl crt-list l", "crt-base /c")!;
    assert.deepEqual([certificates, certificateLists, listFolder], [[], ["l"], "/c"]);
  });

  test("the line goes before ssl-default-bind-*", () => {
    const global = "ssl-default-bind-ciphers A\nssl-default-bind-ciphersuites B\nssl-default-bind-curves C";
    const { ciphers, cipherSuites, curves } = bind("ssl crt /a ciphers X", global)!;
    assert.deepEqual([ciphers, cipherSuites, curves], ["X", "B", "C"]);
  });

  test("ssl-default-bind-options hold for every line", () => {
    const tls = bind(
      "ssl crt /a",
      "ssl-default-bind-options ssl-min-ver TLSv1.0 no-tlsv11 no-sslv3 no-tls-tickets prefer-client-ciphers strict-sni",
    )!;
    assert.deepEqual(
      [tls.minVersion, tls.disabledVersions, tls.tickets, tls.preferClientCiphers, tls.strictSni],
      ["TLSv1.0", ["TLSv1.1"], false, true, true],
    );
    assert.equal(
      bind("ssl crt /a ssl-min-ver TLSv1.3", "ssl-default-bind-options ssl-min-ver TLSv1.0")!.minVersion,
      "TLSv1.3",
    );
  });

  test("force-tlsv12 leaves one version", () => {
    const { minVersion, maxVersion } = bind("ssl crt /a force-tlsv12")!;
    assert.deepEqual([minVersion, maxVersion], ["TLSv1.2", "TLSv1.2"]);
  });

  test("sessions are as many, and live as long, as tune.ssl says", () => {
    const { cacheSize, lifetime } = bind("ssl crt /a", "tune.ssl.cachesize 5\ntune.ssl.lifetime 10m")!;
    assert.deepEqual([cacheSize, lifetime], [5, 600_000]);
  });

  for (const [line, code] of [
    ["bind :443 ssl", "error[no-certificate]"],
    ["bind :443 crt /a.pem", "warning[no-effect]"],
    ["bind :443 ssl crt /a.pem verify required", "error[no-ca-file]"],
    ["bind :443 ssl crt /a.pem verify maybe", "error[bad-value]"],
    ["bind :443 ssl crt /a.pem ssl-min-ver TLSv9", "error[bad-value]"],
    ["bind :443 ssl crt /a.pem ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2", "error[no-tls-version]"],
    ["bind :443 ssl crt /a.pem alpn ,", "error[bad-value]"],
    ["bind :443 ssl crt @store/a", "error[not-supported]"],
  ] as const)
    test(`${line} is ${code}`, () => assert.ok(codesOf(line).includes(code), codesOf(line).join()));
});

describe("crt-ignore-err", () => {
  const ignored = (list: string): unknown => {
    const { configuration, codes } = read(`frontend f\nmode http\nbind :443 ssl crt a.pem crt-ignore-err ${list}\n`);
    const errors = codes.filter((code) => code.startsWith("error"));
    return errors.length > 0 ? errors : configuration.frontends[0]!.binds[0]!.tls!.ignoredCertificateErrors;
  };
  // Numbers of X509_STORE_CTX_get_error(3).
  for (const [list, numbers] of [
    ["all", "all"],
    ["10", [10]],
    ["2,X509_V_ERR_CERT_REVOKED,94", [2, 23, 94]],
    ["X509_V_ERR_EC_KEY_EXPLICIT_PARAMS", [94]],
    ["0", ["error[bad-value]"]],
    ["95", ["error[bad-value]"]],
    ["X509_V_ERR_RAIN", ["error[bad-value]"]],
  ] as const)
    test(list, () => assert.deepEqual(ignored(list), numbers));
});

describe("server … ssl", () => {
  test("verifies by default, by the name that is asked for", () => {
    const tls = server("ssl ca-file /ca.pem sni str(a.example)")!;
    assert.deepEqual(
      [tls.verify, tls.caFile, tls.serverName, tls.verifyHost, tls.reuseSessions],
      ["required", "/ca.pem", "a.example", "a.example", true],
    );
    assert.equal(server("ssl ca-file /ca.pem sni str(a.example) verifyhost b.example")!.verifyHost, "b.example");
  });

  test("ssl-server-verify none is the default of those that say nothing", () => {
    assert.equal(server("ssl", "ssl-server-verify none")!.verify, "none");
    assert.equal(server("ssl verify required ca-file /a", "ssl-server-verify none")!.verify, "required");
  });

  test("default-server hands it down, no-ssl takes it back", () => {
    assert.equal(server("", "", "default-server ssl verify none")!.verify, "none");
    assert.equal(server("no-ssl", "", "default-server ssl verify none"), undefined);
  });

  for (const [options, expected] of [
    ["ssl verify none sni str(a.example)", "a.example"],
    ["ssl verify none sni str(a.example) check-sni b.example", "b.example"],
    ["verify none check-ssl check-sni b.example port 444", "b.example"],
    ["ssl verify none check-ssl port 444", "no name"],
    ["ssl verify none port 444", "plain"],
    ["ssl verify none addr 192.0.2.2", "plain"],
    ["ssl verify none no-check-ssl", "plain"],
  ] as const)
    test(`the checks of a server with ${options}: ${expected}`, () => {
      const { configuration } = read(`defaults\n${TIMES}listen f\nbind :80\nserver s 192.0.2.1:443 check ${options}\n`);
      const { tls } = configuration.backends[0]!.servers[0]!.check!;
      assert.equal(tls === undefined ? "plain" : (tls.serverName ?? "no name"), expected);
    });

  for (const [line, code] of [
    ["server s 192.0.2.1:443 check check-ssl", "error[no-ca-file]"],
    ["server s 192.0.2.1:443 ssl", "error[no-ca-file]"],
    ["server s 192.0.2.1:443 ssl verify none sni var(txn.name)", "error[not-supported]"],
    ["server s 192.0.2.1:443 ssl verify none sni src", "error[bad-value]"],
    ["server s 192.0.2.1:443 ssl verify optional", "error[bad-value]"],
  ] as const)
    test(`${line} is ${code}`, () => assert.ok(codesOf(line).includes(code), codesOf(line).join()));
});
