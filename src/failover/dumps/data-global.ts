/** The section "Global definitions" of keepalived's data, in the words and the order of 2.2.7. */
import { hostname } from "node:os";
import type {
  Command,
  KeepalivedConfiguration,
  KeepalivedGlobal,
  NotifyFifo,
  ScriptUser,
} from "../../config/keepalived/model.js";
import { defaultSender } from "../notify/mail.js";
import { userOf } from "../script-command.js";
import { able, commandText, onOff, seconds } from "./words.js";

/**
 * Left out are lines of processes and libraries that are not here: checker, BFD, libnftnl, the real-time limit.
 * @param of the parent does not resolve the default interface: its dump is without that line.
 */
export function globalLines({ global, instances }: KeepalivedConfiguration, of: "parent" | "vrrp"): string[] {
  const { inherited, names } = global;
  const usesFirewall = of === "vrrp" && instances.some(({ accept }) => !accept);
  return [
    ` Network namespace = ${global.networkNamespace ?? "(default)"}`,
    " Network namespace ipvs = (main namespace)",
    ...(global.daemonInstance === undefined ? [] : [` Instance name = ${global.daemonInstance}`]),
    ...(names.parent === undefined ? [] : [` Parent process name = ${names.parent}`]),
    ...(names.vrrp === undefined ? [] : [` VRRP process name = ${names.vrrp}`]),
    ` Router ID = ${global.routerId ?? hostname()}`,
    ...mailLines(global),
    ` Default smtp_alert = ${onOff(inherited.alert)}`,
    ` Default smtp_alert_vrrp = ${onOff(inherited.alertVrrp)}`,
    " Default smtp_alert_checker = unset",
    " Checkers log all failures = false",
    ...reloadLines(global),
    ` Dynamic interfaces = ${global.dynamicInterfaces !== "no"}`,
    ...(global.dynamicInterfaces === "no"
      ? []
      : [` Allow interface changes = ${global.dynamicInterfaces === "allow-if-changes"}`]),
    ...(global.mail.omitFaults ? [" Send emails for fault transitions = off"] : []),
    ...(of === "vrrp" ? [` Default interface = ${inherited.defaultInterface}`] : []),
    " Disable local IGMP = no",
    " LVS flush = false",
    " LVS flush on stop = disabled",
    ...fifoLines("Global", global.notifyFifo, global),
    ...fifoLines("VRRP", global.vrrpNotifyFifo, global),
    ` FIFO write vrrp states on reload = ${global.fifoStatesOnReload}`,
    ...protocolLines(global, usesFirewall),
    ...processLines(global),
    ...ABSENT,
    ` Script security ${able(global.enableScriptSecurity)}`,
    ` Default script uid:gid ${ownerOf(undefined, global)}`,
    ...BUFFERS,
    ...receiveBufferLines(global),
    ` umask = 0${(global.umask ?? process.umask()).toString(8)}`,
    ...(global.startupDelay > 0 ? [` vrrp_startup_delay = ${seconds(global.startupDelay)}`] : []),
    ...(global.logUnknownVirtualRouterIds ? [" log_unknown_vrids"] : []),
    ...(global.vmacPrefix === "vrrp" ? [] : [` VMAC prefix = ${global.vmacPrefix}`]),
    ...(global.vmacAddressPrefix === "vrrp" ? [] : [` VMAC address prefix = ${global.vmacAddressPrefix}`]),
  ];
}

/** keepalived was built with them, and says that they are off; Bascule has none. */
const ABSENT = [
  " SNMP vrrp disabled",
  " SNMP checker disabled",
  " SNMP RFCv2 disabled",
  " SNMP RFCv3 disabled",
  " SNMP traps disabled",
  " SNMP socket = default (unix:/var/agentx/master)",
  " DBus disabled",
  " DBus service name = ",
];

const BUFFERS = [
  ...["vrrp_netlink_cmd", "vrrp_netlink_monitor", "process_monitor", "lvs_netlink_cmd", "lvs_netlink_monitor"].flatMap(
    (socket) => [` ${socket}_rcv_bufs = 0`, ` ${socket}_rcv_bufs_force = 0`],
  ),
  " rs_init_notifies = 0",
  " no_checker_emails = 0",
];

/** `0:0`, of whoever runs the scripts. */
export function ownerOf(user: ScriptUser | undefined, global: KeepalivedGlobal): string {
  const owner = userOf(user, global);
  return typeof owner === "string" ? `(${owner})` : `${owner.uid}:${owner.gid}`;
}

/** `'/usr/bin/notify' 'master', uid:gid 0:0` */
export const ownedCommand = ({ argv, user }: Command, global: KeepalivedGlobal): string =>
  `${commandText(argv)}, uid:gid ${ownerOf(user, global)}`;

function mailLines({ mail }: KeepalivedGlobal): string[] {
  const server = mail.server && [
    ` Smtp server = ${mail.server.host}`,
    ` Smtp server port = ${mail.server.port}`,
    ` Smtp HELO name = ${mail.heloName ?? hostname()}`,
    ` Smtp server connection timeout = ${seconds(mail.connectTimeout)}`,
  ];
  const addresses = mail.to.length > 0 && [
    ` Email notification from = ${mail.from ?? defaultSender()}`,
    " Email notification to:",
    ...mail.to.map((address) => `   ${address}`),
  ];
  return [...(server ?? []), ...(addresses || [])];
}

function reloadLines({ reload }: KeepalivedGlobal): string[] {
  const lines = reload.check === undefined ? [" No test config before reload"] : [];
  if (reload.timeFile !== undefined)
    lines.push(` Reload time file = ${reload.timeFile}${reload.repeat ? " (repeat)" : ""}`);
  return lines;
}

function fifoLines(what: string, fifo: NotifyFifo | undefined, global: KeepalivedGlobal): string[] {
  if (fifo === undefined) return [];
  const { path, user, script } = fifo;
  return [
    ` ${what} notify fifo = ${path}, uid:gid ${ownerOf(user, global)}`,
    ...(script === undefined ? [] : [` ${what} notify fifo script = ${ownedCommand(script, global)}`]),
  ];
}

function protocolLines(global: KeepalivedGlobal, usesFirewall: boolean): string[] {
  const { inherited, announcementSpacing, firewall } = global;
  const { garp } = inherited;
  return [
    ` VRRP notify priority changes = ${inherited.notifyPriorityChanges}`,
    ` VRRP IPv4 mcast group = ${inherited.multicastGroup4}`,
    ` VRRP IPv6 mcast group = ${inherited.multicastGroup6}`,
    ` Gratuitous ARP delay = ${seconds(garp.masterDelay)}`,
    ` Gratuitous ARP repeat = ${garp.masterRepeat}`,
    ` Gratuitous ARP refresh timer = ${seconds(garp.masterRefresh)}`,
    ` Gratuitous ARP refresh repeat = ${garp.masterRefreshRepeat}`,
    ` Gratuitous ARP lower priority delay = ${seconds(garp.lowerPriorityDelay)}`,
    ` Gratuitous ARP lower priority repeat = ${garp.lowerPriorityRepeat}`,
    ` Num adverts before down = ${inherited.downTimerAdverts}`,
    ` Gratuitous ARP for each secondary VMAC = ${seconds(garp.extraInterfaces.interval)}s`,
    ` Send advert after receive lower priority advert = ${!inherited.lowerPriorityNoAdvert}`,
    ` Send advert after receive higher priority advert = ${inherited.higherPrioritySendAdvert}`,
    ` Gratuitous ARP interval = ${seconds(announcementSpacing.garpInterval).toFixed(6)}`,
    ` Gratuitous NA interval = ${seconds(announcementSpacing.gnaInterval).toFixed(6)}`,
    ` VRRP default protocol version = ${inherited.version}`,
    ...(usesFirewall
      ? [
          ` nftables table name = ${firewall.table}`,
          ` nftables base chain priority = ${firewall.priority}`,
          " nftables don't force use ifindex for link local IPv6",
        ]
      : []),
    ` nftables with${firewall.counters ? "" : "out"} counters`,
    ` VRRP check unicast_src = ${inherited.checkUnicastSource}`,
    ` VRRP skip check advert addresses = ${inherited.skipAddressCheck}`,
    ` VRRP strict mode = ${inherited.strict}`,
  ];
}

const processLines = ({ process: own }: KeepalivedGlobal): string[] => [
  ` Max auto priority = ${own.maxAutoPriority}`,
  ` Min auto priority delay = ${own.minAutoPriorityDelay} usecs`,
  ` VRRP process priority = ${own.niceness ?? 0}`,
  ` VRRP don't swap = ${own.lockMemory}`,
  ` VRRP realtime priority = ${own.realTimePriority ?? 0}`,
  ...(own.cpus === undefined ? [] : [` VRRP CPU Affinity = ${own.cpus.join(" ")}`]),
];

function receiveBufferLines({ receiveBuffers: { policy, multiplier } }: KeepalivedGlobal): string[] {
  const lines = [` rx_bufs_multiples = ${multiplier}`];
  if (typeof policy === "number") lines.unshift(` rx_bufs_size = ${policy}`);
  else if (policy !== undefined) lines.unshift(` rx_bufs_policy = ${policy.toUpperCase()}`);
  return lines;
}
