/**
 * The lab's wiring cabinet: a box of its own with one Linux bridge a network. A cable is a veth pair whose one end is
 * a port of a bridge and whose other end is an interface of a host, under the name that the host wants.
 */
import { Box } from "./box.js";
import { mustRun } from "./command.js";

export class Switch {
  readonly #box: Box;
  readonly #bridges = new Map<string, Promise<string>>();
  #ports = 0;

  private constructor(box: Box) {
    this.#box = box;
  }

  static async open(lab: string): Promise<Switch> {
    const box = await Box.open(lab, "switch");
    const cabinet = new Switch(box);
    // A switch speaks no IP: without this each bridge and port would send router solicitations and MLD reports.
    const sysctls = ["all", "default"].map((scope) => `echo 1 > /proc/sys/net/ipv6/conf/${scope}/disable_ipv6`);
    await mustRun(box.enter(["sh", "-c", `[ ! -e /proc/sys/net/ipv6 ] || { ${sysctls.join("; ")}; }`]));
    return cabinet;
  }

  /** The bridge of a network, made at its first use: no spanning tree, so a plugged port forwards at once. */
  #bridge(network: string): Promise<string> {
    const known = this.#bridges.get(network) ?? this.#makeBridge(network, `br${this.#bridges.size}`);
    this.#bridges.set(network, known);
    return known;
  }

  async #makeBridge(network: string, bridge: string): Promise<string> {
    await this.#ip([
      // Snooping would hold back multicast to groups that a raw-socket listener never joined through IGMP.
      `link add ${bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
      `link set ${bridge} alias ${network} up`,
    ]);
    return bridge;
  }

  /**
   * Lays a cable from `network` to a new interface of the box whose init is `pid`.
   * @returns the port, for `cut` and `mend`.
   */
  async connect(network: string, pid: number, interfaceName: string, mac?: string): Promise<string> {
    const bridge = await this.#bridge(network);
    const port = `p${++this.#ports}`;
    const address = mac === undefined ? "" : ` address ${mac}`;
    // In two steps: the peer's name may be one that this namespace has already, as a second `eth0` in flight has.
    await this.#ip([
      `link add ${port} type veth peer name ${port}h${address}`,
      `link set ${port}h netns ${pid} name ${interfaceName}`,
      `link set ${port} master ${bridge} up`,
    ]);
    return port;
  }

  /**
   * Takes carrier from the ports: nothing passes either way from the moment the kernel did it. The port of a dead box
   * vanishes with that box's namespace, when the kernel gets to it.
   */
  cut(ports: readonly string[]): Promise<void> {
    return this.#ip(ports.map((port) => `link set ${port} down`));
  }

  mend(ports: readonly string[]): Promise<void> {
    return this.#ip(ports.map((port) => `link set ${port} up`));
  }

  /** Isolated ports reach the others, but not each other (the bridge's `isolated` flag; private VLANs of real switches). */
  isolate(ports: readonly string[], isolated: boolean): Promise<void> {
    return this.#ip(ports.map((port) => `link set ${port} type bridge_slave isolated ${isolated ? "on" : "off"}`));
  }

  close(): Promise<void> {
    return this.#box.kill();
  }

  async #ip(lines: readonly string[]): Promise<void> {
    // Only the network namespace: a `netns PID` argument is looked up in the machine's /proc.
    const argv = ["nsenter", "-t", `${this.#box.pid}`, "-n", "--", "ip", "-batch", "-"];
    if (lines.length > 0) await mustRun(argv, { input: `${lines.join("\n")}\n` });
  }
}
