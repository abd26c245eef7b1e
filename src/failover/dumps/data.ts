/** What keepalived writes on SIGUSR1: its sections and lines, as far as they say something of Bascule. */
import type { InterfaceAddress, Link } from "../../sys/netlink.js";
import { HostNetwork } from "../network.js";
import { requiredInterfaces } from "../tracking.js";
import { globalLines } from "./data-global.js";
import { instanceLines } from "./data-instance.js";
import { addressText, interfaceLines, routeText, ruleText, spacingLines } from "./data-network.js";
import { fileLines, groupLines, processLines, scriptLines } from "./data-tracking.js";
import type { Snapshot } from "./snapshot.js";

/** The kernel's interfaces and addresses at the moment of the dump. */
export interface Host {
  readonly links: readonly Link[];
  readonly addresses: readonly InterfaceAddress[];
}

/** @returns the text of `keepalived.data` */
export function dataText(snapshot: Snapshot, { links, addresses }: Host): string {
  const { configuration } = snapshot;
  const { statics, instances, global } = configuration;
  const network = new HostNetwork();
  network.load(links, addresses);
  const virtual = new Set(
    instances.flatMap((own) => [...own.addresses, ...own.excludedAddresses].map((each) => each.address)),
  );
  const others = addresses.filter((each) => !virtual.has(each.address));
  return sectionsText([
    ["Global definitions", globalLines(configuration, "vrrp")],
    ["Gratuitous ARP delays", spacingLines(configuration.announcementSpacing)],
    [
      "Static Addresses",
      statics.addresses.map(
        (each) => `     ${addressText(each, each.device ?? global.inherited.defaultInterface, true)}`,
      ),
    ],
    ["Static Routes", statics.routes.map((route) => `     ${routeText(route)}`)],
    ["Static Rules", statics.rules.map((rule) => `     ${ruleText(rule)}`)],
    ["VRRP Topology", instances.flatMap((own, index) => instanceLines(own, index, snapshot, network))],
    ["VRRP Sync groups", configuration.syncGroups.flatMap((group) => groupLines(group, snapshot))],
    ["VRRP Scripts", configuration.scripts.flatMap((script) => scriptLines(script, snapshot))],
    ["VRRP Track files", configuration.trackFiles.flatMap((file) => fileLines(file, snapshot))],
    ["VRRP Track processes", configuration.trackProcesses.flatMap((process) => processLines(process, snapshot))],
    [
      "Interfaces",
      links.flatMap((link) => {
        const tracking = instances.filter((own) => requiredInterfaces(own).has(link.name));
        return interfaceLines(
          link,
          others,
          tracking.map(({ name }) => `${name}, weight 0`),
        );
      }),
    ],
  ]);
}

/** @returns the text of `keepalived_parent.data`: the global definitions alone, as keepalived's parent writes them */
export const parentDataText = ({ configuration }: Snapshot): string =>
  sectionsText([["Global definitions", globalLines(configuration, "parent")]]);

/** What keepalived has nothing to say of, it leaves out. */
const sectionsText = (sections: readonly (readonly [title: string, lines: readonly string[]])[]): string =>
  sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `------< ${title} >------\n${lines.join("\n")}\n`)
    .join("");
