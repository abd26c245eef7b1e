/** What the `heartbeat_path`s of two boxes say against each other: the second path is missed only when it is needed. */
import type { Diagnostics } from "../../config/diagnostics.js";
import type { HeartbeatPath, KeepalivedConfiguration } from "../../config/keepalived/model.js";

export function compareHeartbeats(
  mine: KeepalivedConfiguration,
  theirs: KeepalivedConfiguration,
  other: string,
  diagnostics: Diagnostics,
): void {
  for (const path of mine.heartbeatPaths) {
    const counterpart = theirs.heartbeatPaths.find(({ name }) => name === path.name) ?? theirs.heartbeatPaths[0];
    const problem =
      counterpart === undefined ? `has no counterpart on ${other}` : differenceOf(path, counterpart, other);
    if (problem === undefined) continue;
    diagnostics.report({
      severity: "error",
      code: "heartbeat-mismatch",
      span: path.span,
      message: `heartbeat_path ${path.name} ${problem}: it keeps nobody from holding what another holds`,
      remedy: "write protocol, port and key alike on all boxes, and the other boxes' addresses under peer",
    });
  }
}

function differenceOf(mine: HeartbeatPath, theirs: HeartbeatPath, other: string): string | undefined {
  if (mine.transport !== theirs.transport) return `goes by ${mine.transport}, that of ${other} by ${theirs.transport}`;
  if (mine.port !== theirs.port) return `uses port ${mine.port}, that of ${other} ${theirs.port}`;
  const [here, there] = [mine.key, theirs.key];
  // Files cannot be compared from here.
  if (here.kind === "text" && there.kind === "text" && here.text !== there.text)
    return `has another key than on ${other}`;
  if (theirs.localAddress !== undefined && !mine.peers.includes(theirs.localAddress))
    return `does not list ${theirs.localAddress}, where ${other} is, among its peers`;
  return undefined;
}
