/**
 * A lab: hosts on switched networks, all on this machine, made of namespaces. Needs Linux and root.
 *
 *     const lab = await Lab.create({ name: "pair" });
 *     const lb1 = await lab.host("lb1", { interfaces: { eth0: { network: "lan", address: "192.0.2.11/24" } } });
 *     …
 *     await lab.destroy();
 *
 * Several labs can be alive at once. Should the program die without `destroy`, the kernel takes its labs down (see
 * box.ts); so keep a lab on the thread that made it.
 */
import { sweepBoxes } from "./box.js";
import { Host, type HostOptions } from "./host.js";
import { Switch } from "./switch.js";

const LAB_PREFIX = "bascule-";

let created = 0;

export class Lab {
  readonly #hosts = new Map<string, Host>();
  readonly #boots: Promise<void>[] = [];
  readonly #switch: Switch;

  private constructor(
    /** Unique on this machine. */
    readonly name: string,
    wiring: Switch,
  ) {
    this.#switch = wiring;
  }

  static async create(options: { readonly name?: string } = {}): Promise<Lab> {
    const name = `${LAB_PREFIX}${options.name ?? "lab"}-${process.pid}-${++created}`;
    return new Lab(name, await Switch.open(name));
  }

  /** Adds a host and boots it; several may boot at a time. @throws when it cannot be booted as told, with what `ip` said. */
  async host(name: string, options: HostOptions): Promise<Host> {
    if (this.#hosts.has(name)) throw new Error(`lab ${this.name} has a host ${name} already`);
    const host = new Host(this.name, name, options, this.#switch);
    this.#hosts.set(name, host);
    const boot = host.boot();
    this.#boots.push(boot);
    await boot.catch((error: Error) => {
      this.#hosts.delete(name);
      throw new Error(`host ${name}: ${error.message}`, { cause: error });
    });
    return host;
  }

  /** The host of that name. @throws when there is none. */
  get(name: string): Host {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new Error(`lab ${this.name} has no host ${name}`);
    return host;
  }

  get hosts(): Host[] {
    return [...this.#hosts.values()];
  }

  /** The names of the hosts that hold an IPv4 address now, in the order they were added. */
  holders(address: string): string[] {
    return this.hosts.filter((host) => host.holds(address)).map((host) => host.name);
  }

  /** Cuts these hosts off from each other while all others still reach each of them: the making of a split brain. */
  split(...hosts: readonly Host[]): Promise<void> {
    return this.#switch.isolate(
      hosts.flatMap((host) => host.ports),
      true,
    );
  }

  /** Undoes `split`. */
  heal(...hosts: readonly Host[]): Promise<void> {
    return this.#switch.isolate(
      hosts.flatMap((host) => host.ports),
      false,
    );
  }

  /** Kills all hosts and the switch, and waits until they are gone. May be called twice. */
  async destroy(): Promise<void> {
    await Promise.allSettled(this.#boots);
    await Promise.all(this.hosts.map((host) => host.discard()));
    await this.#switch.close();
  }

  /** Kills what crashed programs may have left of their labs. @returns what was found, as `<lab>/<host>`. */
  static sweep(): string[] {
    return sweepBoxes(LAB_PREFIX);
  }
}
