/** A connected Unix datagram socket: the way to a service manager and to syslog. Node has none of its own. */
import { AF_UNIX, unixAddress } from "../sys/address.js";
import { EAGAIN, ENOBUFS } from "../sys/errno.js";
import { allocate } from "../sys/memory.js";
import * as sys from "../sys/socket.js";

const LONGEST = 8192;

export class UnixDatagrams {
  readonly #fd: number;
  readonly #memory = allocate(LONGEST);

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Connects at once, so that a later chroot is no obstacle. @returns undefined if nobody listens at `path`. */
  static open(path: string): UnixDatagrams | undefined {
    const fd = sys.socket(AF_UNIX, sys.SOCK_DGRAM | sys.SOCK_CLOEXEC | sys.SOCK_NONBLOCK, 0);
    if (fd < 0) return undefined;
    if (sys.connect(fd, unixAddress(path)) >= 0) {
      sys.keepForLife(fd);
      return new UnixDatagrams(fd);
    }
    sys.close(fd);
    return undefined;
  }

  /** Text beyond 8 kB is cut. @returns false if the receiver is gone; a receiver that is behind misses this one. */
  send(text: string): boolean {
    const length = this.#memory.bytes.write(text, 0);
    const result = sys.send(this.#fd, this.#memory.address, length, sys.MSG_NOSIGNAL | sys.MSG_DONTWAIT);
    return result >= 0 || result === -EAGAIN || result === -ENOBUFS;
  }

  close(): void {
    sys.close(this.#fd);
  }
}
