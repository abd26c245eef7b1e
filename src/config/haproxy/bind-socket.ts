/** The options of `bind` lines that say what kind of socket listens, and what it expects first (configuration manual §5.1). */
import type { Bind, BindSocket } from "./model.js";
import type { LineOption } from "./option-line.js";
import { LONGEST_TIME } from "./quantities.js";

export type BindSocketDraft = { -readonly [Key in keyof BindSocket]: BindSocket[Key] };

export const initialBindSocket = (): BindSocketDraft => ({
  acceptProxy: false,
  backlog: undefined,
  deferAccept: false,
  maxSegment: undefined,
  tcpUserTimeout: undefined,
  fastOpen: false,
  mode: undefined,
  user: undefined,
  group: undefined,
});

/** Whatever else the line says. */
interface HasSocket {
  socket: BindSocketDraft;
}

type SocketOption = LineOption<HasSocket>;

const flag = (name: string, key: "acceptProxy" | "deferAccept" | "fastOpen", doc: string): SocketOption => ({
  name,
  argument: "",
  default: "off",
  doc,
  apply: (_, { socket }) => {
    socket[key] = true;
  },
});

const word = (name: string, key: "user" | "group", doc: string): SocketOption => ({
  name,
  argument: "<name>",
  doc,
  apply: (_, { socket }, argument) => {
    socket[key] = argument.text;
  },
});

/** By number, for owners that have no name. */
const id = (name: string, key: "user" | "group", doc: string): SocketOption => ({
  name,
  argument: "<n>",
  doc,
  apply: (statement, { socket }, argument) => {
    const value = statement.integer(argument, 0, LONGEST_TIME, name);
    if (value !== undefined) socket[key] = `${value}`;
  },
});

/** The kernel takes 88 to 32767; HAProxy also negative ones, which subtract from what it would be. */
const LEAST_SEGMENT = 88;
const MOST_SEGMENT = 32_767;

export const BIND_SOCKET_OPTIONS: readonly SocketOption[] = [
  flag(
    "accept-proxy",
    "acceptProxy",
    "Every connection begins with a PROXY header (v1 or v2), which says whose it is.",
  ),
  {
    name: "backlog",
    argument: "<n>",
    default: "the frontend's",
    doc: "Connections that wait in the kernel to be accepted.",
    apply: (statement, { socket }, argument) => {
      // HAProxy reads 0 as "not said".
      socket.backlog = statement.integer(argument, 0, LONGEST_TIME, "backlog") || undefined;
    },
  },
  flag("defer-accept", "deferAccept", "Accepts connections when their first bytes are there."),
  {
    name: "mss",
    argument: "<n>",
    default: "the system's",
    doc: "Greatest TCP segment that clients are told of.",
    apply: (statement, { socket }, argument) => {
      if (argument.text.startsWith("-")) statement.notSupported(argument.span, "mss below 0");
      else socket.maxSegment = statement.integer(argument, LEAST_SEGMENT, MOST_SEGMENT, "mss");
    },
  },
  {
    name: "tcp-ut",
    argument: "<time>",
    default: "the system's",
    doc: "A client that acknowledges nothing for so long is given up.",
    apply: (statement, { socket }, argument) => {
      socket.tcpUserTimeout = statement.time(argument, "tcp-ut");
    },
  },
  flag("tfo", "fastOpen", "Takes data with the first packet of a connection (TCP fast open)."),
  {
    name: "mode",
    argument: "<octal>",
    default: "as the umask leaves it",
    doc: "File mode of a UNIX socket.",
    apply: (statement, { socket }, argument) => {
      if (/^[0-7]{1,4}$/.test(argument.text)) socket.mode = Number.parseInt(argument.text, 8);
      else
        statement.error("bad-mode", argument.span, `"${argument.text}" is not a file mode`, {
          remedy: "write: mode 660",
        });
    },
  },
  word("user", "user", "Owner of a UNIX socket."),
  word("group", "group", "Group of a UNIX socket."),
  id("uid", "user", "Owner of a UNIX socket, by number."),
  id("gid", "group", "Group of a UNIX socket, by number."),
];

const OF_FILES = ["mode", "user", "group", "uid", "gid"];
const OF_INTERNET_SOCKETS = ["transparent", "interface", "mss", "defer-accept", "tcp-ut", "tfo", "v4v6", "v6only"];
/** What can only be said before a socket listens, which an inherited one does already. */
const BEFORE_LISTENING = ["transparent", "interface", "mss", "v4v6", "v6only", ...OF_FILES];

/** The options that do nothing for a listener of such a family, and why. */
export function optionsWithoutEffect(family: Bind["family"]): { readonly names: readonly string[]; cause: string } {
  if (family === "fd") return { names: BEFORE_LISTENING, cause: "the socket was opened by whoever handed it down" };
  if (family === "unix") return { names: OF_INTERNET_SOCKETS, cause: "a UNIX socket knows neither TCP nor interfaces" };
  if (family === "abns")
    return { names: [...OF_INTERNET_SOCKETS, ...OF_FILES], cause: "an abstract name has no file, and knows no TCP" };
  return { names: OF_FILES, cause: "it is for the files of UNIX sockets" };
}
