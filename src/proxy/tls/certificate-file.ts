/** PEM files as `crt` names them: a certificate, the chain behind it and its key (configuration manual §5.1, `crt`). */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { normaliseName } from "./client-hello.js";
import { readStaple, type Staple } from "./staple.js";

export interface CertificateFile {
  readonly path: string;
  readonly leaf: X509Certificate;
  /** From the one that signed the leaf upwards. */
  readonly chain: readonly X509Certificate[];
  readonly key: KeyObject;
  /** Names that it is for: those of its alternative names, and its common name. Lower case; may begin with `*.`. */
  readonly names: readonly string[];
  /** In DER (PKCS #3); undefined: clients up to TLS 1.2 agree on keys over elliptic curves only. */
  readonly dhParameters: Uint8Array | undefined;
  /** The response of its authority that clients may ask for. */
  readonly staple: Staple | undefined;
  /** What its owner should know. */
  readonly warnings: readonly string[];
}

/** Why a file is no use: its path is part of the text. */
export class CertificateError extends Error {}

/** Files that belong to certificates without being one (`ssl-load-extra-files`). */
const COMPANIONS = /\.(key|ocsp|issuer|sctl)$/;

/**
 * The files that `crt <path>` stands for: the file itself, its bundle, or all of a folder in the order of their names.
 * @throws CertificateError
 */
export function certificatePaths(path: string): string[] {
  try {
    const [first, ...others] = bundlePaths(path);
    if (!statSync(first!).isDirectory()) return [first!, ...others];
    const names = readdirSync(path).filter((name) => !name.startsWith(".") && !COMPANIONS.test(name));
    const paths = names
      .sort()
      .map((name) => join(path, name))
      .filter((file) => statSync(file).isFile());
    if (paths.length === 0) throw new CertificateError(`${path}: no certificate in this folder`);
    return paths;
  } catch (error) {
    throw asCertificateError(path, error);
  }
}

/** Types of key that one name may have certificates of, side by side (`ssl-load-extra-files bundle`). */
const BUNDLED = [".rsa", ".ecdsa", ".dsa"];

/** The files of a bundle, where it is not the file itself that is there. */
export function bundlePaths(path: string): string[] {
  const bundle = existsSync(path) ? [] : BUNDLED.map((type) => path + type).filter((file) => existsSync(file));
  return bundle.length > 0 ? bundle : [path];
}

/**
 * Reads a certificate; a key that is not in the file is looked for beside it, in `<path>.key`.
 * @throws CertificateError
 */
export function readCertificateFile(path: string): CertificateFile {
  const text = readTextFile(path);
  const certificates = blocks(text, /CERTIFICATE/).map((pem, index) => parseCertificate(path, pem, index));
  const [leaf, ...chain] = certificates;
  if (leaf === undefined) throw new CertificateError(`${path}: no certificate in this file (BEGIN CERTIFICATE)`);
  const [keyPath, pem] = findKey(path, text);
  const key = parseKey(keyPath, pem);
  if (!leaf.checkPrivateKey(key))
    throw new CertificateError(`${path}: the private key ${keyPath === path ? "" : `in ${keyPath} `}is another one's`);
  const staple = readStaple(path, leaf);
  return {
    path,
    leaf,
    chain: withoutRoots(chain),
    key,
    names: namesOf(leaf),
    dhParameters: parseDhParameters(text),
    staple: typeof staple === "string" ? undefined : staple,
    warnings: [...warningsOf(path, keyPath, leaf), ...(typeof staple === "string" ? [staple] : [])],
  };
}

function findKey(path: string, text: string): [path: string, pem: string] {
  const [inside] = blocks(text, KEY);
  if (inside !== undefined) return [path, inside];
  const keyPath = `${path.replace(/\.(crt|pem|cer)$/, "")}.key`;
  for (const candidate of new Set([`${path}.key`, keyPath])) {
    try {
      const [beside] = blocks(readFileSync(candidate, "latin1"), KEY);
      if (beside !== undefined) return [candidate, beside];
    } catch {
      // The next one, or the complaint below.
    }
  }
  throw new CertificateError(`${path}: no private key in this file, nor in ${path}.key`);
}

const KEY = /(?:RSA |EC |ENCRYPTED )?PRIVATE KEY/;

/** The PEM blocks of one kind (RFC 7468). */
function blocks(text: string, kind: RegExp): string[] {
  const block = new RegExp(`-----BEGIN (${kind.source})-----[\\s\\S]*?-----END \\1-----`, "g");
  return text.match(block) ?? [];
}

function parseCertificate(path: string, pem: string, index: number): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new CertificateError(`${path}: certificate ${index + 1} cannot be read (${reasonOf(error)})`);
  }
}

function parseDhParameters(text: string): Uint8Array | undefined {
  const [pem] = blocks(text, /DH PARAMETERS/);
  return pem === undefined ? undefined : Buffer.from(pem.replace(/-----[^-]+-----/g, ""), "base64");
}

function parseKey(path: string, pem: string): KeyObject {
  if (pem.includes("ENCRYPTED"))
    throw new CertificateError(`${path}: the private key has a pass phrase; remove it with: openssl pkey -in ${path}`);
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new CertificateError(`${path}: the private key cannot be read (${reasonOf(error)})`);
  }
}

/** Clients have the roots, or do not trust them: sending them costs bytes in each handshake. */
const withoutRoots = (chain: readonly X509Certificate[]): X509Certificate[] =>
  chain.filter((link) => link.subject !== link.issuer);

/** Alternative names as Node writes them: `DNS:a.example, DNS:*.b.example, IP Address:192.0.2.1`. */
function namesOf(leaf: X509Certificate): string[] {
  const names = (leaf.subjectAltName ?? "")
    .split(", ")
    .filter((entry) => entry.startsWith("DNS:"))
    .map((entry) => entry.slice("DNS:".length));
  for (const line of leaf.subject?.split("\n") ?? []) if (line.startsWith("CN=")) names.push(line.slice("CN=".length));
  return [...new Set(names.map(normaliseName))];
}

function warningsOf(path: string, keyPath: string, leaf: X509Certificate): string[] {
  const warnings: string[] = [];
  const readers = readersOf(keyPath);
  if (readers !== undefined)
    warnings.push(`${keyPath}: ${readers} can read this private key; write: chmod 600 ${keyPath}`);
  if (Date.parse(leaf.validTo) < Date.now()) warnings.push(`${path}: this certificate expired on ${leaf.validTo}`);
  return warnings;
}

/** Who may read it besides its owner and root's group; undefined: nobody. */
export function readersOf(path: string): string | undefined {
  const { mode, gid } = statSync(path);
  if ((mode & 0o004) !== 0) return "everybody on this host";
  return (mode & 0o040) !== 0 && gid !== 0 ? `the group with the number ${gid}` : undefined;
}

/** @throws CertificateError with the path */
export function readTextFile(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    throw asCertificateError(path, error);
  }
}

function asCertificateError(path: string, error: unknown): CertificateError {
  if (error instanceof CertificateError) return error;
  const { code } = error as NodeJS.ErrnoException;
  const reason = code === "ENOENT" ? "no such file" : code === "EACCES" ? "permission denied" : reasonOf(error);
  return new CertificateError(`${path}: ${reason}`);
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
