/**
 * A box: one set of namespaces (network, process, mount, UTS) held by an init of its own, so that it has its own
 * interfaces, sysctls, processes, files and name. Killing the init is pulling the plug.
 *
 * Nothing outlives its maker. The init dies with the thread that opened the box (PR_SET_PDEATHSIG), even if that is
 * killed with SIGKILL, and everything in the box — processes, interfaces, mounts — goes with the init. No name
 * is left in /run/netns, and no file on the machine: whatever a box writes is in a tmpfs of its own.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { childrenOf, signalIfAlive } from "./command.js";

/** Marks an init in /proc/PID/environ as `<lab>/<box>/<pid of the maker>`, for `sweepBoxes`. */
const MARK = "BASCULE_LAB_BOX";

const BOOT_DEADLINE_MS = 10_000;
const DEATH_DEADLINE_MS = 5_000;

/**
 * Runs as process 1 of the box. /etc, /var and /usr/local are overlays, so that a box reads the machine's files and
 * writes its own; /run and /dev are its own, since sockets and pid files in them must not be seen from other boxes.
 * /tmp and the rest are the machine's. The final `sleep` ignores SIGCHLD: the kernel then reaps orphans by itself.
 */
const INIT_SCRIPT = `
set -e
hostname "$1"
mount -t tmpfs -o mode=755 tmpfs /run
for dir in etc var usr/local; do
  mkdir -p "/run/.disk/$dir/upper" "/run/.disk/$dir/work"
  mount -t overlay -o "lowerdir=/$dir,upperdir=/run/.disk/$dir/upper,workdir=/run/.disk/$dir/work" overlay "/$dir"
done
rm -f /etc/haproxy/haproxy.cfg /etc/keepalived/keepalived.conf
mkdir -p /run/lock /run/haproxy /run/keepalived /var/lib/haproxy /etc/haproxy /etc/keepalived /usr/local/sbin
mkdir /run/.dev
mount -t tmpfs -o mode=755 tmpfs /run/.dev
for device in null zero full random urandom tty net kvm; do
  [ -e "/dev/$device" ] || continue
  if [ -d "/dev/$device" ]; then mkdir "/run/.dev/$device"; else : > "/run/.dev/$device"; fi
  mount --rbind "/dev/$device" "/run/.dev/$device"
done
mkdir /run/.dev/pts /run/.dev/shm
mount --rbind /dev/pts /run/.dev/pts
mount -t tmpfs -o mode=1777 tmpfs /run/.dev/shm
ln -s /proc/self/fd /run/.dev/fd
ln -s pts/ptmx /run/.dev/ptmx
for stream in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/\${stream%:*}" "/run/.dev/\${stream#*:}"; done
mount --move /run/.dev /dev
mount -t sysfs sysfs /sys
echo ready
exec env -i "${MARK}=$2" PATH="$PATH" env --ignore-signal=CHLD sleep infinity
`;

export class Box {
  readonly #keeper: ChildProcess;
  readonly #gone: Promise<void>;

  private constructor(
    /** The init's process id, as seen from the machine. */
    readonly pid: number,
    keeper: ChildProcess,
    gone: Promise<void>,
  ) {
    this.#keeper = keeper;
    this.#gone = gone;
  }

  /**
   * Opens a box and waits until it is furnished (some 50 ms). Needs root.
   * @throws with what the kernel or `mount` said, or when it is not ready within 10 s.
   */
  static async open(lab: string, hostname: string): Promise<Box> {
    const unshare = ["unshare", "--net", "--pid", "--fork", "--mount", "--uts", "--mount-proc", "--kill-child=KILL"];
    const init = ["sh", "-c", INIT_SCRIPT, "init", hostname, `${lab}/${hostname}/${process.pid}`];
    // In a session of its own: Ctrl-C at a terminal is for the program that uses the lab, not for its boxes.
    const keeper = spawn("setpriv", ["--pdeathsig", "KILL", ...unshare, ...init], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const gone = new Promise<void>((resolve) => keeper.once("close", () => resolve()));
    try {
      await ready(keeper);
    } catch (error) {
      keeper.kill("SIGKILL");
      throw error;
    }
    const [pid] = childrenOf(keeper.pid!);
    if (pid === undefined) throw new Error(`box ${hostname}: its init died at once`);
    keeper.unref();
    for (const stream of [keeper.stdout, keeper.stderr] as unknown as { unref(): void }[]) stream.unref();
    return new Box(pid, keeper, gone);
  }

  /** The command line that runs `argv` inside, in its root directory or in `cwd`. */
  enter(argv: readonly string[], cwd?: string): string[] {
    const directory = cwd === undefined ? [] : [`--wd=${this.path(cwd)}`];
    return ["nsenter", "-t", `${this.pid}`, "-n", "-p", "-m", "-u", ...directory, "--", ...argv];
  }

  /** A path of the box's file system as the machine reaches it. */
  path(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  get isAlive(): boolean {
    return this.#keeper.exitCode === null && this.#keeper.signalCode === null;
  }

  /** Kills everything inside at once. Resolves when the last process is gone. @throws if that takes over 5 s. */
  async kill(): Promise<void> {
    if (!this.isAlive) return;
    this.#keeper.ref();
    signalIfAlive(this.pid, "SIGKILL");
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const message = `box with init ${this.pid} did not die in ${DEATH_DEADLINE_MS} ms`;
      timer = setTimeout(() => reject(new Error(message)), DEATH_DEADLINE_MS);
    });
    await Promise.race([this.#gone, late]).finally(() => clearTimeout(timer));
  }
}

function ready(keeper: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let errors = "";
    const fail = (why: string) => reject(new Error(`cannot open a box (root is needed): ${why} ${errors}`.trim()));
    const timer = setTimeout(() => fail(`not ready after ${BOOT_DEADLINE_MS} ms`), BOOT_DEADLINE_MS);
    keeper.stderr!.on("data", (chunk: Buffer) => {
      errors += chunk;
    });
    keeper.stdout!.once("data", () => {
      clearTimeout(timer);
      resolve();
    });
    keeper.once("error", (error) => {
      clearTimeout(timer);
      fail(error.message);
    });
    keeper.once("close", (code) => {
      clearTimeout(timer);
      fail(`exit ${code}`);
    });
  });
}

/**
 * Kills boxes whose maker is gone. There should be none, see above; this is for a maker that was stopped between
 * `fork` and `prctl`, or one whose box was adopted by hand.
 * @returns the names of the boxes that were killed, as `<lab>/<box>`.
 */
export function sweepBoxes(labPrefix: string): string[] {
  const swept: string[] = [];
  for (const entry of readdirSync("/proc")) {
    const mark = /^\d+$/.test(entry) ? markOf(entry) : undefined;
    if (mark === undefined || !mark.startsWith(labPrefix)) continue;
    const maker = Number(mark.slice(mark.lastIndexOf("/") + 1));
    if (isRunning(maker)) continue;
    signalIfAlive(Number(entry), "SIGKILL");
    swept.push(mark.slice(0, mark.lastIndexOf("/")));
  }
  return swept;
}

function markOf(pid: string): string | undefined {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    return environment.find((variable) => variable.startsWith(`${MARK}=`))?.slice(MARK.length + 1);
  } catch {
    return undefined; // Gone meanwhile.
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
