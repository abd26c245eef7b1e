import assert from "node:assert/strict";
import { test } from "node:test";
import { haproxyConfiguration, nginxConfiguration } from "../../bench/proxies.js";
import { scenarios } from "../../bench/scenario.js";

const place = { listen: "127.0.0.1:1111", server: "127.0.0.1:2222", closingServer: "127.0.0.1:3333" };

for (const { name, proxy: part } of scenarios)
  test(`${name}: all proxies listen and connect at the same places, on one thread and without logs`, () => {
    const start = { part, place, processors: "0", maxConnections: 4000 };
    const server = part.serverCloses ? place.closingServer : place.server;
    const haproxy = haproxyConfiguration(start, "/folder");
    assert.match(haproxy, new RegExp(`^ {4}bind ${place.listen}(?= |$)`, "m"));
    assert.match(haproxy, new RegExp(`^ {4}server nginx ${server}$`, "m"));
    assert.match(haproxy, /^ {4}nbthread 1$/m);
    assert.doesNotMatch(haproxy, /\blog\b/);
    const nginx = nginxConfiguration(start, "/folder");
    assert.match(nginx, new RegExp(`listen ${place.listen}(?= |;)`));
    assert.match(nginx, new RegExp(`(server|proxy_pass) ${server};`));
    assert.match(nginx, /^master_process off;$/m);
    if (part.mode === "http") assert.match(nginx, /^ *access_log off;$/m);
    assert.equal(/ ssl\b/.test(nginx), part.tls === true);
    assert.equal(/ ssl crt /.test(haproxy), part.tls === true);
  });
