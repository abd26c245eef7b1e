/** Which of the three configuration languages a file is written in. */
import type { SourceFile } from "./diagnostics.js";

export type ConfigurationLanguage = "keepalived" | "haproxy" | "caddyfile";

/** How much of a file is looked at: its language shows in the first lines that are not comments. */
const mostLines = 10_000;
/** A line longer than this says nothing about the language. */
const longestLine = 200;

const keepalivedWord =
  /^(?:global_defs|vrrp_(?:script|instance|sync_group|track_file|track_process)|virtual_server(?:_group)?|bfd_instance|static_(?:ipaddress|routes|rules)|virtual_router_id|virtual_ipaddress|unicast_peer|track_script)\b/;
const haproxySection =
  /^(?:global|defaults|frontend|backend|listen|userlist|peers|resolvers|mailers|cache|program|ring|http-errors|crt-store)(?:\s[^{}]*)?$/;
/** What a file still shows whose section lines are misspelled. */
const haproxyWord =
  /^(?:default_backend\s|bind\s+\S*:\d|server\s+\S+\s+\S+:\d|mode\s+(?:tcp|http)$|timeout\s+(?:connect|client|server)\s)/;
const caddyDirective =
  /^(?:reverse_proxy|file_server|respond|handle|handle_path|encode|tls|import|root|php_fastcgi|redir|rewrite|header|log|basic_?auth)\b/;
/** Without braces, the first line of a Caddyfile is the address of its only site. */
const caddyAddress = /^(?:https?:\/\/\S+|:\d+|localhost(?::\d+)?|[\w*-]+(?:\.[\w-]+)+(?::\d+)?)$/;

/**
 * Judges by content, and by the file's name where the content leaves it open (or is empty). undefined: neither says.
 */
export function recogniseLanguage(file: SourceFile): ConfigurationLanguage | undefined {
  return byContent(file.text) ?? byName(file.path);
}

/** The first line that only one of the languages can have decides. */
function byContent(text: string): ConfigurationLanguage | undefined {
  let first = true;
  let caddySeen = false;
  for (const raw of text.split("\n", mostLines)) {
    // Patterns are anchored and the length is bounded, so that no text makes them slow.
    const line = raw
      .slice(0, longestLine)
      .replace(/^\ufeff/, "")
      .replace(/[#!].*$/, "")
      .trim();
    if (line === "") continue;
    if (!caddySeen && keepalivedWord.test(line)) return "keepalived";
    if (!caddySeen && (haproxySection.test(line) || haproxyWord.test(line))) return "haproxy";
    if (caddySeen && caddyDirective.test(line)) return "caddyfile";
    if (opensSite(line) || (first && caddyAddress.test(line))) caddySeen = true;
    first = false;
  }
  return caddySeen ? "caddyfile" : undefined;
}

/** `example.com {`, `:8080, localhost {`, `*.example.com {`, a snippet `(name) {`, or the global options `{`. */
function opensSite(line: string): boolean {
  if (!line.endsWith("{")) return false;
  const word = line.split(/[\s,{]/, 1)[0]!;
  return line === "{" || word === "localhost" || /[.:*]/.test(word) || /^\([\w-]+\)$/.test(word);
}

function byName(path: string): ConfigurationLanguage | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (name.includes("keepalived")) return "keepalived";
  if (name.includes("haproxy") || name.endsWith(".cfg")) return "haproxy";
  if (name.includes("caddyfile") || name.endsWith(".caddy")) return "caddyfile";
  return undefined;
}
