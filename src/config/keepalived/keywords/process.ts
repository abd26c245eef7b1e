/** How the process of the fail-over engine runs: scheduling, names, buffers, dumps, reloads. */
import type { Microseconds } from "../../units.js";
import {
  type Argument,
  choice,
  integer,
  Mistake,
  readOptionalArgument,
  readWord,
  seconds,
  text,
} from "../arguments.js";
import { type Draft, type Keyword, keywordsFor } from "../declare.js";
import { defaultGlobal } from "../defaults.js";
import type {
  Command,
  DumpSettings,
  Firewall,
  ProcessNames,
  ProcessSettings,
  ReceiveBuffers,
  ReloadSettings,
} from "../model.js";
import { reportMissing } from "../report.js";
import { COMMAND_FORM, readCommand } from "./command.js";

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };

export interface ProcessDraft extends Draft {
  readonly process: Mutable<ProcessSettings>;
  readonly names: Mutable<ProcessNames>;
  readonly dumps: Mutable<DumpSettings>;
  readonly reload: Mutable<ReloadSettings>;
  readonly receiveBuffers: Mutable<ReceiveBuffers>;
  readonly firewall: Mutable<Firewall>;
  startupScript: Command | undefined;
  startupTimeout: Microseconds;
  shutdownScript: Command | undefined;
  shutdownTimeout: Microseconds;
  umask: number | undefined;
}

export const defaultProcess = (): Omit<ProcessDraft, "written"> => ({
  process: { ...defaultGlobal.process },
  names: { ...defaultGlobal.names },
  dumps: { ...defaultGlobal.dumps },
  reload: { ...defaultGlobal.reload },
  receiveBuffers: { ...defaultGlobal.receiveBuffers },
  firewall: { ...defaultGlobal.firewall },
  startupScript: undefined,
  startupTimeout: 10_000_000 as Microseconds,
  shutdownScript: undefined,
  shutdownTimeout: 10_000_000 as Microseconds,
  umask: undefined,
});

const { setting, flag, toggle, custom } = keywordsFor<ProcessDraft>();

/** A setting of one of the nested records. */
function nested<T>(
  name: string,
  argument: Argument<T>,
  set: (draft: ProcessDraft, value: T) => void,
  otherwise: string,
  doc: string,
): Keyword<ProcessDraft> {
  return custom({
    name,
    arguments: argument.name,
    otherwise,
    read(draft, statement, reading) {
      const word = statement.arguments[0];
      if (word === undefined) reportMissing(statement, argument.name, reading);
      const value = word === undefined ? undefined : readWord(word, argument, reading.diagnostics);
      if (value !== undefined) set(draft, value);
    },
    doc,
  });
}

const scheduling: readonly Keyword<ProcessDraft>[] = [
  nested(
    "vrrp_priority",
    integer({ what: "vrrp_priority", min: -20, max: 19 }),
    ({ process }, value) => {
      process.niceness = value;
    },
    "as started",
    "Nice value of the process that runs VRRP.",
  ),
  flag({
    name: "vrrp_no_swap",
    set: ({ process }) => {
      process.lockMemory = true;
    },
    doc: "Keep the program and its buffers from being swapped out; V8's heap cannot be locked.",
  }),
  nested(
    "vrrp_rt_priority",
    integer({ what: "vrrp_rt_priority", min: 1, max: 99 }),
    ({ process }, value) => {
      process.realTimePriority = value;
    },
    "the lowest",
    "Its priority among real-time processes (SCHED_RR).",
  ),
  custom({
    name: "vrrp_cpu_affinity",
    arguments: "CPU…",
    otherwise: "any",
    read(draft, statement, reading) {
      const argument = integer({ what: "cpu", min: 0, max: 8191 });
      const cpus = statement.arguments.map((word) => readWord(word, argument, reading.diagnostics));
      if (cpus.length === 0) reportMissing(statement, "CPU…", reading);
      else draft.process.cpus = cpus.filter((cpu) => cpu !== undefined);
    },
    doc: "Processors that it may run on.",
  }),
  custom({
    name: "max_auto_priority",
    arguments: "[NUMBER]",
    otherwise: "0",
    read(draft, statement, reading) {
      const argument = integer({ what: "max_auto_priority", min: -1, max: 99 });
      draft.process.maxAutoPriority = readOptionalArgument(statement, argument, 99, reading) ?? 0;
    },
    doc: "Raise its priority up to this when timers run late.",
  }),
  nested(
    "min_auto_priority_delay",
    integer({ what: "min_auto_priority_delay", min: 0, max: 10_000_000 }),
    ({ process }, value) => {
      process.minAutoPriorityDelay = value as Microseconds;
    },
    "1000000",
    "How many microseconds late that is.",
  ),
];

const names: readonly Keyword<ProcessDraft>[] = [
  flag({
    name: "process_names",
    set: ({ names }) => {
      names.parent = "keepalived";
      names.vrrp = "keepalived_vrrp";
    },
    doc: "Show each process under its own name.",
  }),
  nested(
    "process_name",
    text("NAME"),
    ({ names }, value) => {
      names.parent = value;
    },
    "as started",
    "What ps calls the first process.",
  ),
  nested(
    "vrrp_process_name",
    text("NAME"),
    ({ names }, value) => {
      names.vrrp = value;
    },
    "as started",
    "What ps calls the process that runs VRRP.",
  ),
];

const dump = (name: string, field: "state" | "statistics" | "json", doc: string): Keyword<ProcessDraft> =>
  nested(
    name,
    text("FILE"),
    ({ dumps }, value) => {
      dumps[field] = value;
    },
    "keepalived's own name, below TMPDIR",
    doc,
  );

const dumps: readonly Keyword<ProcessDraft>[] = [
  dump("state_dump_file", "state", "Where SIGUSR1 writes the configuration and the state."),
  dump("stats_dump_file", "statistics", "Where SIGUSR2 writes the counters."),
  dump("json_dump_file", "json", "Where both go as JSON."),
  nested(
    "json_version",
    choice("json_version", ["1", "2"]),
    ({ dumps }, value) => {
      dumps.jsonVersion = value === "2" ? 2 : 1;
    },
    "1",
    "The form of the JSON.",
  ),
  toggle({
    name: "data_use_instance",
    set: ({ dumps }, on) => {
      dumps.useInstanceName = on;
    },
    doc: "The daemon's and the namespace's name stand in the names of these files.",
  }),
];

const script = (when: "startup" | "shutdown", doc: string): Keyword<ProcessDraft>[] => [
  custom({
    name: `${when}_script`,
    arguments: COMMAND_FORM,
    read(draft, statement, reading) {
      draft[`${when}Script`] = readCommand(statement, reading);
    },
    doc,
  }),
  setting({
    name: `${when}_script_timeout`,
    sets: `${when}Timeout`,
    argument: seconds({ what: "timeout", min: 1, max: 1000 }),
    otherwise: "10",
    doc: "How long it may take.",
  }),
];

const reloads: readonly Keyword<ProcessDraft>[] = [
  custom({
    name: "reload_check_config",
    arguments: "[LOG]",
    otherwise: "off",
    read({ reload }, { arguments: words }) {
      reload.check = { log: words[0]?.text };
    },
    doc: "A reload of a file with mistakes is refused; LOG gets the mistakes.",
  }),
  nested(
    "reload_time_file",
    text("FILE"),
    ({ reload }, value) => {
      reload.timeFile = value;
    },
    "none",
    "A file with the time of the next reload.",
  ),
  flag({
    name: "reload_repeat",
    set: ({ reload }) => {
      reload.repeat = true;
    },
    doc: "The file stays, and the reload is repeated daily.",
  }),
  custom({
    name: "reload_file",
    arguments: "[FILE]",
    otherwise: "none",
    read({ reload }, { arguments: words }) {
      reload.marker = words[0]?.text ?? "default";
    },
    doc: "A file that exists while the configuration is being read.",
  }),
];

const buffers: readonly Keyword<ProcessDraft>[] = [
  nested(
    "vrrp_rx_bufs_policy",
    {
      name: "MTU|ADVERT|BYTES",
      parse(word): "mtu" | "advert" | number | Mistake {
        if (word === "MTU") return "mtu";
        if (word === "ADVERT") return "advert";
        return integer({ what: "vrrp_rx_bufs_policy", min: 1, max: 2_147_483_647 }).parse(word);
      },
    },
    ({ receiveBuffers }, value) => {
      receiveBuffers.policy = value;
    },
    "the system's default",
    "How large the receive buffers of VRRP are.",
  ),
  nested(
    "vrrp_rx_bufs_multiplier",
    integer({ what: "vrrp_rx_bufs_multiplier", min: 1, max: 65_535 }),
    ({ receiveBuffers }, value) => {
      receiveBuffers.multiplier = value;
    },
    "3",
    "How many packets they hold.",
  ),
];

const modeBits: Readonly<Record<string, number>> = {
  IRUSR: 0o400,
  IWUSR: 0o200,
  IXUSR: 0o100,
  IRGRP: 0o040,
  IWGRP: 0o020,
  IXGRP: 0o010,
  IROTH: 0o004,
  IWOTH: 0o002,
  IXOTH: 0o001,
};

/** A number in C's notation, or names such as `IWGRP|IWOTH`. */
const mode: Argument<number> = {
  name: "MODE",
  parse(word) {
    const bits = word.split("|").map((name) => modeBits[name.replace(/^S_/, "")]);
    if (bits.every((bit) => bit !== undefined)) return bits.reduce((all, bit) => all | bit, 0);
    const value = /^0[xX][0-9a-fA-F]+$/.test(word)
      ? Number(word)
      : /^0[0-7]*$/.test(word)
        ? Number.parseInt(word, 8)
        : Number(word);
    if (/^\w+$/.test(word) && value >= 0 && value <= 0o777) return value;
    return new Mistake("bad-mode", `${word} is no file mode`, { remedy: "write it such as 022, or IWGRP|IWOTH" });
  },
};

const firewall: readonly Keyword<ProcessDraft>[] = [
  custom({
    name: "nftables",
    arguments: "[TABLE]",
    otherwise: "keepalived",
    read(draft, { arguments: words }) {
      draft.firewall.table = words[0]?.text ?? "keepalived";
    },
    doc: "The table of nftables for no_accept and for virtual MACs.",
  }),
  nested(
    "nftables_priority",
    integer({ what: "nftables_priority", min: -2_147_483_648, max: 2_147_483_647 }),
    (draft, value) => {
      draft.firewall.priority = value;
    },
    "-1",
    "Priority of its chains.",
  ),
  flag({
    name: "nftables_counters",
    set: (draft) => {
      draft.firewall.counters = true;
    },
    doc: "Count what its rules drop.",
  }),
];

export const processKeywords = <D extends ProcessDraft>(): Keyword<D>[] => [
  ...scheduling,
  ...names,
  ...dumps,
  ...script("startup", "Run before anything else."),
  ...script("shutdown", "Run after everything else."),
  ...reloads,
  ...buffers,
  ...firewall,
  nested(
    "umask",
    mode,
    (draft, value) => {
      draft.umask = value;
    },
    "022",
    "Mode bits that new files do not get.",
  ),
];
