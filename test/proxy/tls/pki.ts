/** Certificates for tests, made by the `openssl` program in a folder of their own. */
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

export type KeyType = "rsa" | "ec";

export interface Issued {
  /** Certificate, chain and key in one file. */
  readonly pem: string;
  readonly certificate: string;
  readonly key: string;
}

/** A certification authority whose files go when the test file is through. */
export class Pki {
  readonly folder = mkdtempSync(join(tmpdir(), "bascule-pki-"));
  /** The authority's certificate: what peers trust. */
  readonly caFile: string;
  readonly #caKey: string;
  #serial = 1;

  /** @param atEnd when its files go, if not with a test file */
  constructor(name = "Test CA", atEnd: (remove: () => void) => void = after) {
    atEnd(() => rmSync(this.folder, { recursive: true, force: true }));
    this.caFile = join(this.folder, "ca.crt");
    this.#caKey = join(this.folder, "ca.key");
    const subject = ["-subj", `/CN=${name}`, "-addext", "keyUsage=critical,keyCertSign,cRLSign"];
    this.#openssl(["req", "-x509", ...newKey("ec", this.#caKey), "-out", this.caFile, "-days", "2", ...subject]);
  }

  get ca(): Buffer {
    return readFileSync(this.caFile);
  }

  /** @param names DNS names; the first is the common name too */
  issue(names: readonly string[], type: KeyType = "ec"): Issued {
    const base = join(this.folder, `${this.#serial}-${names[0]!.replace("*", "any")}-${type}`);
    const [key, request, certificate, pem] = [`${base}.key.pem`, `${base}.csr`, `${base}.crt`, `${base}.pem`];
    const extensions = `${base}.ext`;
    writeFileSync(extensions, `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}\n`);
    this.#openssl(["req", ...newKey(type, key), "-out", request, "-subj", `/CN=${names[0]}`]);
    const signer = ["-CA", this.caFile, "-CAkey", this.#caKey, "-set_serial", `${this.#serial++}`];
    this.#openssl([
      "x509",
      "-req",
      "-in",
      request,
      ...signer,
      "-out",
      certificate,
      "-days",
      "1",
      "-extfile",
      extensions,
    ]);
    this.write(pem, `${readFileSync(certificate, "utf8")}${readFileSync(key, "utf8")}`);
    return { pem, certificate, key };
  }

  /** A list that revokes `issued`. @returns its file */
  revoke(issued: Issued): string {
    const [database, configuration, list] = ["index.txt", "ca.cnf", "revoked.crl"].map((name) =>
      join(this.folder, name),
    );
    writeFileSync(database!, "");
    writeFileSync(
      configuration!,
      `[ca]\ndefault_ca=d\n[d]\ndatabase=${database}\ndefault_md=sha256\ndefault_crl_days=1\n`,
    );
    const authority = ["-config", configuration!, "-cert", this.caFile, "-keyfile", this.#caKey];
    this.#openssl(["ca", ...authority, "-revoke", issued.certificate]);
    this.#openssl(["ca", ...authority, "-gencrl", "-out", list!]);
    return list!;
  }

  /**
   * The authority's OCSP response about `issued`, in DER.
   * @param validity arguments of openssl ocsp; a day by default
   */
  ocspResponse(issued: Issued, status: "good" | "revoked" = "good", validity = ["-ndays", "1"]): Buffer {
    const [index, request, response] = ["ocsp.txt", "ocsp.req", "ocsp.der"].map((name) => join(this.folder, name));
    const { serialNumber, subject } = new X509Certificate(readFileSync(issued.certificate));
    const ends = "491231235959Z";
    const line = [
      status === "good" ? "V" : "R",
      ends,
      status === "good" ? "" : "200101000000Z",
      serialNumber,
      "unknown",
    ];
    writeFileSync(index!, `${[...line, `/${subject}`].join("\t")}\n`);
    this.#openssl(["ocsp", "-issuer", this.caFile, "-cert", issued.certificate, "-reqout", request!]);
    const signer = ["-CA", this.caFile, "-rsigner", this.caFile, "-rkey", this.#caKey];
    this.#openssl(["ocsp", "-index", index!, ...signer, "-reqin", request!, "-respout", response!, ...validity]);
    return readFileSync(response!);
  }

  /** Writes a file that only its owner can read. @returns its path */
  write(name: string, text: string): string {
    const path = name.startsWith("/") ? name : join(this.folder, name);
    writeFileSync(path, text);
    chmodSync(path, 0o600);
    return path;
  }

  #openssl(args: readonly string[]): void {
    execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  }
}

const newKey = (type: KeyType, path: string): string[] =>
  type === "rsa"
    ? ["-newkey", "rsa:2048", "-nodes", "-keyout", path]
    : ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path];
