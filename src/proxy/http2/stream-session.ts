/** The session of one request that came over HTTP/2. */
import type { ClientAddress } from "../client-address.js";
import { HttpSession } from "../http-session.js";
import type { FrontendRuntime } from "../runtime.js";
import type { SessionContext } from "../session.js";
import type { Http2Stream } from "./stream.js";

export class StreamSession extends HttpSession {
  readonly #requestLine: string | undefined;

  /**
   * @param requestLine as the log has it; undefined: there is no log
   * @param earlier requests of the same connection
   */
  constructor(
    context: SessionContext,
    frontend: FrontendRuntime,
    readonly stream: Http2Stream,
    address: ClientAddress,
    requestLine: string | undefined,
    earlier: number,
  ) {
    super(context, frontend, stream, address);
    this.#requestLine = requestLine;
    this.requests = earlier;
  }

  protected override describeRequest(): string {
    return this.#requestLine ?? super.describeRequest();
  }
}
