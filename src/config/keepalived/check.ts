/** Mistakes that show only when the whole configuration is known: between blocks, and in what is not there. */
import type { Diagnostics, Span } from "../diagnostics.js";
import { familyOf, valueSpan } from "./instance-protocol.js";
import type { FileDraft } from "./keywords/top.js";
import type { InstanceDraft } from "./keywords/vrrp-instance.js";
import type { ScriptUser, VirtualAddress } from "./model.js";

/** The count of addresses is one byte of an advertisement (RFC 3768 §5.3.5). */
const mostAddresses = 255;

export function checkConfiguration(draft: FileDraft, diagnostics: Diagnostics): void {
  checkScripts(draft, diagnostics);
  checkVirtualRouterIds(draft, diagnostics);
  checkAddresses(draft.instances, diagnostics);
  for (const instance of draft.instances) {
    checkUnicast(instance, diagnostics);
    checkSourceTracking(instance, diagnostics);
    warnOfIpvsSync(instance, diagnostics);
  }
}

function checkScripts({ scripts, instances, groups, global }: FileDraft, diagnostics: Diagnostics): void {
  const tracked = new Set([...instances, ...groups].flatMap((one) => one.trackScripts.map(({ name }) => name.text)));
  for (const script of scripts) {
    if (!script.written.has("script"))
      diagnostics.report({
        severity: "error",
        code: "missing-script",
        span: script.span,
        message: `vrrp_script ${script.name} has no script`,
        cause: "there is nothing to run",
        remedy: 'add a line such as script "/usr/bin/killall -0 haproxy"',
      });
    if (!tracked.has(script.name))
      diagnostics.report({
        severity: "warning",
        code: "untracked-script",
        span: script.span,
        message: `no instance tracks ${script.name}, so it never runs`,
        remedy: `add track_script { ${script.name} } to an instance, on three lines`,
      });
  }
  warnOfRoot({ scripts, instances, groups, global }, tracked, diagnostics);
}

/** Scripts without a user run as root where there is no user keepalived_script, which only the host knows. */
function warnOfRoot(
  { scripts, instances, groups, global }: Pick<FileDraft, "scripts" | "instances" | "groups" | "global">,
  tracked: ReadonlySet<string>,
  diagnostics: Diagnostics,
): void {
  if (global.enableScriptSecurity) return;
  const asRoot = (user: ScriptUser | undefined): boolean =>
    ["root", undefined].includes((user ?? global.scriptUser)?.user);
  const script = scripts.find((one) => tracked.has(one.name) && asRoot(one.user));
  const notifying = [...instances, ...groups].find(({ notify }) =>
    Object.values(notify).some((command) => command !== undefined && "argv" in command && asRoot(command.user)),
  );
  const found = script ?? notifying;
  if (found === undefined) return;
  diagnostics.report({
    severity: "warning",
    code: "script-security",
    span: found.span,
    message: `${script === undefined ? "a notify script of " : ""}${found.name} may run as root, and enable_script_security is not set`,
    cause: "whoever may write to the script or to a folder above it becomes root",
    remedy: "add enable_script_security to global_defs, or name a script_user there",
  });
}

/** Advertisements are told apart by interface, family and number; unicast also by its peers, multicast by its group. */
function checkVirtualRouterIds({ instances, global }: FileDraft, diagnostics: Diagnostics): void {
  const usualGroup = { 4: global.multicastGroup4, 6: global.multicastGroup6 } as const;
  const taken = new Map<string, InstanceDraft[]>();
  for (const instance of instances) {
    const { interface: device, virtualRouterId: id } = instance;
    if (id === undefined) continue;
    const key = `${id} ${familyOf(instance)}`;
    const others = taken.get(key) ?? [];
    taken.set(key, [...others, instance]);
    const clashing = others.find((one) => !areApart(instance, one, usualGroup[familyOf(instance)]));
    const where = device === undefined ? "" : ` on ${device}`;
    if (clashing !== undefined)
      diagnostics.report({
        severity: "error",
        code: "duplicate-virtual-router-id",
        span: valueSpan(instance, "virtual_router_id"),
        message: `${clashing.name} has virtual_router_id ${id}${where} already`,
        cause: "advertisements of the two could not be told apart",
        remedy: "give each instance on one interface a number of its own",
      });
  }
}

/** keepalived has it so: unicast and multicast count by themselves, and so do unicast source addresses. */
function areApart(one: InstanceDraft, other: InstanceDraft, usualGroup: string): boolean {
  const onOneLink = one.interface === other.interface;
  if (one.peers.length > 0 !== other.peers.length > 0) return true;
  if (one.peers.length === 0)
    return !onOneLink || (one.multicastGroup?.address ?? usualGroup) !== (other.multicastGroup?.address ?? usualGroup);
  if (!onOneLink && one.interface !== undefined && other.interface !== undefined) return true;
  const [mine, theirs] = [one.sourceAddress?.address, other.sourceAddress?.address];
  if (mine !== undefined && theirs !== undefined && mine !== theirs) return true;
  const peers = new Set(other.peers.map((peer) => peer.address));
  return !one.peers.some((peer) => peers.has(peer.address));
}

function checkAddresses(instances: readonly InstanceDraft[], diagnostics: Diagnostics): void {
  const holders = new Map<string, { readonly instance: InstanceDraft; readonly span: Span }>();
  for (const instance of instances) {
    for (const address of [...instance.addresses, ...instance.excludedAddresses]) {
      const key = `${address.address} ${address.device ?? instance.interface}`;
      const holder = holders.get(key);
      if (holder === undefined) holders.set(key, { instance, span: address.span });
      else reportDuplicate(address, holder.instance, holder.span, diagnostics);
    }
    const excess = instance.addresses[mostAddresses];
    if (excess !== undefined)
      diagnostics.report({
        severity: "error",
        code: "too-many-addresses",
        span: excess.span,
        message: `${instance.name} has ${instance.addresses.length} virtual addresses, more than ${mostAddresses}`,
        cause: "an advertisement counts them in one byte (RFC 3768 §5.3.5)",
        remedy: "move the rest to virtual_ipaddress_excluded",
      });
    const written = ["virtual_ipaddress", "virtual_ipaddress_excluded"].map((name) => instance.written.get(name));
    if (!instance.allowNoAddress && written.every((statement) => (statement?.block ?? []).length === 0))
      diagnostics.report({
        severity: "warning",
        code: "no-virtual-address",
        span: instance.span,
        message: `${instance.name} has no virtual address`,
        cause: "a master is elected, and nothing moves with it",
        remedy: "add virtual_ipaddress { … }",
      });
  }
}

function reportDuplicate(address: VirtualAddress, holder: InstanceDraft, before: Span, diagnostics: Diagnostics): void {
  diagnostics.report({
    severity: "error",
    code: "duplicate-address",
    span: address.span,
    message: `${address.address} stands on line ${before.line} already, in ${holder.name}`,
    cause: "two entries would add and remove the same address",
    remedy: "keep one of the two",
  });
}

function checkUnicast(instance: InstanceDraft, diagnostics: Diagnostics): void {
  const seen = new Set<string>();
  for (const peer of instance.peers) {
    if (peer.address === instance.sourceAddress?.address)
      diagnostics.report({
        severity: "error",
        code: "peer-is-self",
        span: peer.word.span,
        message: `${peer.address} is this router's own source address`,
        cause: `unicast_src_ip says so on line ${sourceLine(instance)}`,
        remedy: "list the other routers only",
      });
    else if (seen.has(peer.address))
      diagnostics.report({
        severity: "error",
        code: "duplicate-peer",
        span: peer.word.span,
        message: `${peer.address} is a peer already`,
        cause: "it would get every advertisement twice",
        remedy: "take this line out",
      });
    seen.add(peer.address);
  }
  const ttl = instance.written.get("unicast_ttl");
  if (ttl !== undefined && instance.peers.length === 0)
    diagnostics.report({
      severity: "warning",
      code: "unicast-ttl",
      span: ttl.keyword.span,
      message: "unicast_ttl has no effect without unicast_peer",
      cause:
        "multicast has a time to live of 255, by which receivers know that no router was between (RFC 9568 §5.1.1.3)",
      remedy: "take it out, or list the peers",
    });
  warnOfMulticast(instance, diagnostics);
  warnOfTwoSources(instance, diagnostics);
}

/** Who writes of unicast and names no peer gets multicast, which many networks do not carry. */
function warnOfMulticast(instance: InstanceDraft, diagnostics: Diagnostics): void {
  const { written } = instance;
  const peers = written.get("unicast_peer");
  const source = written.get("unicast_src_ip");
  const statement = peers ?? source ?? written.get("check_unicast_src") ?? written.get("old_unicast_checksum");
  if (statement === undefined || instance.faultWithoutPeer || (peers?.block ?? []).length > 0) return;
  diagnostics.report({
    severity: "warning",
    code: "unicast-without-peers",
    span: statement.keyword.span,
    message: `${peers === undefined ? `${statement.keyword.text} without unicast_peer` : "no peer is listed"}: advertisements go out by multicast`,
    cause: "unicast needs the addresses of the other routers",
    remedy:
      peers !== undefined
        ? "list the other routers, one a line"
        : `add unicast_peer { … }, or ${source === undefined ? "take it out" : "write mcast_src_ip"}`,
  });
}

function warnOfTwoSources({ written, sourceAddress }: InstanceDraft, diagnostics: Diagnostics): void {
  const [unicast, multicast] = [written.get("unicast_src_ip"), written.get("mcast_src_ip")];
  if (unicast === undefined || multicast === undefined) return;
  const loser = unicast.keyword.span.line < multicast.keyword.span.line ? unicast : multicast;
  if (loser.arguments[0]?.text === sourceAddress?.address) return;
  diagnostics.report({
    severity: "warning",
    code: "repeated-keyword",
    span: loser.keyword.span,
    message: `${loser.keyword.text} is overruled: the source address is ${sourceAddress?.address}`,
    cause: "unicast_src_ip and mcast_src_ip set the same address, and the last one counts",
    remedy: "keep one of the two",
  });
}

function sourceLine({ written }: InstanceDraft): number | string {
  return (written.get("unicast_src_ip") ?? written.get("mcast_src_ip"))?.keyword.span.line ?? "?";
}

function checkSourceTracking(instance: InstanceDraft, diagnostics: Diagnostics): void {
  const tracking = instance.written.get("track_src_ip");
  if (tracking === undefined || instance.written.has("unicast_src_ip") || instance.written.has("mcast_src_ip")) return;
  diagnostics.report({
    severity: "warning",
    code: "track-src-ip-without-source",
    span: tracking.keyword.span,
    message: "track_src_ip has no address to watch",
    cause: "without unicast_src_ip or mcast_src_ip the interface's first address is the source, whichever it is",
    remedy: "add unicast_src_ip or mcast_src_ip, or take it out",
  });
}

function warnOfIpvsSync(instance: InstanceDraft, diagnostics: Diagnostics): void {
  const statement = instance.written.get("lvs_sync_daemon_interface");
  if (statement === undefined || instance.lvsSyncDaemonInterface === undefined) return;
  diagnostics.report({
    severity: "warning",
    code: "ipvs-sync",
    span: statement.keyword.span,
    message: "lvs_sync_daemon_interface synchronises IPVS connections only, not those of a proxy",
    cause: "it needs IPVS in the kernel: without it keepalived stops, and Bascule goes on",
    remedy: "take it out unless the kernel balances with IPVS; newer files write lvs_sync_daemon in global_defs",
  });
}
