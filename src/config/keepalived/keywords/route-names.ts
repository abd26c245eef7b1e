/** Numbers that iproute2 gives names to: tables, protocols, scopes, realms, groups (/etc/iproute2). */
import { type Argument, Mistake } from "../arguments.js";
import type { Disk } from "../glob.js";
import { didYouMean } from "../report.js";

const scopes: Readonly<Record<string, number>> = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 };

export const routeScope: Argument<number> = {
  name: "SCOPE",
  parse(text) {
    const scope = Object.hasOwn(scopes, text) ? scopes[text] : undefined;
    if (scope !== undefined) return scope;
    if (/^\d+$/.test(text) && Number(text) <= 255) return Number(text);
    const names = Object.keys(scopes);
    return new Mistake(
      "unknown-value",
      `there is no scope ${text}`,
      didYouMean(text, names) ?? { remedy: `use ${names.join(", ")} or a number from 0 to 255` },
    );
  },
};

/** A number up to `most`, in decimal, 0x… or 0…, as strtoul(3) with base 0 reads it. */
export function anyBase(what: string, most: number): Argument<number> {
  return {
    name: "NUMBER",
    parse(text) {
      const match = /^(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9]\d*))$/.exec(text);
      const value =
        match === null
          ? Number.NaN
          : match[1] !== undefined
            ? Number.parseInt(match[1], 16)
            : match[2] !== undefined
              ? Number.parseInt(match[2], 8)
              : Number(text);
      if (value <= most) return value;
      return new Mistake(Number.isNaN(value) ? "not-a-number" : `${what}-range`, `${text} is no ${what}`, {
        remedy: `use a number from 0 to ${most}`,
      });
    },
  };
}

type Table = "rt_tables" | "rt_protos" | "rt_dsfield" | "rt_realms" | "group";

/** What the kernel's own headers name, whatever the files say. */
const builtIn: Readonly<Record<Table, Readonly<Record<string, number>>>> = {
  rt_tables: { local: 255, main: 254, default: 253, unspec: 0 },
  rt_protos: {
    unspec: 0,
    redirect: 1,
    kernel: 2,
    boot: 3,
    static: 4,
    ra: 9,
    dhcp: 16,
    keepalived: 18,
    bird: 12,
    zebra: 11,
  },
  rt_dsfield: {},
  rt_realms: {},
  group: { default: 0 },
};
const most: Readonly<Record<Table, number>> = {
  rt_tables: 2 ** 32 - 1,
  rt_protos: 255,
  rt_dsfield: 255,
  rt_realms: 65_535,
  group: 2 ** 31 - 1,
};
const folders = ["/etc/iproute2", "/usr/share/iproute2", "/usr/lib/iproute2"];

/** Names as this host has them. */
export class RouteNames {
  private readonly files = new Map<Table, ReadonlyMap<string, number>>();

  constructor(private readonly disk: Disk) {}

  argument(table: Table, what: string): Argument<number> {
    const number = anyBase(what, most[table]);
    return {
      name: what.toUpperCase(),
      parse: (text) => {
        if (/^\d/.test(text)) return number.parse(text);
        const names = this.names(table);
        const value = names.get(text);
        if (value !== undefined) return value;
        return new Mistake(
          "unknown-value",
          `there is no ${what} ${text}`,
          didYouMean(text, names.keys()) ?? { remedy: `add it to /etc/iproute2/${table}, or write its number` },
        );
      },
    };
  }

  private names(table: Table): ReadonlyMap<string, number> {
    const known = this.files.get(table);
    if (known !== undefined) return known;
    const names = new Map(Object.entries(builtIn[table]));
    for (const folder of folders.toReversed()) {
      const file = this.disk.read(`${folder}/${table}`);
      if (!("text" in file)) continue;
      for (const [, number, name] of file.text.matchAll(/^[ \t]*(0x[0-9a-fA-F]+|\d+)[ \t]+(\S+)/gm))
        names.set(name!, Number(number));
    }
    this.files.set(table, names);
    return names;
  }
}
