/** The language beside Debian's keepalived: what `keepalived -t` says of a file, the drop-in says too. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language under test writes its names so.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Diagnostics } from "../../src/config/diagnostics.js";
import { nothingPlanned } from "../../src/config/keepalived/planned.js";
import { preprocess } from "../../src/config/keepalived/preprocess.js";
import { noSources, readKeepalived } from "../../src/config/keepalived/read.js";
import { verdict } from "../../src/config/keepalived/verdict.js";
import type { Host } from "../../src/lab/host.js";
import { Lab } from "../../src/lab/lab.js";
import { needsRootAnd } from "../support/root.js";

const EXIT = { good: 0, mistaken: 5, insecure: 6, incomplete: 6, unusable: 2 } as const;
const CONF = "/etc/keepalived/keepalived.conf";

/** A good instance with `lines` inside. */
const vrrp = (lines = "", name = "VI_1", id = 51) =>
  `vrrp_instance ${name} {\n interface eth0\n virtual_router_id ${id}\n priority 100\n virtual_ipaddress {\n 192.0.2.${id}/24\n }\n ${lines}\n}\n`;
const script = "vrrp_script chk {\n script /bin/true\n}\n";
const secure = "global_defs {\n enable_script_security\n script_user root\n}\n";

/** Files, and the exit code of -t that both must have. */
const files: readonly (readonly [what: string, text: string, code: 0 | 2 | 5 | 6])[] = [
  ["a good one", vrrp(), 0],
  ["an unknown keyword", vrrp("prioritty 5"), 5],
  ["a keyword in the wrong block", `priority 5\n${vrrp()}`, 5],
  ["a value out of range", vrrp("priority 300"), 5],
  ["a keyword without its value", vrrp("priority"), 2],
  ["a block in the place of a value", vrrp("priority {\n }"), 2],
  ["more words than a keyword needs", vrrp("priority 100 200\n nopreempt 5"), 0],
  ["unicast_ttl without peers", vrrp("unicast_ttl 64"), 5],
  ["a state that is none", vrrp("state PRIMARY"), 5],
  ["a closing brace missing", vrrp().replace(/\}\n$/, ""), 5],
  ["two instances of one name", vrrp() + vrrp("", "VI_1", 52), 5],
  ["two virtual routers of one number", vrrp() + vrrp("", "VI_2"), 5],
  ["a script that nobody defined", vrrp("track_script {\n chk\n }"), 5],
  ["a script as root", script + vrrp("track_script {\n chk\n }"), 6],
  ["a script as root, and a mistake", script + vrrp("track_script {\n chk\n }\n prioritty 5"), 6],
  ["a notify script as root", vrrp("notify_master /bin/true"), 6],
  ["a script as root that is checked", secure + script + vrrp("track_script {\n chk\n }"), 0],
  ["advert_int in fractions with VRRPv2", vrrp("advert_int 1.5"), 5],
  ["advert_int in hundredths with VRRPv3", vrrp("version 3\n advert_int 0.15"), 0],
  ["advert_int finer than VRRPv3 has it", vrrp("version 3\n advert_int 0.015"), 5],
  ["authentication with VRRPv2", vrrp("authentication {\n auth_type PASS\n auth_pass secret\n }"), 0],
  ["authentication with VRRPv3", vrrp("version 3\n authentication {\n auth_type PASS\n auth_pass x\n }"), 5],
  ["a password that is too long", vrrp("authentication {\n auth_type PASS\n auth_pass 123456789\n }"), 5],
  ["auth_type in lower case", vrrp("authentication {\n auth_type pass\n auth_pass x\n }"), 5],
  ["nopreempt beside state MASTER", vrrp("state MASTER\n nopreempt"), 5],
  ["preempt_delay beside state MASTER", vrrp("state MASTER\n preempt_delay 5"), 5],
  ["preempt_delay beside nopreempt", vrrp("nopreempt\n preempt_delay 5"), 5],
  ["preempt_delay", vrrp("preempt_delay 5.5"), 0],
  ["an instance without an address", "vrrp_instance V {\n interface eth0\n virtual_router_id 5\n}\n", 5],
  ["an instance without a number", "vrrp_instance V {\n interface eth0\n virtual_ipaddress {\n 192.0.2.9\n }\n}\n", 5],
  ["its own interface tracked", vrrp("track_interface {\n eth0\n }"), 5],
  ["an address of the other family", vrrp("virtual_ipaddress {\n 2001:db8::1\n }"), 5],
  ["an excluded address of the other family", vrrp("virtual_ipaddress_excluded {\n 2001:db8::1/64\n }"), 0],
  [
    "every option of an address",
    vrrp(
      "virtual_ipaddress_excluded {\n 192.0.2.77/24 brd + scope link label eth0:1 dev eth0 noprefixroute no_track\n }",
    ),
    0,
  ],
  ["an option that is none", vrrp("virtual_ipaddress_excluded {\n 192.0.2.77/24 lable eth0:1\n }"), 5],
  [
    "an IPv6 instance",
    "vrrp_instance V6 {\n interface eth0\n virtual_router_id 6\n virtual_ipaddress {\n fe80::9/64\n 2001:db8::9\n }\n}\n",
    0,
  ],
  ["unicast", vrrp("unicast_src_ip 192.0.2.1\n unicast_peer {\n 192.0.2.2 min_ttl 254\n }"), 0],
  ["unicast without peers", vrrp("unicast_src_ip 192.0.2.1"), 5],
  ["a time to live that is none", vrrp("unicast_peer {\n 192.0.2.2 min_ttl 300\n }"), 5],
  [
    "routes and rules",
    vrrp(
      "virtual_routes {\n 10.0.0.0/8 via 192.0.2.2 dev eth0 metric 5\n blackhole 10.1.0.0/16 no_track\n }\n virtual_rules {\n from 10.0.0.0/8 table 5 preference 9\n }",
    ),
    0,
  ],
  ["a route without an interface", vrrp("virtual_routes {\n 10.0.0.0/8 via 192.0.2.2\n }"), 5],
  ["a rule without a preference", vrrp("virtual_rules {\n from 10.0.0.0/8 table 5\n }"), 5],
  ["a rule that does nothing", vrrp("virtual_rules {\n from 10.0.0.0/8 preference 5\n }"), 5],
  ["a sync group", `${vrrp()}${vrrp("", "VI_2", 52)}vrrp_sync_group G {\n group {\n VI_1\n VI_2\n }\n}\n`, 0],
  ["a sync group of one", `${vrrp()}vrrp_sync_group G {\n group {\n VI_1\n }\n}\n`, 5],
  ["a sync group of strangers", `${vrrp()}vrrp_sync_group G {\n group {\n VI_1\n VI_9\n }\n}\n`, 5],
  ["tracked files", `track_file f {\n file /run/f\n weight 2\n}\n${vrrp("track_file {\n f weight -3\n }")}`, 0],
  [
    "the distribution's sample settings",
    `global_defs {\n notification_email {\n a@b.c\n }\n notification_email_from x@y.z\n smtp_server 127.0.0.1\n smtp_connect_timeout 30\n router_id LVS_DEVEL\n vrrp_skip_check_adv_addr\n vrrp_garp_interval 0.01\n vrrp_gna_interval 0.01\n}\n${vrrp()}`,
    0,
  ],
  ["quotes and escapes", `global_defs {\n router_id "a b # c"\n}\n${vrrp("# comment ! more")}`, 0],
  ["braces on lines of their own", vrrp().replaceAll(" {", "\n{"), 0],
  [
    "definitions, conditions, repetitions",
    "$ID=51\n@none foo\n@^none $P=100\nvrrp_instance VI_1 {\n interface eth0\n virtual_router_id ${ID}\n priority $P\n virtual_ipaddress {\n ~SEQ(N,1,3) 192.0.2.1${N}/24\n }\n}\n",
    0,
  ],
  ["a file to include that is missing", `include /nonexistent\n${vrrp()}`, 0],
  ["a file that must not be missing", `includem /nonexistent\n${vrrp()}`, 6],
  ["a repetition that never ends", `~SEQ(A,1,0,3) x\n${vrrp()}`, 5],
];

/** Where we say something else, and why: theirs, then ours. */
const otherwise: readonly (readonly [why: string, text: string, theirs: number, ours: number])[] = [
  ["keepalived's own sample has it, and 0 is its default", `global_defs {\n vrrp_garp_interval 0\n}\n${vrrp()}`, 5, 0],
];

/** Texts of unknown keywords: keepalived lists what they expand to. */
const expansions: readonly string[] = [
  "~SEQ(A,1,3) foo${A}\n~SEQ(B,3) bar${B}\n~SEQ(C,5,1) y${C}\n~SEQx(D,8,4,16) h${D}\n",
  "~LST({A,B},{1,2},{3}) baz${A}x${B}\n~LST(C,p,q) ~SEQ(D,1,2) n${C}${D}\n",
  "$A=x${B}\n$B=1\n${A}\n$B=2\n${A}\nq$B $C\n",
  "$M= \\\n one${N} \\\n two\n$N=1\n$M\n$N=2\n$M\nend\n",
  "$R= \\\n r${N} \\\n s\n$V= \\\n v \\\n $N=1 \\\n $R \\\n $N=2 \\\n $R\n$V\n",
  "@main a\n@^main b\n@other c\n@^other d\n@!main e\n",
  "i${_INSTANCE}\n",
  "$Y=~SEQ(Q,1,2) foo${Q}\n$Y\n",
  "a#b\nc!d\n  e  # f\n\\#g\n",
];

describe("the language", { skip: needsRootAnd("keepalived") }, () => {
  let lab: Lab;
  let host: Host;
  before(async () => {
    lab = await Lab.create({ name: "language" });
    host = await lab.host("lb1", { interfaces: { eth0: { network: "lan", address: "192.0.2.1/24" } } });
  });
  after(() => lab.destroy());

  const keepalived = async (text: string) => {
    host.writeFile(CONF, text);
    return host.run(["keepalived", "-t", "-i", "main", "-f", CONF]);
  };

  test("a file is good, mistaken or insecure as keepalived -t has it", async () => {
    for (const [what, text, code] of files) {
      const theirs = await keepalived(text);
      assert.equal(theirs.code, code, `keepalived of ${what}:\n${theirs.stderr}`);
      const diagnostics = new Diagnostics();
      const sources = { ...noSources, configId: "main" };
      readKeepalived([{ path: CONF, text }], diagnostics, { planned: nothingPlanned, sources });
      const said = diagnostics.all.map(({ severity, message }) => `${severity} ${message}`).join("\n");
      assert.equal(EXIT[verdict(diagnostics)], code, `Bascule of ${what}:\n${said}`);
    }
  });

  test("where we differ, it is for a reason", async () => {
    for (const [why, text, theirs, ours] of otherwise) {
      assert.equal((await keepalived(text)).code, theirs, why);
      const diagnostics = new Diagnostics();
      readKeepalived([{ path: CONF, text }], diagnostics, { planned: nothingPlanned });
      assert.equal(EXIT[verdict(diagnostics)], ours, why);
    }
  });

  test("definitions, conditions and repetitions expand to what keepalived makes of them", async () => {
    for (const text of expansions) {
      const { stderr } = await keepalived(text);
      // The parent names no file; its children say the same again.
      const theirs = [...stderr.matchAll(/\(Line \d+\) Unknown keyword '(.*)'/g)].map((match) => match[1]);
      const lines = preprocess([{ path: CONF, text }], { ...noSources, configId: "main" }, new Diagnostics());
      const ours = lines.map((line) => line.text.split(" ", 1)[0]!.replace(/^\\#/, "#"));
      assert.deepEqual(ours, theirs, text);
    }
  });

  test("in keepalived's place, what it does not know is logged in its words, and the instance runs", async () => {
    host.writeFile(CONF, vrrp("prioritty 150"));
    const entry = fileURLToPath(new URL("../../src/cli/entry.js", import.meta.url));
    const program = host.start([process.execPath, entry, "keepalived", "-n", "-l", "-f", CONF]);
    await program.waitForLine(/\(VI_1\) Entering BACKUP STATE/, 15_000);
    assert.match(program.output, /\(\/etc\/keepalived\/keepalived\.conf: Line 8\) Unknown keyword 'prioritty'/);
    assert.equal((await program.stop()).code, 0);
  });
});
