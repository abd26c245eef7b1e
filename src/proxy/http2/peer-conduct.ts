/** What a peer may cost us (RFC 9113 §10.5). Each method returns 0, or the ErrorCode that ends the connection. */
import { Allowance } from "./allowance.js";
import { ErrorCode } from "./error-code.js";

/** PING, SETTINGS: each wants an answer. gRPC measures bandwidth with PINGs, a few for each round trip. */
const QUESTIONS = { burst: 500, perSecond: 100 };
/**
 * Streams that come to nothing, be it that the peer resets them or makes us do so ("rapid reset"). Those that come to
 * an end make up for as many: clients of gRPC that hedge their requests cancel every other one.
 */
const RESETS = { burst: 200, perSecond: 50 };
/** Frames that say nothing: empty DATA, PRIORITY, unknown types, what concerns closed streams. */
const IDLE_FRAMES = { burst: 1000, perSecond: 200 };
/**
 * WINDOW_UPDATE: so many at once, and for each message part that we send. Firefox widens the window of every stream, also
 * where no body follows; simple readers give credit for each buffer of a hundred octets that they empty, twice.
 */
const UPDATES = 1000;
const UPDATES_PER_FRAME = 10;
const OCTETS_PER_UPDATE = 64;

export class PeerConduct {
  readonly #questions = new Allowance(QUESTIONS.burst, QUESTIONS.perSecond);
  readonly #resets = new Allowance(RESETS.burst, RESETS.perSecond);
  readonly #idleFrames = new Allowance(IDLE_FRAMES.burst, IDLE_FRAMES.perSecond);
  #updatesLeft = UPDATES;

  onQuestion(now: number): number {
    return verdict(this.#questions.spend(now));
  }

  onReset(now: number): number {
    return verdict(this.#resets.spend(now));
  }

  onStreamDone(): void {
    this.#resets.giveBack();
  }

  onIdleFrame(now: number): number {
    return verdict(this.#idleFrames.spend(now));
  }

  onWindowUpdate(): number {
    return verdict(this.#updatesLeft-- > 0);
  }

  /** We have sent HEADERS or DATA of so many octets, for which it may give us credit again. */
  onSent(octets: number): void {
    const earned = UPDATES_PER_FRAME + Math.floor(octets / OCTETS_PER_UPDATE);
    this.#updatesLeft = Math.min(UPDATES, this.#updatesLeft + earned);
  }
}

const verdict = (isWithinBounds: boolean): number => (isWithinBounds ? 0 : ErrorCode.ENHANCE_YOUR_CALM);
