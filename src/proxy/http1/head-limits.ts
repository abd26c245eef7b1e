/** How large a head may be (`tune.bufsize`, `tune.maxrewrite`, `tune.http.maxhdr`). */
import type { HaproxyGlobal } from "../../config/haproxy/model.js";

/** What our own Connection field takes, whatever `tune.maxrewrite` says. */
const LEAST_HEADROOM = 64;

export class HeadLimits {
  /** Bytes in front of a head, for what is inserted into it. */
  readonly headroom: number;
  /** Bytes of a whole head. */
  readonly length: number;
  readonly fields: number;

  constructor({ bufferSize, maxRewrite, maxHeaders }: Pick<HaproxyGlobal, "bufferSize" | "maxRewrite" | "maxHeaders">) {
    this.headroom = Math.max(LEAST_HEADROOM, Math.min(maxRewrite, bufferSize / 2));
    this.length = bufferSize - this.headroom;
    // HAProxy counts the first line among them.
    this.fields = Math.max(1, maxHeaders - 1);
  }
}
