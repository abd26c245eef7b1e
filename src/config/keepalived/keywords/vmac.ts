/** `use_vmac` and `use_ipvlan`: interfaces made for one virtual router. */
import { isIP } from "node:net";
import { type Argument, anyAddress, integer, interfaceName, Mistake } from "../arguments.js";
import type { Reading } from "../declare.js";
import type { Ipvlan, VirtualMac } from "../model.js";
import type { Statement } from "../tree.js";
import { OptionLine } from "./option-line.js";

export const VMAC_FORM = "[[name] NAME] [MAC] [netlink_notify_msg] [group NUMBER]";
export const IPVLAN_FORM = "[NAME] [ADDRESS[/PREFIX]] [bridge|private|vepa]";

/** Five octets: the sixth is the virtual router's number. */
export type VmacDraft = Omit<VirtualMac, "transmitOnBase">;

export function readVmac(statement: Statement, reading: Reading): VmacDraft | undefined {
  const line = new OptionLine(statement.arguments, reading);
  const vmac: { -readonly [Field in keyof VmacDraft]: VmacDraft[Field] } = {
    name: undefined,
    mac: undefined,
    netlinkNotify: false,
    group: undefined,
  };
  for (let word = line.next(); word !== undefined; word = line.next()) {
    if (word.text === "netlink_notify_msg") {
      line.option(word);
      vmac.netlinkNotify = true;
    } else if (word.text === "group") {
      line.option(word);
      vmac.group = line.value(word, integer({ what: "group", min: 0, max: 2_147_483_647 }));
    } else if (word.text.includes(":")) {
      line.option(word, "MAC");
      vmac.mac = line.read(word, macAddress);
    } else if (word.text === "name" && line.peek() !== undefined) {
      line.option(word, "NAME");
      vmac.name = line.value(word, interfaceName);
    } else {
      line.option(word, "NAME");
      vmac.name = line.read(word, interfaceName);
    }
  }
  return line.failed ? undefined : vmac;
}

const macAddress: Argument<string> = {
  name: "MAC",
  parse(text) {
    const octets = text.replace(/:$/, "").split(":");
    const hint = { remedy: "write six octets such as 02:00:5e:00:01:33, or five: the sixth is the virtual_router_id" };
    if (octets.length < 5 || octets.length > 6 || !octets.every((octet) => /^[0-9a-fA-F]{1,2}$/.test(octet)))
      return new Mistake("bad-mac", `${text} is not a MAC address`, hint);
    const mac = octets.map((octet) => octet.toLowerCase().padStart(2, "0")).join(":");
    if ((Number.parseInt(octets[0]!, 16) & 1) === 1)
      return new Mistake("bad-mac", `${text} is a multicast address`, hint);
    if (/^00:00:5e:00:0[12]/.test(mac))
      return new Mistake("bad-mac", `${text} is one of the addresses that VRRP itself uses`, {
        cause: "RFC 9568 §7.3 gives it to the virtual router of its last octet",
        remedy: "leave it out to get that one, or choose another prefix",
      });
    return mac;
  },
};

export function readIpvlan(statement: Statement, reading: Reading): Ipvlan | undefined {
  const line = new OptionLine(statement.arguments, reading);
  const ipvlan: { -readonly [Field in keyof Ipvlan]: Ipvlan[Field] } = {
    name: undefined,
    address: undefined,
    mode: "bridge",
  };
  for (let word = line.next(); word !== undefined; word = line.next()) {
    if (word.text === "bridge" || word.text === "private" || word.text === "vepa") {
      line.option(word, "MODE");
      ipvlan.mode = word.text;
    } else if (isIP(word.text.replace(/\/.*$/, "")) !== 0) {
      line.option(word, "ADDRESS");
      const [host = "", length] = word.text.split("/");
      const address = line.read({ ...word, text: host }, anyAddress);
      if (address === undefined) continue;
      const longest = address.family === 4 ? 32 : 128;
      const prefixLength =
        length === undefined
          ? longest
          : line.read({ ...word, text: length }, integer({ what: "prefix", min: 0, max: longest }));
      ipvlan.address = { address: address.address, prefixLength: prefixLength ?? longest };
    } else {
      line.option(word, "NAME");
      ipvlan.name = line.read(word, interfaceName);
    }
  }
  return line.failed ? undefined : ipvlan;
}
