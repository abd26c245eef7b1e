/** What holds where a configuration says nothing. */
import { fromSeconds } from "../units.js";
import type { KeepalivedConfiguration, KeepalivedGlobal, NotifyScripts, Trackers } from "./model.js";

export const noNotifyScripts: NotifyScripts = {
  master: undefined,
  backup: undefined,
  fault: undefined,
  stop: undefined,
  deleted: undefined,
  masterReceivedLowerPriority: undefined,
  any: undefined,
};

export const noTrackers: Trackers = { scripts: [], interfaces: [], files: [], processes: [], proxy: undefined };

export const defaultGlobal: KeepalivedGlobal = {
  routerId: undefined,
  enableScriptSecurity: false,
  scriptUser: undefined,
  mail: {
    to: [],
    from: undefined,
    server: undefined,
    heloName: undefined,
    connectTimeout: fromSeconds(30),
    omitFaults: false,
  },
  notifyFifo: undefined,
  vrrpNotifyFifo: undefined,
  fifoStatesOnReload: false,
  startupDelay: fromSeconds(0),
  delayAfterBoot: fromSeconds(0),
  dynamicInterfaces: "no",
  announcementSpacing: { garpInterval: fromSeconds(0), gnaInterval: fromSeconds(0) },
  process: {
    niceness: undefined,
    lockMemory: false,
    realTimePriority: undefined,
    cpus: undefined,
    maxAutoPriority: 0,
    minAutoPriorityDelay: fromSeconds(1),
  },
  names: { parent: undefined, vrrp: undefined },
  firewall: { table: "keepalived", priority: -1, counters: false },
  vmacPrefix: "vrrp",
  vmacAddressPrefix: "vrrp",
  startupScript: undefined,
  shutdownScript: undefined,
  reload: { check: undefined, timeFile: undefined, repeat: false, marker: undefined },
  dumps: { state: undefined, statistics: undefined, json: undefined, jsonVersion: 1, useInstanceName: false },
  logUnknownVirtualRouterIds: false,
  receiveBuffers: { policy: undefined, multiplier: 3 },
  metrics: undefined,
  umask: undefined,
  childWaitTime: fromSeconds(5),
  networkNamespace: undefined,
  daemonInstance: undefined,
  usePidDirectory: false,
  inherited: {
    alert: undefined,
    alertVrrp: undefined,
    notifyPriorityChanges: false,
    multicastGroup4: "224.0.0.18",
    multicastGroup6: "ff02::12",
    garp: {
      masterDelay: fromSeconds(5),
      masterRepeat: 5,
      masterRefresh: fromSeconds(60),
      masterRefreshRepeat: 1,
      lowerPriorityDelay: fromSeconds(5),
      lowerPriorityRepeat: 5,
      extraInterfaces: { interval: fromSeconds(0), all: false },
    },
    downTimerAdverts: 3,
    lowerPriorityNoAdvert: false,
    higherPrioritySendAdvert: false,
    version: 2,
    checkUnicastSource: false,
    skipAddressCheck: false,
    strict: false,
    defaultInterface: "eth0",
  },
};

/** A configuration in which nothing is written: for tests of those that run one. */
export const emptyConfiguration: Omit<KeepalivedConfiguration, "global" | "scripts" | "instances"> = {
  trackFiles: [],
  trackProcesses: [],
  syncGroups: [],
  statics: { addresses: [], routes: [], rules: [] },
  trackGroups: [],
  announcementSpacing: [],
  linkDelays: [],
  heartbeatPaths: [],
};
