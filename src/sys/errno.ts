import { errnoNumbers } from "./libc.js";

const number = (name: string): number => {
  const value = errnoNumbers[name];
  if (value === undefined) throw new RangeError(`no errno is named ${name}`);
  return value;
};

export const EINTR = number("EINTR");
export const EAGAIN = number("EAGAIN");
export const EINVAL = number("EINVAL");
export const EEXIST = number("EEXIST");
export const ENOENT = number("ENOENT");
export const EPERM = number("EPERM");
export const EPIPE = number("EPIPE");
export const EMFILE = number("EMFILE");
export const ENFILE = number("ENFILE");
export const ENOBUFS = number("ENOBUFS");
export const EADDRINUSE = number("EADDRINUSE");
export const EADDRNOTAVAIL = number("EADDRNOTAVAIL");
export const ECONNREFUSED = number("ECONNREFUSED");
export const ECONNRESET = number("ECONNRESET");
export const ECONNABORTED = number("ECONNABORTED");
export const EINPROGRESS = number("EINPROGRESS");
export const ETIMEDOUT = number("ETIMEDOUT");
export const ENODEV = number("ENODEV");
export const ESRCH = number("ESRCH");
export const ENETDOWN = number("ENETDOWN");

const names = new Map(Object.entries(errnoNumbers).map(([name, value]) => [value, name]));

/** `ECONNREFUSED` for 111, `errno 999` for what has no name. */
export const errnoName = (errno: number): string => names.get(errno) ?? `errno ${errno}`;

/** What strerror(3) says of the errors that operators meet in our messages. */
const texts: Readonly<Record<string, string>> = {
  EACCES: "Permission denied",
  EADDRINUSE: "Address already in use",
  EADDRNOTAVAIL: "Cannot assign requested address",
  EBADF: "Bad file descriptor",
  ECONNABORTED: "Connection aborted",
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  EHOSTDOWN: "Host is down",
  EHOSTUNREACH: "No route to host",
  EINVAL: "Invalid argument",
  EISDIR: "Is a directory",
  EMFILE: "Too many open files",
  ENETDOWN: "Network is down",
  ENETUNREACH: "Network is unreachable",
  ENODEV: "No such device",
  ENOENT: "No such file or directory",
  EPERM: "Operation not permitted",
  ETIMEDOUT: "Connection timed out",
};

export const errnoText = (errno: number): string => texts[errnoName(errno)] ?? errnoName(errno);

/** A system call failed where it should not. */
export class SystemError extends Error {
  readonly errno: number;
  readonly code: string;
  readonly syscall: string;

  constructor(errno: number, syscall: string, about?: string) {
    super(`${syscall}${about === undefined ? "" : ` ${about}`}: ${errnoText(errno)} (${errnoName(errno)})`);
    this.errno = errno;
    this.code = errnoName(errno);
    this.syscall = syscall;
  }
}

/** Passes a result through, or throws what a negative one stands for. For set-up, not for the hot path. */
export function check(result: number, syscall: string, about?: string): number {
  if (result < 0) throw new SystemError(-result, syscall, about);
  return result;
}
