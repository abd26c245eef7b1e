/** What keepalived writes on its JSON signal, field for field (keepalived(8)): monitoring in the field reads it. */
import type { Command, VrrpInstance } from "../../config/keepalived/model.js";
import type { InstanceStatus } from "../counters.js";
import { heldAddresses } from "./data-instance.js";
import { routeText, ruleText } from "./data-network.js";
import type { Snapshot } from "./snapshot.js";
import { commandText, seconds } from "./words.js";

const STATES = { STOP: 0, BACKUP: 1, MASTER: 2, FAULT: 3 } as const;
const AUTHENTICATION = { PASS: 1, AH: 2 } as const;

/** @param version 1: an array of instances. 2: an object that tells of tracked processes as well. */
export function jsonText(snapshot: Snapshot, version: 1 | 2): string {
  const { configuration, status } = snapshot;
  const instances = configuration.instances.map((own, index) => ({
    data: data(own, status[index]!, snapshot),
    stats: statistics(status[index]!),
  }));
  const processes = configuration.trackProcesses.map(({ name, command, quorum }) => ({
    name,
    process: command,
    quorum,
  }));
  return `${JSON.stringify(version === 1 ? instances : { vrrp: instances, track_process: processes })}\n`;
}

const flag = (value: boolean): number => (value ? 1 : 0);

function data(
  own: VrrpInstance,
  { state, priority }: InstanceStatus,
  { transitions, configuration }: Snapshot,
): object {
  const { notify, garp, authentication } = own;
  const isMaster = state === "MASTER";
  return {
    iname: own.name,
    dont_track_primary: flag(!own.trackPrimary),
    skip_check_adv_addr: flag(own.skipAddressCheck),
    strict_mode: flag(own.strict),
    vmac_ifname: own.virtualMac?.name ?? "",
    ifp_ifname: own.interface,
    master_priority: 0,
    last_transition: (transitions.get(own.name) ?? 0) / 1000,
    garp_delay: seconds(garp.masterDelay),
    garp_refresh: seconds(garp.masterRefresh),
    garp_rep: garp.masterRepeat,
    garp_refresh_rep: garp.masterRefreshRepeat,
    garp_lower_prio_delay: seconds(garp.lowerPriorityDelay),
    garp_lower_prio_rep: garp.lowerPriorityRepeat,
    lower_prio_no_advert: flag(own.lowerPriorityNoAdvert),
    higher_prio_send_advert: flag(own.higherPrioritySendAdvert),
    vrid: own.virtualRouterId,
    base_priority: own.priority,
    effective_priority: priority,
    vipset: isMaster,
    promote_secondaries: own.promoteSecondaries,
    adver_int: seconds(own.advertInterval),
    master_adver_int: seconds(own.advertInterval),
    accept: flag(own.accept),
    nopreempt: !own.preempt,
    preempt_delay: seconds(own.preemptDelay),
    state: STATES[state],
    wantstate: STATES[state],
    version: own.version,
    smtp_alert: own.smtpAlert,
    notify_deleted: notify.deleted !== undefined,
    ...command("script_backup", notify.backup),
    ...command("script_master", notify.master),
    ...command("script_fault", notify.fault),
    ...command("script_stop", notify.stop),
    ...command("script_deleted", notify.deleted?.command),
    ...command("script", notify.any),
    ...command("script_master_rx_lower_pri", notify.masterReceivedLowerPriority),
    ...list("vips", heldAddresses(own, own.addresses, isMaster)),
    ...list("evips", heldAddresses(own, own.excludedAddresses, isMaster)),
    ...list("vroutes", own.routes.map(routeText)),
    ...list("vrules", own.rules.map(ruleText)),
    ...list(
      "track_ifp",
      own.track.interfaces.map((tracked) => tracked.interface),
    ),
    ...list(
      "track_script",
      own.track.scripts.map(({ script }) =>
        commandText(configuration.scripts.find(({ name }) => name === script)?.argv ?? []),
      ),
    ),
    auth_type: authentication === undefined ? 0 : AUTHENTICATION[authentication.type],
    ...(authentication === undefined ? {} : { auth_data: authentication.password }),
  };
}

const statistics = ({ counters, rejected }: InstanceStatus): object => ({
  advert_rcvd: counters.advertisementsReceived,
  advert_sent: counters.advertisementsSent,
  become_master: counters.becameMaster,
  release_master: counters.releasedMaster,
  packet_len_err: rejected.truncated + rejected.length,
  advert_interval_err: rejected.interval,
  ip_ttl_err: rejected.ttl,
  invalid_type_rcvd: rejected.type,
  addr_list_err: 0,
  invalid_authtype: 0,
  authtype_mismatch: rejected["auth-type"],
  auth_failure: rejected["auth-password"],
  pri_zero_rcvd: counters.priorityZeroReceived,
  pri_zero_sent: counters.priorityZeroSent,
});

/** keepalived leaves out what is empty. */
const list = (name: string, values: readonly string[]): object => (values.length === 0 ? {} : { [name]: values });

const command = (name: string, what: Command | undefined): object =>
  what === undefined ? {} : { [name]: commandText(what.argv) };
