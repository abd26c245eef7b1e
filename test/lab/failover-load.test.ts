/** The fail-over engine with much to do: as many instances as an interface can have, and no processor to itself. */
import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Host } from "../../src/lab/host.js";
import type { HostProcess } from "../../src/lab/host-process.js";
import { Lab } from "../../src/lab/lab.js";
import { eventually, throughout } from "../support/eventually.js";
import { needsRoot } from "../support/root.js";

const ENTRY = fileURLToPath(new URL("../../src/cli/entry.js", import.meta.url));
const CONF = "/etc/keepalived/keepalived.conf";
/** Elections of seconds, and two processes that start on a busy machine. */
const ELECTED = { deadlineMs: 20_000 };

const instance = (id: number, priority: number, more: string): string => `
vrrp_instance VI_${id} {
    state BACKUP
    interface eth0
    virtual_router_id ${id}
    priority ${priority}
    ${more}
    virtual_ipaddress {
        198.18.0.${id}/32
    }
}`;

async function hosts(t: TestContext): Promise<[Host, Host, Host]> {
  const lab = await Lab.create({ name: "load" });
  t.after(() => lab.destroy());
  const make = (name: string, last: number): Promise<Host> =>
    lab.host(name, { interfaces: { eth0: { network: "lan", address: `192.0.2.${last}/24` } } });
  return Promise.all([make("a", 11), make("b", 12), make("c", 13)]);
}

function start(host: Host, text: string): HostProcess {
  host.writeFile(CONF, text);
  return host.start([process.execPath, ENTRY, "keepalived", "-n", "-l", "-f", CONF]);
}

const held = async (host: Host): Promise<number> =>
  (await host.addresses("eth0")).filter(({ address }) => address.startsWith("198.18.0.")).length;

describe("the fail-over engine under load", { skip: needsRoot }, () => {
  test("255 instances on one interface: one box holds all addresses, the other takes all over, a stop leaves none", async (t) => {
    const [a, b] = await hosts(t);
    const all = (priority: number): string =>
      Array.from({ length: 255 }, (_, index) => instance(index + 1, priority, "")).join("\n");
    const first = start(a, all(200));
    await eventually(() => held(a), 255, ELECTED);
    const second = start(b, all(150));
    await second.waitForLine(/\(VI_255\) Entering BACKUP STATE/, 10_000);
    // Were some not heard, the second would hold those by now: three intervals and its skew.
    await throughout(4_500, () => held(b), 0, 100);
    assert.equal((await first.stop()).code, 0);
    await eventually(() => held(b), 255, ELECTED);
    assert.equal(await held(a), 0);
    assert.equal((await second.stop()).code, 0);
    assert.equal(await held(b), 0);
  });

  test("with every processor busy a backup does not take over, at an interval of 50 ms", async (t) => {
    const [a, b, c] = await hosts(t);
    const fast = "version 3\n    advert_int 0.05";
    start(a, instance(1, 200, fast));
    await eventually(() => a.holds("198.18.0.1"), true, ELECTED);
    const second = start(b, instance(1, 100, fast));
    await second.waitForLine(/Entering BACKUP STATE/, 10_000);
    for (let index = 0; index < availableParallelism(); index++) c.start(["sh", "-c", "while :; do :; done"]);
    await throughout(10_000, () => [a.holds("198.18.0.1"), b.holds("198.18.0.1")], [true, false], 50);
    assert.doesNotMatch(second.output, /Entering MASTER STATE/);
  });
});
