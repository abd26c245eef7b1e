/** What a process or thread may set about itself (prctl(2), sched(7), chroot(2), unshare(2)). */
import { check } from "./errno.js";
import { declare, declareWithString } from "./libc.js";
import { allocate, cString, words } from "./memory.js";

const PR_SET_PDEATHSIG = 1;
const PR_SET_NAME = 15;
const SCHED_OTHER = 0;
const SCHED_RR = 2;
/** What the thread starts, processes and threads, is ordinary. */
const SCHED_RESET_ON_FORK = 0x40000000;
const CLONE_FS = 0x200;
const RLIMIT_NOFILE = 7;
const RLIMIT_CORE = 4;
const RLIM_INFINITY = 0xffffffffffffffffn;

const nativePrctl = declare("prctl", ["int", "uintptr_t", "uintptr_t", "uintptr_t", "uintptr_t"]);
const nativeScheduler = declare("sched_setscheduler", ["int", "int", "uintptr_t"]);
const nativeChroot = declareWithString("chroot", ["str"]);
const nativeChdir = declareWithString("chdir", ["str"]);
const nativeUnshare = declare("unshare", ["int"]);
const nativeGetrlimit = declare("getrlimit", ["int", "uintptr_t"]);
const nativeSetrlimit = declare("setrlimit", ["int", "uintptr_t"]);
const nativeGettid = declare("gettid", []);
const nativeSyscall = declare("syscall", ["long", "long", "long"]);
/** The same number on every architecture (Linux 5.3). */
const SYS_PIDFD_OPEN = 434;
const nativeAffinity = declare("sched_setaffinity", ["int", "size_t", "uintptr_t"]);
const nativePriority = declare("setpriority", ["int", "int", "int"]);
const PRIO_PROCESS = 0;
const nativeDup2 = declare("dup2", ["int", "int"]);

/** The name of the calling thread, at most 15 bytes; the main thread's is what `pidof` and `killall` look for. */
export function setThreadName(name: string): void {
  nativePrctl(PR_SET_NAME, cString(name).address, 0, 0, 0);
}

/** The kernel sends `signal` to this process when the thread that started it dies. */
export function setParentDeathSignal(signal: number): void {
  check(nativePrctl(PR_SET_PDEATHSIG, signal, 0, 0, 0), "prctl");
}

/**
 * Puts the calling thread under the real-time round-robin scheduler.
 * @returns 0, or a negated errno: -EPERM without CAP_SYS_NICE.
 */
export const setRealTime = (priority: number): number => setScheduler(SCHED_RR, priority);

/** The same, but the processes and threads that it starts are ordinary ones. */
export const setRealTimeAlone = (priority: number): number => setScheduler(SCHED_RR | SCHED_RESET_ON_FORK, priority);

/** Puts the calling thread under the ordinary scheduler, and whom it starts with it. @returns 0 or a negated errno. */
export const endRealTime = (): number => setScheduler(SCHED_OTHER, 0);

/**
 * Has the calling thread go before others of the ordinary scheduler; the processes and threads that it starts have
 * nice value 0. @returns 0 or a negated errno.
 */
export function setNicenessAlone(niceness: number): number {
  const result = setScheduler(SCHED_OTHER | SCHED_RESET_ON_FORK, 0);
  return result < 0 ? result : setNiceness(niceness);
}

function setScheduler(policy: number, priority: number): number {
  const parameter = allocate(64);
  words(parameter)[0] = priority;
  return nativeScheduler(0, policy, parameter.address);
}

/** A descriptor that is readable once the process has ended (pidfd_open(2)). @returns it, or a negated errno. */
export const openPidfd = (pid: number): number => nativeSyscall(SYS_PIDFD_OPEN, pid, 0);

/** Lets the calling thread run on these processors only. @returns 0 or a negated errno. */
export function setAffinity(cpus: readonly number[]): number {
  const set = allocate(128); // cpu_set_t: 1,024 bits
  set.bytes.fill(0);
  for (const cpu of cpus) if (cpu < 1024) set.bytes[cpu >> 3]! |= 1 << (cpu & 7);
  return nativeAffinity(0, 128, set.address);
}

/** -20 to 19, of the calling thread. @returns 0 or a negated errno. */
export const setNiceness = (niceness: number): number => nativePriority(PRIO_PROCESS, nativeGettid(), niceness);

/**
 * Confines the calling thread to `directory`; the other threads of the process keep their root (CLONE_FS).
 * @returns 0 or a negated errno.
 */
export function chrootThread(directory: string): number {
  const unshared = nativeUnshare(CLONE_FS);
  if (unshared < 0) return unshared;
  const changed = nativeChroot(directory);
  return changed < 0 ? changed : nativeChdir("/");
}

/**
 * Makes the descriptor `number` another one for what `fd` stands for. In one step: threads share their descriptors, and
 * between a close and an open another one could be given the number for a connection.
 */
export function replaceDescriptor(number: number, fd: number): void {
  check(nativeDup2(fd, number), "dup2");
}

/** Lets the kernel write a core dump of any size when this process crashes. @returns 0 or a negated errno. */
export function allowCores(): number {
  const memory = allocate(64);
  new BigUint64Array(memory.bytes.buffer, memory.bytes.byteOffset, 2).fill(RLIM_INFINITY);
  return nativeSetrlimit(RLIMIT_CORE, memory.address);
}

/** Raises the limit of open files to `wanted`, or as far as it goes. Returns what is in force. */
export function raiseFileLimit(wanted: number): number {
  const memory = allocate(64);
  const limits = new BigUint64Array(memory.bytes.buffer, memory.bytes.byteOffset, 2);
  check(nativeGetrlimit(RLIMIT_NOFILE, memory.address), "getrlimit");
  const [soft, hard] = [Number(limits[0]), Number(limits[1])];
  if (soft >= wanted) return soft;
  limits[0] = BigInt(wanted);
  limits[1] = BigInt(Math.max(hard, wanted));
  if (nativeSetrlimit(RLIMIT_NOFILE, memory.address) >= 0) return wanted;
  limits[0] = BigInt(Math.min(wanted, hard));
  limits[1] = BigInt(hard);
  return nativeSetrlimit(RLIMIT_NOFILE, memory.address) >= 0 ? Number(limits[0]) : soft;
}
