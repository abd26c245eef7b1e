/** sd_notify(3): telling systemd, or whoever stands in for it, that a service is ready or stopping. */
import type { UnixDatagrams } from "./datagram.js";

export interface Notifier {
  /** Such as `READY=1`. */
  send(state: string): void;
}

/** Opens the socket that `NOTIFY_SOCKET` names (`@` starts an abstract name). Without one, notices go nowhere. */
export async function openNotifier(environment: NodeJS.ProcessEnv = process.env): Promise<Notifier> {
  const name = environment.NOTIFY_SOCKET;
  let socket: UnixDatagrams | undefined;
  if (name !== undefined && name !== "") {
    const { UnixDatagrams: sockets } = await import("./datagram.js");
    socket = sockets.open(name.startsWith("@") ? `\0${name.slice(1)}` : name);
  }
  return { send: (state) => void socket?.send(state) };
}
