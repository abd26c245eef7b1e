/** What is asked of the link after a take-over, and what follows from the answers; the clock is the test's own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromSeconds, type Microseconds, microseconds } from "../../src/config/units.js";
import { virtualAddressesOf } from "../../src/failover/addresses.js";
import { NeighbourWatch } from "../../src/failover/neighbour-watch.js";
import { after } from "../../src/failover/timers.js";
import { formatIp, type IpAddress } from "../../src/failover/wire/ip-address.js";
import { ipv4, vrrpInstance } from "./support.js";

const VIP = "192.0.2.100";
const GATEWAY = "192.0.2.1";
const OWN = "192.0.2.11";
const OTHER_MAC = "02:00:00:00:00:12";

class Scene {
  now = microseconds(0);
  asked: string[] = [];
  readonly prepared: string[] = [];
  readonly said: string[] = [];
  gateway: string | undefined = GATEWAY;
  readonly watch = new NeighbourWatch({
    isOwnMac: (mac) => mac === "02:00:00:00:00:11",
    gatewayOf: () => (this.gateway === undefined ? undefined : { gateway: ipv4(this.gateway), own: ipv4(OWN) }),
    prepare: ({ address }) => this.prepared.push(address),
    ask: (_, source, target) => this.asked.push(`${source === undefined ? "-" : formatIp(source)} ${formatIp(target)}`),
  });
  readonly owner = {
    contested: ({ address }: { address: string }, mac: string, isFresh: boolean): void => {
      this.said.push(`${mac} answers for ${address}${isFresh ? " still" : ""}`);
    },
    unknownTo: (gateway: string, { address }: { address: string }): void => {
      this.said.push(`${gateway} does not know ${address}`);
    },
  };

  takeOver(addresses: readonly string[] = [VIP], interval: Microseconds = fromSeconds(60)): this {
    const own = vrrpInstance({ addresses: addresses.map((address) => ({ address })) });
    this.watch.watch(this.owner, virtualAddressesOf(own).addresses, interval, this.now);
    return this;
  }

  /** Lets time pass, timer by timer. */
  run(duration: Microseconds): this {
    const end = after(this.now, duration);
    for (let next = this.watch.deadline; next <= end; next = this.watch.deadline) {
      this.now = microseconds(Math.max(next, this.now));
      this.watch.timer(this.now);
    }
    this.now = end;
    return this;
  }

  hear(address: string, to: string, mac = "02:00:00:00:00:01"): this {
    const number = (text: string): IpAddress => ipv4(text);
    this.watch.hear({ address: number(address), mac, to: number(to) }, this.now);
    return this;
  }

  takeAsked(): string[] {
    const { asked } = this;
    this.asked = [];
    return asked;
  }
}

/** Nobody's question for the address; then the gateway is asked in our name, and in that of the address. */
const ROUND = [`- ${VIP}`, `${OWN} ${GATEWAY}`, `${VIP} ${GATEWAY}`];

test("a second after the take-over it asks; a gateway that answers both is asked again after a refresh", () => {
  const scene = new Scene().takeOver().run(microseconds(999_999));
  assert.deepEqual(scene.takeAsked(), []);
  scene.run(microseconds(1));
  assert.deepEqual(scene.takeAsked(), ROUND);
  scene.hear(GATEWAY, OWN).hear(GATEWAY, VIP).run(fromSeconds(60));
  assert.deepEqual(scene.takeAsked(), []);
  scene.run(fromSeconds(1));
  assert.deepEqual(scene.takeAsked(), ROUND);
  assert.deepEqual(scene.said, []);
  assert.deepEqual(scene.prepared, [VIP, VIP], "at the take-over, and for the next round");
});

test("a gateway that answers this host alone is asked three times, and then told of", () => {
  const scene = new Scene().takeOver().run(fromSeconds(1)).hear(GATEWAY, OWN).run(fromSeconds(2));
  assert.deepEqual(scene.takeAsked(), [...ROUND, ...ROUND, ...ROUND]);
  assert.deepEqual(scene.said, []);
  scene.run(fromSeconds(1));
  assert.deepEqual(scene.said, [`${GATEWAY} does not know ${VIP}`]);
});

test("an answer to a later question will do", () => {
  const scene = new Scene().takeOver().run(fromSeconds(1)).hear(GATEWAY, OWN).run(fromSeconds(1));
  scene.hear(GATEWAY, VIP).run(fromSeconds(10));
  assert.deepEqual(scene.said, []);
});

test("a gateway that answers nobody is dead, and no refusal", () => {
  const scene = new Scene().takeOver().run(fromSeconds(30));
  assert.deepEqual(scene.takeAsked(), ROUND);
  assert.deepEqual(scene.said, []);
});

test("without a gateway only rivals are asked for; without a refresh, once", () => {
  const scene = new Scene();
  scene.gateway = undefined;
  scene.takeOver([VIP], microseconds(0)).run(fromSeconds(600));
  assert.deepEqual(scene.takeAsked(), [`- ${VIP}`]);
});

test("whoever else claims the address is told of, at most once a second; in the first second it may not know yet", () => {
  const scene = new Scene().takeOver().hear(VIP, OWN, OTHER_MAC).hear(VIP, OWN, OTHER_MAC);
  assert.deepEqual(scene.said, [`${OTHER_MAC} answers for ${VIP} still`]);
  scene.run(microseconds(1_000_001)).hear(VIP, VIP, OTHER_MAC).hear(VIP, VIP, OTHER_MAC);
  assert.deepEqual(scene.said.slice(1), [`${OTHER_MAC} answers for ${VIP}`]);
});

test("what this host says by another of its interfaces is no rival's word", () => {
  assert.deepEqual(new Scene().takeOver().hear(VIP, OWN, "02:00:00:00:00:11").said, []);
});

test("whoever has let go asks nothing and hears nothing, though a question was open", () => {
  const scene = new Scene().takeOver().run(fromSeconds(1)).hear(GATEWAY, OWN);
  scene.watch.drop(scene.owner);
  scene.takeAsked();
  scene.run(fromSeconds(600)).hear(VIP, OWN, OTHER_MAC);
  assert.deepEqual([scene.asked, scene.said, scene.watch.deadline], [[], [], Number.POSITIVE_INFINITY]);
});

test("hundreds of addresses are asked about in turns, so that nothing else waits", () => {
  const scene = new Scene();
  const addresses = Array.from({ length: 40 }, (_, index) => `192.0.2.${100 + index}`);
  scene.takeOver(addresses).now = fromSeconds(1);
  const sizes = [1, 2, 3].map(() => {
    scene.watch.timer(scene.now);
    return scene.takeAsked().length;
  });
  assert.deepEqual(sizes, [48, 48, 24]);
});
