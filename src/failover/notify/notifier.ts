/** Tells scripts, FIFOs and mail what happens to instances and groups (keepalived.conf(5), "notify"). */
import type {
  Command,
  KeepalivedConfiguration,
  NotifyFifo,
  NotifyScripts,
  SyncGroup,
  VrrpInstance,
} from "../../config/keepalived/model.js";
import type { LogLevel, ReportedState } from "../instance.js";
import { resolveCommand, type ScriptCommand, userOf } from "../script-command.js";
import { Fifo } from "./fifo.js";
import { Mail } from "./mail.js";
import { type News, scriptArguments } from "./news.js";
import { ScriptQueue } from "./script-queue.js";

type Subject = Pick<VrrpInstance | SyncGroup, "name" | "notify" | "smtpAlert" | "notifyPriorityChanges">;
type Log = (line: string, level: LogLevel) => void;

/** Which script tells of which event. */
const SCRIPTS = {
  MASTER: "master",
  BACKUP: "backup",
  FAULT: "fault",
  STOP: "stop",
  MASTER_RX_LOWER_PRI: "masterReceivedLowerPriority",
} as const satisfies Partial<Record<News["event"], keyof NotifyScripts>>;

export class Notifier {
  #configuration: KeepalivedConfiguration;
  /** While a reload lasts. */
  #previous: KeepalivedConfiguration | undefined;
  /** By path. */
  readonly #fifos = new Map<string, Fifo>();
  readonly #mail: Mail;
  readonly #queues = new Map<string, ScriptQueue>();
  /** undefined: it cannot be run, which has been said. */
  readonly #commands = new Map<Command, ScriptCommand | undefined>();
  readonly #mails = new Set<Promise<void>>();

  constructor(
    configuration: KeepalivedConfiguration,
    readonly log: Log,
  ) {
    this.#configuration = configuration;
    this.#mail = new Mail(configuration.global, log);
    this.#prepare();
  }

  /** Goes on with a new configuration; those whom it no longer knows are still told of until `forget`. */
  adopt(configuration: KeepalivedConfiguration): void {
    this.#previous = this.#configuration;
    this.#configuration = configuration;
    this.#mail.settings = configuration.global;
    this.#prepare();
  }

  forget(): void {
    this.#previous = undefined;
  }

  /** At the start, so that whoever starts us hears what cannot be run. FIFOs that stay are kept open. */
  #prepare(): void {
    const { global, instances, syncGroups } = this.#configuration;
    const wanted = [global.notifyFifo, global.vrrpNotifyFifo].filter((fifo) => fifo !== undefined);
    for (const [path, fifo] of this.#fifos)
      if (!wanted.some((other) => other.path === path)) {
        fifo.close();
        this.#fifos.delete(path);
      }
    for (const fifo of wanted) if (!this.#fifos.has(fifo.path)) this.#open(fifo);
    for (const subject of [...instances, ...syncGroups])
      for (const command of commandsOf(subject.notify)) this.#resolve(command);
  }

  /** The special script comes first, then `notify`, the FIFOs and mail. */
  tell(told: News): void {
    const subject = this.#subject(told);
    if (subject === undefined) return;
    // Scripts that do not know of DELETED are told of a fault.
    const isUnknown = told.event === "DELETED" && subject.notify.deleted === undefined;
    const news: News = isUnknown ? { ...told, event: "FAULT" } : told;
    const isPriority = news.event === "MASTER_PRIORITY" || news.event === "BACKUP_PRIORITY";
    if (isPriority && !subject.notifyPriorityChanges) return;
    this.#runScripts(news, subject.notify);
    for (const fifo of this.#fifos.values()) fifo.write(news);
    if (subject.smtpAlert) this.#sendMail(news);
  }

  /** Writes to the FIFOs alone how everything stands. */
  repeat(status: readonly { readonly name: string; readonly state: ReportedState; readonly priority: number }[]): void {
    for (const { name, state, priority } of status)
      for (const fifo of this.#fifos.values()) fifo.write({ type: "INSTANCE", name, event: state, priority });
  }

  /** Resolves when scripts and mail that are under way have ended, or after `patienceMs`. */
  async stop(patienceMs: number): Promise<void> {
    const underWay = [...[...this.#queues.values()].map(({ idle }) => idle), ...this.#mails];
    let patience: NodeJS.Timeout | undefined;
    const tooLong = new Promise((resolve) => {
      patience = setTimeout(resolve, patienceMs);
    });
    await Promise.race([Promise.all(underWay), tooLong]);
    clearTimeout(patience);
    for (const fifo of this.#fifos.values()) fifo.close();
  }

  #subject({ type, name }: News): Subject | undefined {
    for (const configuration of [this.#configuration, this.#previous]) {
      const all: readonly Subject[] =
        (type === "INSTANCE" ? configuration?.instances : configuration?.syncGroups) ?? [];
      const found = all.find((subject) => subject.name === name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #runScripts(news: News, notify: NotifyScripts): void {
    const key = `${news.type} ${news.name}`;
    const queue = this.#queues.get(key) ?? new ScriptQueue(this.log);
    this.#queues.set(key, queue);
    const special = specialScript(news.event, notify);
    if (special !== undefined) this.#enqueue(queue, special, []);
    if (notify.any !== undefined && STATES.has(news.event)) this.#enqueue(queue, notify.any, scriptArguments(news));
  }

  #enqueue(queue: ScriptQueue, command: Command, more: readonly string[]): void {
    const resolved = this.#resolve(command);
    if (resolved !== undefined) queue.run(resolved, more);
  }

  #resolve(command: Command): ScriptCommand | undefined {
    if (this.#commands.has(command)) return this.#commands.get(command);
    const outcome = resolveCommand(command, this.#configuration.global);
    if (outcome.kind === "command") for (const warning of outcome.warnings) this.log(warning, "warning");
    else this.log(`Disabling notify script ${command.argv.join(" ")}: ${outcome.reason}`, "warning");
    const resolved = outcome.kind === "command" ? outcome.command : undefined;
    this.#commands.set(command, resolved);
    return resolved;
  }

  #open({ path, user, script }: NotifyFifo): void {
    const owner = userOf(user, this.#configuration.global);
    try {
      if (typeof owner === "string") throw new Error(owner);
      this.#fifos.set(path, new Fifo(path, owner, script && this.#resolve(script), this.log));
    } catch (error) {
      this.log(`cannot use notify_fifo ${path}: ${(error as Error).message}`, "warning");
    }
  }

  #sendMail(news: News): void {
    const sending = this.#mail.tell(news).finally(() => this.#mails.delete(sending));
    this.#mails.add(sending);
  }
}

/** What `notify` tells of; the rest is for FIFOs. */
const STATES: ReadonlySet<News["event"]> = new Set(["MASTER", "BACKUP", "FAULT", "STOP", "DELETED"]);

function specialScript(event: News["event"], notify: NotifyScripts): Command | undefined {
  if (event === "DELETED") return notify.deleted?.command;
  return event in SCRIPTS ? notify[SCRIPTS[event as keyof typeof SCRIPTS]] : undefined;
}

const commandsOf = ({ deleted, ...scripts }: NotifyScripts): Command[] =>
  [...Object.values(scripts), deleted?.command].filter((command) => command !== undefined);
