/** `global_defs` and the words outside any block: what was written → what holds. */
import type { Resolving } from "./instance.js";
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
  };
}

const withGroups = (user: ScriptUser | undefined, all: boolean): ScriptUser | undefined =>
  user && all ? { ...user, supplementaryGroups: true } : user;

const fifo = (written: Omit<NotifyFifo, "script"> | undefined, script: Command | undefined): NotifyFifo | undefined =>
  written && { ...written, script };
