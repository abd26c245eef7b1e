/**
 * The published articles' set-ups as labs: their node names, addresses and interface names, so that their configuration
 * files run verbatim. Where an article leaves a host out (servers, the client, a router), it is added at an
 * address of the same network.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { articleFiles } from "./article-files.js";
import type { Host, HostOptions } from "./host.js";
import type { HostProcess } from "./host-process.js";
import { Lab } from "./lab.js";
import { runWebServer } from "./programs.js";

export type ArticleName = "web-pair" | "caddy-pair" | "floating-ip" | "transparent" | "kubernetes-api";

interface Article {
  /** In the order of their preference to be master. */
  readonly loadBalancers: Readonly<Record<string, HostOptions>>;
  readonly servers: Readonly<Record<string, HostOptions>>;
  readonly serverPorts: readonly number[];
  /** Clients, routers. */
  readonly others: Readonly<Record<string, HostOptions>>;
  readonly virtualAddresses: readonly { readonly address: string; readonly interface: string }[];
  readonly url: string;
}

const on = (interfaceName: string, network: string, address: string, gateway?: string): HostOptions => ({
  interfaces: { [interfaceName]: { network, address, ...(gateway === undefined ? {} : { gateway }) } },
});

const apiHost = (last: number): HostOptions => ({
  interfaces: {
    ens32: { network: "inside", address: `192.168.1.${last}/24` },
    ens33: { network: "outside", address: `192.168.0.${last}/24` },
  },
});

const ARTICLES: Readonly<Record<ArticleName, Article>> = {
  "web-pair": {
    loadBalancers: { lb1: on("eth0", "lan", "192.168.0.62/25"), lb2: on("eth0", "lan", "192.168.0.63/25") },
    servers: { web1: on("eth0", "lan", "192.168.0.60/25"), web2: on("eth0", "lan", "192.168.0.61/25") },
    serverPorts: [80],
    others: { client: on("eth0", "lan", "192.168.0.100/25") },
    virtualAddresses: [{ address: "192.168.0.64", interface: "eth0" }],
    url: "http://192.168.0.64/",
  },
  "caddy-pair": {
    loadBalancers: { lb1: on("eth0", "lan", "192.168.0.41/24"), lb2: on("eth0", "lan", "192.168.0.42/24") },
    servers: { web1: on("eth0", "lan", "192.168.0.51/24"), web2: on("eth0", "lan", "192.168.0.52/24") },
    serverPorts: [80],
    others: { client: on("eth0", "lan", "192.168.0.100/24") },
    virtualAddresses: [{ address: "192.168.0.40", interface: "eth0" }],
    url: "http://192.168.0.40/",
  },
  "floating-ip": {
    loadBalancers: {
      "web-node-1": on("ens160", "lan", "192.168.20.10/24"),
      "web-node-2": on("ens160", "lan", "192.168.20.11/24"),
    },
    servers: { web1: on("eth0", "lan", "192.168.20.21/24"), web2: on("eth0", "lan", "192.168.20.22/24") },
    serverPorts: [80],
    others: { client: on("eth0", "lan", "192.168.20.100/24") },
    virtualAddresses: [{ address: "192.168.20.15", interface: "ens160" }],
    url: "http://192.168.20.15/",
  },
  // The servers answer the client's own address, through the virtual IP as their gateway. So the client must live in
  // another network, behind a router: on the same one, a server would answer it directly, past the proxy.
  transparent: {
    loadBalancers: {
      lb1: on("enp0s3", "lan", "192.168.69.111/24", "192.168.69.1"),
      lb2: on("enp0s3", "lan", "192.168.69.112/24", "192.168.69.1"),
    },
    servers: {
      s1: on("eth0", "lan", "192.168.69.106/24", "192.168.69.110"),
      s2: on("eth0", "lan", "192.168.69.107/24", "192.168.69.110"),
    },
    serverPorts: [80, 443],
    others: {
      router: {
        interfaces: {
          eth0: { network: "lan", address: "192.168.69.1/24" },
          eth1: { network: "wan", address: "203.0.113.1/24" },
        },
        sysctls: { "net.ipv4.ip_forward": 1 },
      },
      client: on("eth0", "wan", "203.0.113.10/24", "203.0.113.1"),
    },
    virtualAddresses: [{ address: "192.168.69.110", interface: "enp0s3" }],
    url: "http://192.168.69.110/",
  },
  "kubernetes-api": {
    loadBalancers: { lb1: apiHost(11), lb2: apiHost(12) },
    servers: {
      master1: on("eth0", "inside", "192.168.1.21/24"),
      master2: on("eth0", "inside", "192.168.1.22/24"),
      master3: on("eth0", "inside", "192.168.1.23/24"),
    },
    serverPorts: [6443],
    others: {
      client: {
        interfaces: {
          eth0: { network: "outside", address: "192.168.0.100/24" },
          eth1: { network: "inside", address: "192.168.1.100/24" },
        },
      },
    },
    virtualAddresses: [
      { address: "192.168.0.10", interface: "ens33" },
      { address: "192.168.1.10", interface: "ens32" },
    ],
    url: "http://192.168.0.10:6443/",
  },
};

export interface ArticleLab {
  readonly lab: Lab;
  /** The two nodes; the one that the article prefers as master first. */
  readonly loadBalancers: readonly [Host, Host];
  readonly servers: readonly Host[];
  readonly client: Host;
  readonly virtualAddresses: Article["virtualAddresses"];
  /** What a client would ask, on the first virtual address. */
  readonly url: string;
  /** Starts the lab's web server in each of `servers`, on the ports that the article's configuration names. */
  startServers(): Promise<HostProcess[]>;
  destroy(): Promise<void>;
}

/**
 * Builds the lab of one article and puts its files to /etc/haproxy/haproxy.cfg and /etc/keepalived/keepalived.conf of
 * both nodes. Nothing runs in it yet.
 * @param configs the folder of all articles' files: `<article>/<node>/<file>`, or `<article>/<file>` for both nodes.
 */
export async function createArticleLab(name: ArticleName, configs: string): Promise<ArticleLab> {
  const article = ARTICLES[name];
  const lab = await Lab.create({ name });
  try {
    const boot = (hosts: Readonly<Record<string, HostOptions>>) =>
      Promise.all(Object.entries(hosts).map(([hostName, options]) => lab.host(hostName, options)));
    const [first, second] = await boot(article.loadBalancers);
    const servers = await boot(article.servers);
    await boot(article.others);
    for (const host of [first!, second!]) furnish(host, join(configs, name), articleFiles(name));
    return {
      lab,
      loadBalancers: [first!, second!],
      servers,
      client: lab.get("client"),
      virtualAddresses: article.virtualAddresses,
      url: article.url,
      startServers: () => Promise.all(servers.map((server) => runWebServer(server, article.serverPorts))),
      destroy: () => lab.destroy(),
    };
  } catch (error) {
    await lab.destroy();
    throw error;
  }
}

function furnish(host: Host, folder: string, surroundings: ReturnType<typeof articleFiles>): void {
  for (const { path, content, mode } of surroundings) host.writeFile(path, content, mode);
  addAccount(host, "haproxy");
  let found = 0;
  for (const path of ["/etc/haproxy/haproxy.cfg", "/etc/keepalived/keepalived.conf"]) {
    const file = path.slice(path.lastIndexOf("/") + 1);
    const source = [join(folder, host.name, file), join(folder, file)].find((each) => existsSync(each));
    if (source === undefined) continue;
    host.writeFile(path, readFileSync(source));
    found += 1;
  }
  if (found === 0) throw new Error(`no configuration for ${host.name} in ${folder}`);
}

/** The distributions' packages make this account; the articles' files name it. */
function addAccount(host: Host, name: string): void {
  const lines = {
    "/etc/passwd": `${name}:x:987:987::/var/lib/${name}:/usr/sbin/nologin\n`,
    "/etc/group": `${name}:x:987:\n`,
  };
  for (const [path, line] of Object.entries(lines)) {
    const known = host.readFile(path);
    if (!new RegExp(`^${name}:`, "m").test(known)) host.writeFile(path, known + line);
  }
}
