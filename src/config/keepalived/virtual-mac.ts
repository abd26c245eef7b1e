/** Which virtual MAC addresses an instance has, for itself and for addresses elsewhere: what was written → what is run. */
import type { Diagnostics } from "../diagnostics.js";
import { spanOf } from "./instance-protocol.js";
import type { InstanceDraft } from "./keywords/vrrp-instance.js";
import type { AddressFamily, Transport, VirtualAddress, VirtualMac } from "./model.js";

/** `use_vmac` of the instance as it holds. */
export function virtualMacOf(
  draft: InstanceDraft,
  strict: boolean,
  transport: Transport,
  diagnostics: Diagnostics,
): VirtualMac | undefined {
  const { vmac } = draft;
  if (vmac === undefined) {
    if (draft.vmacTransmitOnBase)
      diagnostics.report({
        severity: "warning",
        code: "vmac-missing",
        span: spanOf(draft, "vmac_xmit_base"),
        message: "vmac_xmit_base has no effect without use_vmac",
        remedy: "add use_vmac, or take it out",
      });
    return undefined;
  }
  if (transport.kind === "unicast" && !draft.vmacTransmitOnBase)
    diagnostics.report({
      severity: "warning",
      code: "vmac-unicast",
      span: spanOf(draft, "use_vmac"),
      message: "use_vmac with unicast advertises on the interface below",
      cause: "the virtual interface has no address that peers could answer to; keepalived asks for vmac_xmit_base too",
      remedy: "add vmac_xmit_base",
    });
  // Five octets: the virtual router's number is the sixth.
  const short = vmac.mac?.split(":").length === 5;
  const last = (draft.virtualRouterId ?? 0).toString(16).padStart(2, "0");
  return {
    ...vmac,
    mac: strict ? undefined : short ? `${vmac.mac}:${last}` : vmac.mac,
    transmitOnBase: !strict && (draft.vmacTransmitOnBase || transport.kind === "unicast"),
  };
}

/**
 * Whether an address gets an interface of its own: with `use_vmac` on its line, or `use_vmac_addr` for all that are on
 * another interface or of the other family. One that the instance's own virtual interface takes needs none.
 */
export function onVirtualMac(
  address: VirtualAddress,
  draft: InstanceDraft,
  family: AddressFamily,
  diagnostics: Diagnostics,
): VirtualAddress {
  const isElsewhere = address.device !== undefined && address.device !== draft.interface;
  const isForeign = isElsewhere || address.family !== family;
  const already =
    !isForeign && draft.vmac !== undefined ? "use_vmac" : isForeign && draft.vmacForAddresses && "use_vmac_addr";
  if (address.virtualMac && already)
    diagnostics.report({
      severity: "warning",
      code: "vmac-twice",
      span: address.span,
      message: `use_vmac for ${address.address} stands beside ${already} of ${draft.name}`,
      cause: "one of the two says it already",
      remedy: "take it out of this line",
    });
  return {
    ...address,
    virtualMac: isForeign ? address.virtualMac || draft.vmacForAddresses : address.virtualMac && !already,
  };
}
