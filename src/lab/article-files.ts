/** What the articles take for granted on their machines: systemd's `systemctl`, the package's error pages, a proxy. */
import type { ArticleName } from "./article-labs.js";

export interface HostFile {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

/**
 * A host of the lab has no systemd. This answers the one question that the articles' check scripts ask, as
 * systemctl(1) does: `active` and 0, or `inactive` and 3. First in PATH, it also hides the machine's own systemctl.
 */
const SYSTEMCTL = `#!/bin/sh
if [ "$1" != is-active ]; then
  echo "systemctl: this lab host has no systemd; only is-active is answered" >&2
  exit 1
fi
if pidof "$2" > /dev/null; then echo active; else echo inactive; exit 3; fi
`;

const ERROR_PAGES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  408: "Request Time-out",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Time-out",
};

/** Two of the articles do not print the proxy's configuration: these proxies balance over the lab's two servers. */
const proxyFor = (network: string, first: number, second: number): string => `defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 30s

frontend web
    bind *:80
    default_backend servers

backend servers
    balance roundrobin
    default-server inter 500ms rise 2 fall 2
    server web1 ${network}.${first}:80 check
    server web2 ${network}.${second}:80 check
`;

/** The files that a node of this article has beside the printed ones. */
export function articleFiles(name: ArticleName): HostFile[] {
  const files: HostFile[] = [{ path: "/usr/local/sbin/systemctl", content: SYSTEMCTL, mode: 0o755 }];
  for (const [status, reason] of Object.entries(ERROR_PAGES)) files.push(errorPage(status, reason));
  if (name === "floating-ip") files.push(proxy(proxyFor("192.168.20", 21, 22)));
  if (name === "caddy-pair") files.push(proxy(proxyFor("192.168.0", 51, 52)));
  return files;
}

const proxy = (content: string): HostFile => ({ path: "/etc/haproxy/haproxy.cfg", content, mode: 0o644 });

function errorPage(status: string, reason: string): HostFile {
  const head = `HTTP/1.0 ${status} ${reason}\r\nCache-Control: no-cache\r\nConnection: close\r\nContent-Type: text/html\r\n`;
  const content = `${head}\r\n<html><body><h1>${status} ${reason}</h1></body></html>\n`;
  return { path: `/etc/haproxy/errors/${status}.http`, content, mode: 0o644 };
}
