/** A network, as routes and rules name it. */
import { isIP } from "node:net";
import { type Argument, anyAddress, Mistake } from "../arguments.js";
import { networkOf } from "../ipv4.js";
import type { AddressFamily, Prefix } from "../model.js";

/** `default`, `any` and `all` are of either family. */
export const prefix: Argument<Prefix & { readonly family: AddressFamily | undefined }> = {
  name: "PREFIX",
  parse(text) {
    if (["default", "any", "all"].includes(text)) return { family: undefined, address: "", prefixLength: 0 };
    const [host = "", length, extra] = text.split("/");
    const parsed = anyAddress.parse(isIP(host) === 0 ? text : host);
    if (parsed instanceof Mistake) return parsed;
    const longest = parsed.family === 4 ? 32 : 128;
    const prefixLength = length === undefined ? longest : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
    if (extra === undefined && prefixLength <= longest)
      return {
        ...parsed,
        address: parsed.family === 4 ? networkOf(parsed.address, prefixLength) : parsed.address,
        prefixLength,
      };
    return new Mistake("prefix-range", `prefix length ${length} is outside 0–${longest}`, {
      remedy: `write ${host}/${parsed.family === 4 ? 24 : 64}`,
    });
  },
};
