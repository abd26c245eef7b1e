import assert from "node:assert/strict";
import { test } from "node:test";
import { CertificateChoice } from "../../../src/proxy/tls/certificate-choice.js";

const certificate = (value: string, names: string[], keyType = "ec") => ({ value, names, keyType });

const choice = new CertificateChoice([
  certificate("first", ["a.example", "www.a.example"]),
  certificate("wild", ["*.a.example"]),
  certificate("first-rsa", ["a.example", "www.a.example"], "rsa"),
  certificate("late", ["a.example"]),
]);

for (const [name, expected] of [
  ["a.example", ["first", "first-rsa"]],
  ["www.a.example", ["first", "first-rsa"]],
  ["other.a.example", ["wild"]],
  ["two.labels.a.example", undefined],
  [".a.example", undefined],
  ["example", undefined],
  ["b.example", undefined],
] as const)
  test(`${name} gets ${expected?.join(" and ") ?? "none"}`, () => assert.deepEqual(choice.find(name), expected));

test("a name that is excluded is not covered by the wildcard; `*` is for what is left", () => {
  const certificates = [
    { ...certificate("wild", ["*.a.example"]), excluded: ["no.a.example"] },
    certificate("rest", ["*"]),
  ];
  const listed = new CertificateChoice(certificates);
  assert.deepEqual(listed.find("yes.a.example"), ["wild"]);
  assert.deepEqual(listed.find("no.a.example"), ["rest"]);
  assert.deepEqual(listed.find("b.example"), ["rest"]);
  assert.equal(new CertificateChoice(certificates.slice(0, 1)).find("no.a.example"), undefined);
});

test("who names nobody known gets the first certificate, in all its types of key", () => {
  assert.deepEqual(choice.fallback, ["first", "first-rsa"]);
});

test("the name makes no difference where all names lead to the same certificates", () => {
  assert.equal(choice.dependsOnName, true);
  const one = new CertificateChoice([certificate("ec", ["a", "b"]), certificate("rsa", ["a", "b"], "rsa")]);
  assert.equal(one.dependsOnName, false);
  assert.equal(new CertificateChoice([certificate("a", ["a"]), certificate("b", ["b"])]).dependsOnName, true);
});

test("a certificate without names is still what clients get that name nobody", () => {
  assert.deepEqual(new CertificateChoice([certificate("nameless", [])]).fallback, ["nameless"]);
});
