/** What `keepalived -t` finds wrong with a file on this host: interfaces, scripts and users that are not there. */
import type { Diagnostics, Span } from "../config/diagnostics.js";
import type { Command, KeepalivedConfiguration } from "../config/keepalived/model.js";
import { resolveCommand, userOf } from "../failover/script-command.js";
import { Netlink } from "../sys/netlink.js";

export function checkHost(configuration: KeepalivedConfiguration, diagnostics: Diagnostics): void {
  if (configuration.global.dynamicInterfaces === "no") checkInterfaces(configuration, diagnostics);
  checkScriptUser(configuration, diagnostics);
  checkTrackScripts(configuration, diagnostics);
}

function checkInterfaces({ instances, statics }: KeepalivedConfiguration, diagnostics: Diagnostics): void {
  const netlink = new Netlink();
  const present = new Set(netlink.links().map(({ name }) => name));
  netlink.close();
  const need = (name: string | undefined, what: string, span: Span): void => {
    if (name === undefined || present.has(name)) return;
    diagnostics.report({
      severity: "warning",
      code: "interface-missing",
      span,
      message: `interface ${name} for ${what} doesn't exist`,
      cause: "keepalived takes that for a mistake, unless interfaces may come and go",
      remedy: "create it, correct the name, or add dynamic_interfaces to global_defs",
    });
  };
  for (const own of instances) {
    need(own.interface, `vrrp_instance ${own.name}`, own.span);
    for (const { interface: name } of own.track.interfaces) need(name, `track_interface of ${own.name}`, own.span);
    for (const held of [...own.addresses, ...own.excludedAddresses]) need(held.device, held.address, held.span);
    for (const route of own.routes)
      for (const { device } of [route, ...route.nextHops]) need(device, "a virtual route", route.span);
  }
  for (const held of statics.addresses) need(held.device, held.address, held.span);
}

function checkScriptUser({ global, instances }: KeepalivedConfiguration, diagnostics: Diagnostics): void {
  const [first] = instances;
  const reason = global.scriptUser === undefined ? undefined : userOf(global.scriptUser, global);
  if (typeof reason !== "string" || first === undefined) return;
  diagnostics.report({
    severity: "warning",
    code: "script-user",
    span: first.span,
    message: `script_user: ${reason}`,
    remedy: "create the user, or name another",
  });
}

function checkTrackScripts(
  { scripts, instances, syncGroups, global }: KeepalivedConfiguration,
  diagnostics: Diagnostics,
) {
  const tracked = new Set(
    [...instances, ...syncGroups].flatMap((one) => one.track.scripts.map(({ script }) => script)),
  );
  for (const script of scripts) {
    const outcome = tracked.has(script.name) ? resolveCommand(script, global) : undefined;
    if (outcome?.kind === "disabled")
      diagnostics.report({
        severity: "warning",
        code: "script-disabled",
        span: script.span,
        message: `Disabling track script ${script.name}: ${outcome.reason}`,
        cause: "it counts for nothing then, as if it were not tracked",
        remedy: "correct the path, the rights or the user",
      });
  }
}

/** Whether any of the scripts that would run as root is there to be run. */
export function runsAsRoot({ global, scripts, instances, syncGroups }: KeepalivedConfiguration): boolean {
  const notify = [...instances, ...syncGroups].flatMap((one) =>
    Object.values(one.notify).map((each) => (each !== undefined && "argv" in each ? each : each?.command)),
  );
  const fifos = [global.notifyFifo?.script, global.vrrpNotifyFifo?.script];
  const all: (Command | undefined)[] = [...scripts, ...notify, ...fifos, global.startupScript, global.shutdownScript];
  return all.some((command) => {
    if (command === undefined || resolveCommand(command, global).kind === "disabled") return false;
    const identity = userOf(command.user, global);
    return typeof identity !== "string" && identity.uid === 0;
  });
}
