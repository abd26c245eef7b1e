/** `strict_mode` and `vrrp_strict`: what the RFC does not allow, said of one instance. */
import type { Diagnostics } from "../diagnostics.js";
import { spanOf } from "./instance-protocol.js";
import type { InstanceDraft } from "./keywords/vrrp-instance.js";

/** Reports what is refused (errors) and what is overruled (warnings), as keepalived.conf(5) lists it. */
export function checkStrict(draft: InstanceDraft, priority: number, diagnostics: Diagnostics): void {
  const say = (severity: "error" | "warning", keyword: string, message: string): void => {
    diagnostics.report({
      severity,
      code: "strict-mode",
      span: spanOf(draft, keyword),
      message,
      cause: "strict_mode, or vrrp_strict in global_defs, keeps to the RFC",
      remedy: "take it out, or switch strict_mode off: few networks need it",
    });
  };
  const { written } = draft;
  if (draft.peers.length > 0) say("error", "unicast_peer", "strict_mode does not allow unicast");
  if (draft.addresses.length === 0) say("error", "virtual_ipaddress", "strict_mode wants a virtual address");
  if (draft.addresses[0]?.family === 6 && !draft.addresses[0].address.startsWith("fe80:"))
    say("error", "virtual_ipaddress", "strict_mode wants a link-local address first (RFC 9568 §5.2.9)");
  if (draft.state !== undefined && (draft.state === "MASTER") !== (priority === 255))
    say("warning", "state", "with strict_mode, state MASTER goes with priority 255 and with no other");
  for (const keyword of ["preempt_delay", "down_timer_adverts", "higher_prio_send_advert", "vmac_xmit_base"])
    if (written.has(keyword)) say("warning", keyword, `strict_mode overrules ${keyword}`);
  for (const keyword of ["garp_lower_prio_repeat", "garp_lower_prio_delay"])
    if (written.has(keyword)) say("warning", keyword, `strict_mode overrules ${keyword}: nothing is repeated`);
  if (draft.lowerPriorityNoAdvert === false)
    say("warning", "lower_prio_no_advert", "strict_mode does not answer an advertisement of lower priority");
  if (draft.accept === undefined && priority !== 255)
    diagnostics.report({
      severity: "warning",
      code: "strict-no-accept",
      span: draft.span,
      message: `the virtual addresses of ${draft.name} will not answer, not even a ping`,
      cause: "strict_mode, or vrrp_strict in global_defs, implies no_accept unless the priority is 255",
      remedy: "take vrrp_strict out: a load balancer has to accept",
    });
}
