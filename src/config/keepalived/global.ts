/** `global_defs` and the words outside any block: what was written → what holds. */
import type { Resolving } from "./instance.js";
import { garpOf } from "./instance-protocol.js";
import { noGarp } from "./keywords/garp.js";
import type { FileDraft } from "./keywords/top.js";
import type { Command, KeepalivedGlobal, NotifyFifo, ScriptUser } from "./model.js";

export function resolveGlobal(draft: FileDraft, { global }: Resolving): KeepalivedGlobal {
  return {
    routerId: global.routerId,
    enableScriptSecurity: global.enableScriptSecurity,
    scriptUser: withGroups(global.scriptUser, global.supplementaryGroups),
    mail: {
      to: global.mailTo,
      from: global.mailFrom,
      server: global.mailServer,
      heloName: global.mailHelo,
      connectTimeout: global.mailTimeout,
      omitFaults: global.omitFaultMails,
    },
    notifyFifo: fifo(global.notifyFifo, global.notifyFifoScript),
    vrrpNotifyFifo: fifo(global.vrrpNotifyFifo, global.vrrpNotifyFifoScript),
    fifoStatesOnReload: global.fifoStatesOnReload,
    startupDelay: global.startupDelay,
    delayAfterBoot: global.delayAfterBoot,
    dynamicInterfaces: global.dynamicInterfaces,
    announcementSpacing: { garpInterval: global.garpInterval, gnaInterval: global.gnaInterval },
    process: global.process,
    names: global.names,
    firewall: global.firewall,
    vmacPrefix: global.vmacPrefix,
    vmacAddressPrefix: global.vmacAddressPrefix ?? global.vmacPrefix,
    startupScript: global.startupScript && { ...global.startupScript, timeout: global.startupTimeout },
    shutdownScript: global.shutdownScript && { ...global.shutdownScript, timeout: global.shutdownTimeout },
    reload: global.reload,
    dumps: global.dumps,
    logUnknownVirtualRouterIds: global.logUnknownVirtualRouterIds,
    receiveBuffers: global.receiveBuffers,
    metrics: global.metrics,
    umask: global.umask,
    childWaitTime: draft.childWaitTime,
    networkNamespace: draft.networkNamespace,
    daemonInstance: draft.daemonInstance,
    usePidDirectory: draft.usePidDirectory,
    inherited: {
      alert: global.alertAll,
      alertVrrp: global.alertVrrp,
      notifyPriorityChanges: global.notifyPriorityChanges,
      multicastGroup4: global.multicastGroup4,
      multicastGroup6: global.multicastGroup6,
      garp: garpOf(noGarp(), global, false),
      downTimerAdverts: global.downTimerAdverts ?? 3,
      lowerPriorityNoAdvert: global.lowerPriorityNoAdvert ?? false,
      higherPrioritySendAdvert: global.higherPrioritySendAdvert ?? false,
      version: global.vrrpVersion ?? 2,
      checkUnicastSource: global.checkUnicastSource ?? false,
      skipAddressCheck: global.skipAddressCheck ?? false,
      strict: global.strict ?? false,
      defaultInterface: global.defaultInterface,
    },
  };
}

const withGroups = (user: ScriptUser | undefined, all: boolean): ScriptUser | undefined =>
  user && all ? { ...user, supplementaryGroups: true } : user;

const fifo = (written: Omit<NotifyFifo, "script"> | undefined, script: Command | undefined): NotifyFifo | undefined =>
  written && { ...written, script };
