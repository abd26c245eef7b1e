/** Damaged and invented bytes on each kind of listener; meanwhile others are served, and afterwards nothing is left. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mutate } from "../fuzz/mutate.js";
import { Random } from "../fuzz/random.js";
import type { Target } from "../fuzz/target.js";
import { firstBytesTargets } from "../fuzz/targets/first-bytes.js";
import { http1Targets } from "../fuzz/targets/http1.js";
import { http2Targets } from "../fuzz/targets/http2.js";
import { freePort, runProxy } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { serveHttp } from "../support/servers.js";
import { Pki } from "./tls/pki.js";

const pki = new Pki();
const SEED = 7;
const ATTACKS = 100;
const SIDE_BY_SIDE = 20;

const target = (name: string): Target =>
  [...http1Targets, ...http2Targets, ...firstBytesTargets].find((one) => one.name === name)!;

for (const [listener, line, targetName] of [
  ["HTTP/1", "", "http1-request"],
  ["HTTP/2 by prior knowledge", "", "http2-client"],
  ["proto h2", "proto h2", "http2-client"],
  ["TLS", `ssl crt ${pki.issue(["hostile.example"]).pem} alpn h2,http/1.1 strict-sni`, "client-hello"],
  ["the PROXY protocol", "accept-proxy", "proxy-header"],
] as const)
  test(`hostile bytes on a listener of ${listener}`, async (t) => {
    const server = await serveHttp(t, (request, response) => {
      request.on("error", () => {});
      request.resume().on("end", () => response.end("well"));
    });
    const [attacked, other] = [await freePort(), await freePort()];
    const proxy = await runProxy(
      t,
      `
global
    nbthread 1
listen web
    bind 127.0.0.1:${attacked} ${line}
    bind 127.0.0.1:${other}
    mode http
    timeout client 500ms
    timeout server 500ms
    timeout http-request 500ms
    timeout http-keep-alive 500ms
    server s1 127.0.0.1:${server.port}`,
    );
    const random = new Random(SEED);
    const { corpus, dictionary, generate } = target(targetName);
    const attack = async (): Promise<void> => {
      const client = await RawClient.connect(attacked);
      client.send(generate !== undefined && random.oneIn(2) ? generate(random) : mutate(random, corpus, dictionary));
      // Not both: libuv refuses to reset what it has shut down (uv_tcp_close_reset), and Node then spins at its exit.
      const isReset = random.oneIn(3);
      if (!isReset && random.oneIn(3)) client.finish();
      if (isReset) client.reset();
      else await client.untilClosed();
      client.close();
    };
    for (let done = 0; done < ATTACKS; done += SIDE_BY_SIDE) {
      const attacks = Array.from({ length: SIDE_BY_SIDE }, attack);
      // One thread serves them all: were it held up or dead, this would not be answered.
      const client = await RawClient.connect(other);
      client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
      assert.equal((await client.response()).body, "well");
      client.close();
      await Promise.all(attacks);
    }
    await proxy.quiet();
    assert.deepEqual(
      proxy.lines.filter((text) => /bug|worker/.test(text)),
      [],
    );
  });
