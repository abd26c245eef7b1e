/** A host of the lab: a box with interfaces on the lab's networks, that can be run on, unplugged, killed and booted. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { dirname } from "node:path";
import { ipv6Bytes } from "../sys/address.js";
import { Box } from "./box.js";
import { wallClock } from "./clock.js";
import { type CommandOptions, type CommandResult, mustRun, runCommand } from "./command.js";
import { HostProcess } from "./host-process.js";
import type { Switch } from "./switch.js";

export interface InterfaceOptions {
  readonly network: string;
  /** With prefix length, as `192.168.0.62/25`; IPv4 or IPv6. */
  readonly address?: string | readonly string[];
  /** Where the default route goes, through this interface. */
  readonly gateway?: string;
  readonly mac?: string;
}

export interface HostOptions {
  /** By name, as the host is to see them: `eth0`, `ens160`, `enp0s3`. */
  readonly interfaces: Readonly<Record<string, InterfaceOptions>>;
  readonly routes?: readonly { readonly to: string; readonly via: string }[];
  /** Sysctls by dotted name, such as `net.ipv4.ip_forward`; set before the interfaces appear. */
  readonly sysctls?: Readonly<Record<string, string | number>>;
}

export interface InterfaceAddress {
  readonly interface: string;
  readonly address: string;
  readonly prefixLength: number;
  readonly scope: string;
  readonly label?: string;
  readonly broadcast?: string;
}

interface StoredFile {
  readonly content: string | Uint8Array;
  readonly mode: number;
}

/**
 * The reverse-path filter as Debian ships it (loose), whatever the machine has: a namespace inherits the machine's. And
 * without duplicate address detection, which makes IPv6 addresses unusable for a second or two after boot.
 */
const SYSCTLS = {
  "net.ipv4.conf.all.rp_filter": 0,
  "net.ipv4.conf.default.rp_filter": 2,
  "net.ipv6.conf.all.accept_dad": 0,
  "net.ipv6.conf.default.accept_dad": 0,
  "net.ipv4.ip_nonlocal_bind": 0,
};

/** What a host's programs are given, whatever the environment of the test run is. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${dirname(process.execPath)}`,
  HOME: "/root",
  LANG: "C.UTF-8",
};

export class Host {
  readonly #files = new Map<string, StoredFile>();
  readonly #ports = new Map<string, string>();
  #box: Box | undefined;

  constructor(
    readonly lab: string,
    readonly name: string,
    readonly options: HostOptions,
    readonly wiring: Switch,
  ) {}

  /** Switches the host on: its interfaces come up and the files that `writeFile` made are there; no program runs. */
  async boot(): Promise<void> {
    if (this.isAlive) throw new Error(`${this.name} is running already`);
    const box = await Box.open(this.lab, this.name);
    try {
      this.#box = box;
      for (const [path, file] of this.#files) this.#store(path, file);
      await this.#applySysctls(box);
      for (const [name, { network, mac }] of Object.entries(this.options.interfaces))
        this.#ports.set(name, await this.wiring.connect(network, box.pid, name, mac));
      await mustRun(box.enter(["ip", "-batch", "-"]), { input: `${this.#addressing().join("\n")}\n` });
    } catch (error) {
      await box.kill();
      throw error;
    }
  }

  get isAlive(): boolean {
    return this.#box?.isAlive === true;
  }

  /** The init's process id on the machine, for tools that take one (`nsenter -t`). @throws when the host is off. */
  get pid(): number {
    return this.#running().pid;
  }

  /** Runs a command to its end. @throws when it outlives `timeoutMs` (10 s by default). */
  run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return runCommand(this.#running().enter(argv, options.cwd), this.#inside(options));
  }

  /** Runs a command that must succeed. @returns its standard output. @throws with its standard error otherwise. */
  mustRun(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
    return mustRun(this.#running().enter(argv, options.cwd), this.#inside(options));
  }

  /** Starts a program and leaves it running; `waitForLine` on it tells when it is ready. */
  start(argv: readonly string[], options: Pick<CommandOptions, "env" | "cwd"> = {}): HostProcess {
    const environment = { ...ENVIRONMENT, ...options.env };
    return new HostProcess(`${this.name}: ${argv.join(" ")}`, this.#running().enter(argv, options.cwd), environment);
  }

  /** Writes a file that only this host sees: under /etc, /var, /run or /usr/local. It is there again after `boot`. */
  writeFile(path: string, content: string | Uint8Array, mode = 0o644): void {
    if (!/^\/(etc|var|run|usr\/local)\//.test(path)) throw new Error(`${path} is not private to ${this.name}`);
    const file = { content, mode };
    this.#files.set(path, file);
    if (this.isAlive) this.#store(path, file);
  }

  readFile(path: string): string {
    return readFileSync(this.#running().path(path), "utf8");
  }

  /** The addresses on `interfaceName`, or on all interfaces but `lo`, as `ip addr` tells them. */
  async addresses(interfaceName?: string): Promise<InterfaceAddress[]> {
    const device = interfaceName === undefined ? [] : ["dev", interfaceName];
    const links = JSON.parse(await this.mustRun(["ip", "-json", "addr", "show", ...device])) as {
      ifname: string;
      addr_info: { local: string; prefixlen: number; scope: string; label?: string; broadcast?: string }[];
    }[];
    return links
      .filter((link) => interfaceName !== undefined || link.ifname !== "lo")
      .flatMap((link) =>
        link.addr_info.map(({ local, prefixlen, scope, label, broadcast }) => ({
          interface: link.ifname,
          address: local,
          prefixLength: prefixlen,
          scope,
          ...(label === undefined ? {} : { label }),
          ...(broadcast === undefined ? {} : { broadcast }),
        })),
      );
  }

  /** Whether the kernel takes packets to this IPv4 address as its own. Cheap enough to ask every millisecond. */
  holds(address: string): boolean {
    if (!this.isAlive) return false;
    try {
      // Without a process of its own, so that fail-over can be timed: an `ip addr` takes 10 ms on a busy machine.
      if (isIP(address) === 6) {
        const octets = Buffer.from(ipv6Bytes(address)).toString("hex");
        return readFileSync(`/proc/${this.pid}/net/if_inet6`, "latin1").includes(octets);
      }
      const table = readFileSync(`/proc/${this.pid}/net/fib_trie`, "latin1");
      const leaf = new RegExp(`\\|-- ${address.replaceAll(".", "\\.")}\\n\\s+/32 host LOCAL`);
      return leaf.test(table);
    } catch {
      return false; // It died while we looked.
    }
  }

  /** Pulls the cable: the host's interface loses carrier. */
  unplug(interfaceName: string): Promise<void> {
    return this.wiring.cut([this.#port(interfaceName)]);
  }

  plug(interfaceName: string): Promise<void> {
    return this.wiring.mend([this.#port(interfaceName)]);
  }

  /** The switch ports of its interfaces. Lost at `kill`. */
  get ports(): string[] {
    return [...this.#ports.values()];
  }

  /**
   * Kills the box as a power cut does: no packet leaves it any more, then all its processes die at once.
   * @returns the wall-clock time (ms) of the cut.
   */
  async kill(): Promise<number> {
    const box = this.#running();
    const ports = this.ports;
    // First off the network: the kernel answers ARP for a dead box until its namespace is taken down, which may be late.
    await this.wiring.cut(ports);
    const at = wallClock();
    await box.kill();
    this.#ports.clear();
    this.#box = undefined;
    return at;
  }

  /** Ends the host when nobody watches its network any more. */
  async discard(): Promise<void> {
    await this.#box?.kill();
    this.#box = undefined;
  }

  #running(): Box {
    if (this.#box === undefined) throw new Error(`${this.name} is not running`);
    return this.#box;
  }

  #inside({ cwd: _, ...options }: CommandOptions): CommandOptions {
    return { ...options, env: { ...ENVIRONMENT, ...options.env } };
  }

  #port(interfaceName: string): string {
    const port = this.#ports.get(interfaceName);
    if (port === undefined) throw new Error(`${this.name} has no interface ${interfaceName}`);
    return port;
  }

  #store(path: string, { content, mode }: StoredFile): void {
    const box = this.#running();
    makeFolders(box, dirname(path));
    writeFileSync(box.path(path), content, { mode });
  }

  /** /proc/sys/net shows the network namespace of whoever looks, so this is written from inside. */
  async #applySysctls(box: Box): Promise<void> {
    const path = (name: string) => `/proc/sys/${name.replaceAll(".", "/")}`;
    const lines = [
      ...Object.entries(SYSCTLS).map(([name, value]) => `[ ! -e ${path(name)} ] || echo ${value} > ${path(name)}`),
      ...Object.entries(this.options.sysctls ?? {}).map(([name, value]) => `echo ${value} > ${path(name)}`),
    ];
    await mustRun(box.enter(["sh", "-e"]), { input: lines.join("\n") });
  }

  /** The lines of an `ip -batch` that configure the interfaces. */
  #addressing(): string[] {
    const interfaces = Object.entries(this.options.interfaces);
    return [
      "link set lo up",
      ...interfaces.flatMap(([name, { address = [] }]) => [
        ...[address].flat().map((each) => `address add ${each} ${each.includes(":") ? "" : "broadcast + "}dev ${name}`),
        `link set ${name} up`,
      ]),
      ...interfaces.flatMap(([name, { gateway }]) =>
        gateway === undefined ? [] : [`route add default via ${gateway} dev ${name}`],
      ),
      ...(this.options.routes ?? []).map(({ to, via }) => `route add ${to} via ${via}`),
    ];
  }
}

/**
 * Folder by folder: mkdirSync's `recursive` never returns below /proc/PID when that process has ended, since the kernel
 * says ENOENT however often its parents are found to exist.
 */
function makeFolders(box: Box, path: string): void {
  let folder = "";
  for (const name of path.split("/").filter((each) => each !== "")) {
    folder += `/${name}`;
    try {
      mkdirSync(box.path(folder));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
