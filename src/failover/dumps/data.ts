/** What keepalived writes on SIGUSR1: its sections and lines, as far as they say something of Bascule. */
import { hostname } from "node:os";
import type { Command, TrackedScript, VrrpInstance, VrrpScript } from "../../config/keepalived/model.js";
import { describeRoute, describeRule } from "../virtual-routing.js";
import { addressText, commandText } from "./json.js";
import type { Snapshot } from "./snapshot.js";

export function dataText(snapshot: Snapshot): string {
  const { configuration } = snapshot;
  const sections: [string, string[]][] = [
    ["Global definitions", globalLines(snapshot)],
    ["VRRP Topology", configuration.instances.flatMap((own, index) => instanceLines(own, index, snapshot))],
    ["VRRP Sync groups", groupLines(snapshot)],
    ["VRRP Scripts", configuration.scripts.flatMap((script) => scriptLines(script, snapshot))],
    [
      "VRRP Track files",
      configuration.trackFiles.flatMap(({ name, path }) => [` Track file = ${name}`, `   File = ${path}`]),
    ],
    [
      "VRRP Track processes",
      configuration.trackProcesses.flatMap(({ name, command, quorum }) => [
        ` Track process = ${name}`,
        `   Process = ${command}`,
        `   Quorum = ${quorum}`,
      ]),
    ],
  ];
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `------< ${title} >------\n${lines.join("\n")}\n`)
    .join("");
}

const seconds = (microseconds: number): number => microseconds / 1_000_000;
const able = (value: boolean): string => (value ? "enabled" : "disabled");

function globalLines({ configuration: { global } }: Snapshot): string[] {
  const { mail } = global;
  return [
    ` Network namespace = ${global.networkNamespace ?? "(default)"}`,
    ...(global.daemonInstance === undefined ? [] : [` Instance name = ${global.daemonInstance}`]),
    ` Router ID = ${global.routerId ?? hostname()}`,
    ...(mail.server === undefined
      ? []
      : [` Smtp server = ${mail.server.host}`, ` Smtp server port = ${mail.server.port}`]),
    ...(mail.from === undefined ? [] : [` Email notification from = ${mail.from}`]),
    ...mail.to.map((address) => ` Email notification = ${address}`),
    ` Dynamic interfaces = ${global.dynamicInterfaces !== "no"}`,
    ` FIFO write vrrp states on reload = ${global.fifoStatesOnReload}`,
    ...[global.notifyFifo, global.vrrpNotifyFifo].flatMap((fifo) =>
      fifo === undefined ? [] : [` Notify fifo = ${fifo.path}`],
    ),
    ` Script security ${able(global.enableScriptSecurity)}`,
  ];
}

/** `Sat Nov 21 10:56:11.759000 2026`, local time. */
function shownTime(at: number): string {
  const date = new Date(at);
  const [weekday, month, day, year] = date.toDateString().split(" ");
  const micros = String(at % 1000)
    .padStart(3, "0")
    .padEnd(6, "0");
  return `${weekday} ${month} ${day} ${date.toTimeString().slice(0, 8)}.${micros} ${year}`;
}

function instanceLines(own: VrrpInstance, index: number, snapshot: Snapshot): string[] {
  const { state, priority, lastHeard } = snapshot.status[index]!;
  const { transport, garp, authentication } = own;
  const at = snapshot.transitions.get(own.name) ?? 0;
  const isMaster = state === "MASTER";
  return [
    ` VRRP Instance = ${own.name}`,
    `   VRRP Version = ${own.version}`,
    `   State = ${state}`,
    `   Wantstate = ${state}`,
    `   Last transition = ${(at / 1000).toFixed(6)} (${shownTime(at)})`,
    ...(lastHeard === undefined ? [] : [`   Master router = ${lastHeard}`]),
    `   Interface = ${own.interface ?? "(none)"}`,
    ...(own.sourceAddress === undefined ? [] : [`   Using src_ip = ${own.sourceAddress}`]),
    ...(transport.kind === "multicast"
      ? [`   Multicast address ${transport.group}`]
      : [`   Unicast TTL = ${transport.ttl}`, ...transport.peers.map(({ address }) => `   Unicast Peer = ${address}`)]),
    `   Gratuitous ARP delay = ${seconds(garp.masterDelay)}`,
    `   Gratuitous ARP repeat = ${garp.masterRepeat}`,
    `   Gratuitous ARP refresh = ${seconds(garp.masterRefresh)}`,
    `   Gratuitous ARP refresh repeat = ${garp.masterRefreshRepeat}`,
    `   Gratuitous ARP lower priority delay = ${seconds(garp.lowerPriorityDelay)}`,
    `   Gratuitous ARP lower priority repeat = ${garp.lowerPriorityRepeat}`,
    `   Down timer adverts = ${own.downTimerAdverts}`,
    `   Send advert after receive lower priority advert = ${!own.lowerPriorityNoAdvert}`,
    `   Send advert after receive higher priority advert = ${own.higherPrioritySendAdvert}`,
    `   Virtual Router ID = ${own.virtualRouterId}`,
    `   Priority = ${own.priority}`,
    `   Effective priority = ${priority}`,
    `   Total priority = ${priority}`,
    `   Advert interval = ${interval(own)}`,
    `   Accept = ${able(own.accept)}`,
    `   Preempt = ${able(own.preempt)}`,
    ...(own.preemptDelay > 0 ? [`   Preempt delay = ${seconds(own.preemptDelay)} secs`] : []),
    `   Promote_secondaries = ${able(own.promoteSecondaries)}`,
    ...(authentication === undefined
      ? own.version === 2
        ? ["   Authentication type = none"]
        : []
      : [
          `   Authentication type = ${authentication.type === "PASS" ? "SIMPLE_PASSWORD" : "IPSEC_AH"}`,
          `   Password = ${authentication.password}`,
        ]),
    ...listed(
      "Virtual IP",
      own.addresses.map((address) => addressText(address, own, isMaster)),
    ),
    ...listed(
      "Virtual IP Excluded",
      own.excludedAddresses.map((address) => addressText(address, own, isMaster)),
    ),
    ...listed("Virtual Routes", own.routes.map(describeRoute)),
    ...listed("Virtual Rules", own.rules.map(describeRule)),
    ...titled("Tracked scripts", own.track.scripts.map(weighted)),
    ...titled(
      "Tracked interfaces",
      own.track.interfaces.map((each) => `${each.interface} weight ${each.weight}`),
    ),
    ...titled(
      "Tracked files",
      own.track.files.map(({ file, weight }) => `${file} weight ${weight}`),
    ),
    ...titled(
      "Tracked processes",
      own.track.processes.map(({ process, weight }) => `${process} weight ${weight}`),
    ),
    ...notifyLines(own.notify),
    `   Using smtp notification = ${own.smtpAlert ? "yes" : "no"}`,
    `   Notify deleted = ${own.notify.deleted === undefined ? "Fault" : "Deleted"}`,
    `   Notify priority changes = ${own.notifyPriorityChanges}`,
  ];
}

const interval = ({ version, advertInterval }: VrrpInstance): string =>
  version === 2 ? `${seconds(advertInterval)} sec` : `${advertInterval / 1000} milli-sec`;

function notifyLines(notify: VrrpInstance["notify"]): string[] {
  const named: [string, Command | undefined][] = [
    ["Backup state", notify.backup],
    ["Master state", notify.master],
    ["Fault state", notify.fault],
    ["Stop state", notify.stop],
    ["Generic state transition", notify.any],
    ["Master rx lower pri", notify.masterReceivedLowerPriority],
  ];
  return named.flatMap(([what, command]) =>
    command === undefined ? [] : [`   ${what} script = ${commandText(command.argv)}`],
  );
}

function groupLines({ configuration, groups }: Snapshot): string[] {
  return configuration.syncGroups.flatMap(({ name, members }) => [
    ` VRRP Sync Group = ${name}, ${groups.get(name) ?? "BACKUP"}`,
    `   VRRP member instances = ${members.length}`,
    ...members.map((member) => `     ${member}`),
  ]);
}

const STATUS = { up: "GOOD", down: "BAD", pending: "INIT", added: "INIT" } as const;

function scriptLines(script: VrrpScript, { configuration, scripts }: Snapshot): string[] {
  const state = scripts.get(script.name);
  const tracking = configuration.instances.filter((own) =>
    own.track.scripts.some((each) => each.script === script.name),
  );
  return [
    ` VRRP Script = ${script.name}`,
    `   Command = ${commandText(script.argv)}`,
    `   Interval = ${seconds(script.interval)} sec`,
    `   Timeout = ${seconds(script.timeout)} sec`,
    `   Weight = ${script.weight}${script.reverse ? " reverse" : ""}`,
    `   Rise = ${script.rise}`,
    `   Fall = ${script.fall}`,
    `   Status = ${state === undefined ? "DISABLED" : STATUS[state]}`,
    ...titled(
      "Tracking instances",
      tracking.map(
        (own) => `${own.name}, weight ${own.track.scripts.find((each) => each.script === script.name)!.weight}`,
      ),
    ),
  ];
}

const weighted = ({ script, weight, reverse }: TrackedScript): string =>
  `${script} weight ${weight}${reverse ? " reverse" : ""}`;

const listed = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`   ${title} (${lines.length}):`, ...lines.map((line) => `     ${line}`)];

const titled = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`   ${title} :`, ...lines.map((line) => `     ${line}`)];
