/**
 * What the language reads into the model and the fail-over engine does not carry out yet. It is refused as "not
 * supported yet", and docs/supported.md lists it as planned; nothing else knows of it.
 *
 * Each line is the words that lead to it in a file: block, keyword, option or value. Whoever makes the engine carry
 * one out deletes its line, and is done; `npm run docs` brings docs/supported.md up to date.
 */
export const planned: ReadonlySet<string> = new Set([
  // The protocol
  "vrrp_instance vrf",
  // Addresses, routes and interfaces
  "vrrp_instance use_ipvlan",
  "track_group",
]);

export const nothingPlanned: ReadonlySet<string> = new Set();
