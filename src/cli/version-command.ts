/** `bascule version` */
import { print } from "./console.js";
import { HAPROXY_VERSION, KEEPALIVED_VERSION, version } from "./version.js";

export async function run(): Promise<number> {
  print(version());
  print(`Reads haproxy.cfg of HAProxy ${HAPROXY_VERSION} and keepalived.conf of keepalived ${KEEPALIVED_VERSION}.`);
  return 0;
}
