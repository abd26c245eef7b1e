import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bascule, folder } from "./program.js";

const MODERN = `defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
frontend www
    bind 127.0.0.1:18099
    default_backend web
backend web
    server web1 127.0.0.1:18098
`;

test("-dW makes HAProxy's warnings fatal, and not the advice that only Bascule gives", (t) => {
  const file = join(folder(t, {}), "haproxy.cfg");
  writeFileSync(file, MODERN);
  assert.equal(bascule("haproxy", "-c", "-dW", "-f", file).code, 0, "an unchecked server");
  writeFileSync(file, MODERN.replace("    timeout client 50s\n", ""));
  assert.equal(bascule("haproxy", "-c", "-dW", "-f", file).code, 1, "a missing timeout");
});
