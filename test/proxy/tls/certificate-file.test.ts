import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CertificateError, certificatePaths, readCertificateFile } from "../../../src/proxy/tls/certificate-file.js";
import { needsRoot } from "../../support/root.js";
import { Pki } from "./pki.js";

const pki = new Pki();
const issued = pki.issue(["A.example", "*.b.example"]);
const other = pki.issue(["other.example"]);
const [certificate, key] = [readFileSync(issued.certificate, "utf8"), readFileSync(issued.key, "utf8")];

test("a PEM file gives certificate, key and names in lower case", () => {
  const file = readCertificateFile(issued.pem);
  assert.deepEqual(file.names, ["a.example", "*.b.example"]);
  assert.equal(file.key.asymmetricKeyType, "ec");
  assert.deepEqual(file.chain, []);
  assert.deepEqual(file.warnings, []);
});

test("the chain goes along, the root does not", () => {
  const path = pki.write("chain.pem", `${key}${certificate}${readFileSync(other.certificate, "utf8")}${pki.ca}`);
  assert.deepEqual(
    readCertificateFile(path).chain.map(({ subject }) => subject),
    ["CN=other.example"],
  );
});

test("a key may lie beside, as <file>.key and in place of .crt", () => {
  for (const [name, keyName] of [
    ["one.pem", "one.pem.key"],
    ["two.crt", "two.key"],
  ] as const) {
    pki.write(keyName, key);
    assert.equal(readCertificateFile(pki.write(name, certificate)).key.type, "private");
  }
});

test("a key that everybody can read is warned of", () => {
  const path = pki.write("open.pem", `${certificate}${key}`);
  chmodSync(path, 0o644);
  assert.match(
    readCertificateFile(path).warnings.join(),
    /open\.pem: everybody on this host can read this private key/,
  );
});

test("so is one that a group can read, be it beside the certificate; root's group is nobody", {
  skip: needsRoot,
}, () => {
  const keyPath = pki.write("shared.pem.key", key);
  const path = pki.write("shared.pem", certificate);
  chmodSync(keyPath, 0o640);
  assert.deepEqual(readCertificateFile(path).warnings, []);
  chownSync(keyPath, 0, 4711);
  assert.match(
    readCertificateFile(path).warnings.join(),
    /shared\.pem\.key: the group with the number 4711 can read this private key; write: chmod 600 /,
  );
});

for (const [what, text, message] of [
  ["no certificate", key, /bad\.pem: no certificate in this file/],
  ["no key", certificate, /bad\.pem: no private key in this file, nor in/],
  [
    "somebody else's key",
    `${certificate}${readFileSync(other.key, "utf8")}`,
    /bad\.pem: the private key is another one's/,
  ],
  [
    "a damaged certificate",
    `${certificate.replace(/MII.{8}/, "MIIAAAAAAAA")}${key}`,
    /bad\.pem: certificate 1 cannot be read/,
  ],
  [
    "a damaged key",
    `${certificate}${key.replace(/\nM.{16}/, "\nMAAAAAAAAAAAAAAAA")}`,
    /bad\.pem: the private key cannot be read/,
  ],
  [
    "a key with a pass phrase",
    `${certificate}-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n`,
    /bad\.pem: the private key has a pass phrase/,
  ],
] as const)
  test(`${what} is an error with the file's name`, () => {
    const path = pki.write("bad.pem", text);
    assert.throws(
      () => readCertificateFile(path),
      (error: Error) => error instanceof CertificateError && message.test(error.message),
    );
  });

test("a file that is not there is an error with its name", () => {
  assert.throws(() => certificatePaths("/nowhere/a.pem"), /\/nowhere\/a\.pem: no such file/);
});

test("a file that is not there stands for its bundle: one file for each type of key", () => {
  const file = join(pki.folder, "bundle.pem");
  for (const type of [".rsa", ".ecdsa", ".key"]) writeFileSync(file + type, "");
  assert.deepEqual(certificatePaths(file), [`${file}.rsa`, `${file}.ecdsa`]);
});

test("a folder stands for its files in the order of their names, without what belongs to them", () => {
  const folder = join(pki.folder, "certs");
  mkdirSync(join(folder, "deeper"), { recursive: true });
  for (const name of ["b.pem", "a.pem", "a.pem.key", "b.pem.ocsp", ".hidden"]) writeFileSync(join(folder, name), "");
  assert.deepEqual(certificatePaths(folder), [join(folder, "a.pem"), join(folder, "b.pem")]);
});
