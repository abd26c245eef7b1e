/** `retry-on`: after which failures a request may be sent again (configuration manual §4.2). */
import type { ProxyDraft } from "./draft.js";
import type { RetryOn } from "./model.js";
import type { Statement } from "./statement.js";
import { suggest } from "./suggest.js";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export const initialRetryOn: RetryOn = {
  connFailure: true,
  emptyResponse: false,
  junkResponse: false,
  responseTimeout: false,
  statuses: [],
};

const NOTHING: RetryOn = { ...initialRetryOn, connFailure: false };

/** Those that HAProxy takes; the last two came later than the others. */
const STATUSES = [401, 403, 404, 408, 425, 500, 501, 502, 503, 504, 421, 429];

const EVENTS: Readonly<Record<string, Partial<RetryOn>>> = {
  "conn-failure": { connFailure: true },
  "empty-response": { emptyResponse: true },
  "junk-response": { junkResponse: true },
  "response-timeout": { responseTimeout: true },
  // Servers get no early data from us, so they cannot reject any.
  "0rtt-rejected": {},
  "all-retryable-errors": {
    connFailure: true,
    emptyResponse: true,
    junkResponse: true,
    responseTimeout: true,
    statuses: [500, 502, 503, 504],
  },
};

/** The line replaces what an earlier one, or `defaults`, said. */
export function readRetryOn(statement: Statement, proxy: ProxyDraft): void {
  const { args, diagnostics } = statement;
  let retryOn: Mutable<RetryOn> = { ...NOTHING };
  for (const { text, span } of args) {
    if (text === "none") {
      if (args.length > 1) statement.error("bad-value", span, "retry-on none stands alone");
      continue;
    }
    const event = STATUSES.includes(Number(text)) ? { statuses: [Number(text)] } : EVENTS[text];
    if (event === undefined) {
      const meant = suggest(diagnostics, text, Object.keys(EVENTS));
      statement.error("bad-value", span, `a request cannot be retried on "${text}"`, {
        cause: `there are: none, ${Object.keys(EVENTS).join(", ")}, ${STATUSES.join(", ")}`,
        ...(meant === undefined ? {} : { remedy: `did you mean "${meant}"?` }),
      });
      continue;
    }
    retryOn = { ...retryOn, ...event, statuses: [...retryOn.statuses, ...(event.statuses ?? [])] };
  }
  proxy.settings.retryOn = retryOn;
}
