/** Which certificate a client gets for the name that it asks for (RFC 6066 §3, RFC 6125 §6.4.3). Pure. */

/** What a choice is made from; `T` is whatever the caller serves a certificate with. */
export interface Choosable<T> {
  /** Lower case; may begin with `*.`, and `*` is for all that no other is for. */
  readonly names: readonly string[];
  /** Not for these, though a wildcard among the names covers them. */
  readonly excluded?: readonly string[];
  /** `rsa`, `ec`, `ed25519` …: of one name, one certificate of each type is served, and the client takes its pick. */
  readonly keyType: string;
  readonly value: T;
}

/**
 * Certificates by name. The first of a name and type of key wins; a name itself goes before a wildcard that covers it.
 * Names of one and the same set of certificates share that set.
 */
export class CertificateChoice<T> {
  readonly #sets = new Map<string, readonly T[]>();
  readonly #excluded = new Map<string, Set<T>>();
  /** What clients get that name nobody here, or none at all: the first certificate, and its twins of other types. */
  readonly fallback: readonly T[];

  /** @param certificates at least one, in the order of the configuration */
  constructor(certificates: readonly Choosable<T>[]) {
    const byName = new Map<string, Map<string, T>>();
    for (const { names, keyType, value } of certificates)
      for (const name of names) {
        const types = byName.get(name) ?? new Map<string, T>();
        byName.set(name, types);
        if (!types.has(keyType)) types.set(keyType, value);
      }
    for (const { excluded = [], value } of certificates)
      for (const name of excluded) this.#excluded.set(name, (this.#excluded.get(name) ?? new Set()).add(value));
    for (const [name, types] of byName) this.#sets.set(name, [...types.values()]);
    const [first] = certificates;
    const shared = first?.names.map((name) => this.#sets.get(name)!).find((set) => set.includes(first.value));
    this.fallback = shared ?? (first === undefined ? [] : [first.value]);
  }

  /** @param name lower case, without a final dot; undefined when no certificate is for it */
  find(name: string): readonly T[] | undefined {
    const exact = this.#sets.get(name);
    if (exact !== undefined) return exact;
    const dot = name.indexOf(".");
    // A wildcard stands for one label, and not for an empty one.
    const wildcard = dot <= 0 ? undefined : this.#sets.get(`*${name.slice(dot)}`);
    const excluded = this.#excluded.get(name);
    const left = excluded === undefined ? wildcard : wildcard?.filter((value) => !excluded.has(value));
    return left === undefined || left.length === 0 ? this.#sets.get("*") : left;
  }

  /** Some name leads elsewhere than the fallback does. */
  get dependsOnName(): boolean {
    return [...this.#sets.values()].some(
      (set) => set.length !== this.fallback.length || set.some((value) => !this.fallback.includes(value)),
    );
  }
}
