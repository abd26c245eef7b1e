/** The rules of one frontend, ready to be asked (configuration manual §4.2). */
import type {
  ConnectionAction,
  ContentAction,
  Rule,
  FrontendRules as Settings,
} from "../../config/haproxy/rules/model.js";
import { compileCondition, type Test } from "./condition.js";
import type { Evidence } from "./evidence.js";
import { HttpRequestRules } from "./http-request-rules.js";
import { Verdict } from "./verdict.js";

interface CompiledRule<Action> {
  readonly action: Action;
  readonly test: Test;
}

const compile = <Action>({ action, condition }: Rule<Action>): CompiledRule<Action> => ({
  action,
  test: compileCondition(condition),
});

/** How to go on with a client that has been accepted. */
export interface Admission {
  readonly action: "accept" | "reject" | "silent-drop";
  /** It begins with a PROXY header. */
  readonly expectsProxy: boolean;
}

/** `undefined`: more bytes decide. */
export type Inspection = ContentAction | undefined;

/** @template Backend whatever requests are sent to */
export class FrontendRules<Backend> {
  /** Milliseconds that content rules wait for bytes. */
  readonly inspectDelay: number;
  readonly hasConnectionRules: boolean;
  readonly hasContentRules: boolean;
  /** A request must be looked at to know where it goes. */
  readonly needRequest: boolean;
  /** Asked once the others have let the request pass. */
  readonly httpRequest: HttpRequestRules;
  readonly #connection: readonly CompiledRule<ConnectionAction>[];
  readonly #content: readonly CompiledRule<ContentAction>[];
  readonly #backends: readonly CompiledRule<Backend>[];

  /** @param fallback where no `use_backend` leads elsewhere: `default_backend` */
  constructor(
    settings: Settings,
    backends: readonly Backend[],
    readonly fallback: Backend | undefined,
  ) {
    this.inspectDelay = settings.inspectDelay;
    this.#connection = settings.connection.map(compile);
    this.#content = settings.content.map(compile);
    this.#backends = settings.useBackend.map(({ action, condition }) =>
      compile({ action: backends[action.backend]!, condition }),
    );
    this.hasConnectionRules = this.#connection.length > 0;
    this.hasContentRules = this.#content.length > 0;
    this.httpRequest = new HttpRequestRules(settings.httpRequest);
    this.needRequest = this.hasContentRules || this.#backends.length > 0 || !this.httpRequest.isEmpty;
  }

  /** `tcp-request connection`. Without a rule that holds, a client is accepted. */
  admit(evidence: Evidence): Admission {
    let expectsProxy = false;
    for (const { action, test } of this.#connection) {
      if (test(evidence) !== Verdict.pass) continue;
      if (action !== "expect-proxy") return { action, expectsProxy };
      expectsProxy = true;
    }
    return { action: "accept", expectsProxy };
  }

  /** `tcp-request content`. A rule that cannot be decided yet holds up those behind it. */
  inspect(evidence: Evidence): Inspection {
    for (const { action, test } of this.#content) {
      const verdict = test(evidence);
      if (verdict === Verdict.unknown) return undefined;
      if (verdict === Verdict.pass) return action;
    }
    return "accept";
  }

  /** The first `use_backend` that holds, else `default_backend`. */
  chooseBackend(evidence: Evidence): Backend | undefined {
    for (const { action, test } of this.#backends) if (test(evidence) === Verdict.pass) return action;
    return this.fallback;
  }
}
