/** Network namespaces (setns(2), ip-netns(8)). */
import { closeSync, openSync } from "node:fs";
import { declare } from "./libc.js";

const CLONE_NEWNET = 0x40000000;
const nativeSetns = declare("setns", ["int", "int"]);

/**
 * Moves the calling thread, and with it every thread and process that it starts from now on, into a network namespace
 * that `ip netns add` has made. Sockets keep the namespace in which they were opened.
 * @returns 0 or a negated errno: -EPERM without CAP_SYS_ADMIN. @throws the error of open(2) if there is none such.
 */
export function enterNetworkNamespace(name: string): number {
  const fd = openSync(`/run/netns/${name}`, "r");
  try {
    return nativeSetns(fd, CLONE_NEWNET);
  } finally {
    closeSync(fd);
  }
}
