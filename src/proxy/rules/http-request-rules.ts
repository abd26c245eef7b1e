/** `http-request` rules of one proxy, ready to be asked (configuration manual §4.2). */
import type { HttpRequestAction, Rule } from "../../config/haproxy/rules/model.js";
import type { ErrorPage } from "../error-pages.js";
import { compileCondition, type Test } from "./condition.js";
import type { Evidence } from "./evidence.js";
import { replyPage } from "./reply-page.js";
import { Verdict } from "./verdict.js";

/** A request that does not go to a server is answered otherwise … */
export interface AnsweringRuling {
  readonly kind: "return" | "deny" | "tarpit";
  readonly status: number;
  /** Undefined: the proxy's own for the status. */
  readonly page: ErrorPage | undefined;
}

/** … or not at all. */
export type Ruling = AnsweringRuling | { readonly kind: "reject" | "silent-drop" };

export const hasAnswer = (ruling: Ruling): ruling is AnsweringRuling => "status" in ruling;

/** What rules may say of a request without ending it. */
export interface RequestMarks {
  /** `disable-l7-retry`: it is sent again only where no connection could be had. */
  isSentOnce: boolean;
}

interface CompiledRule {
  readonly test: Test;
  readonly action: "allow" | "disable-l7-retry" | Ruling;
}

export class HttpRequestRules {
  readonly #rules: readonly CompiledRule[];

  constructor(rules: readonly Rule<HttpRequestAction>[]) {
    this.#rules = rules.map(({ action, condition }) => ({
      test: compileCondition(condition),
      action: compile(action),
    }));
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /** Asks one rule after the other up to the first that decides. Undefined: the request goes on. */
  judge(evidence: Evidence, marks: RequestMarks): Ruling | undefined {
    for (const { test, action } of this.#rules) {
      if (test(evidence) !== Verdict.pass) continue;
      if (action === "allow") return undefined;
      if (action !== "disable-l7-retry") return action;
      marks.isSentOnce = true;
    }
    return undefined;
  }
}

function compile(action: HttpRequestAction): CompiledRule["action"] {
  switch (action.kind) {
    case "allow":
    case "disable-l7-retry":
      return action.kind;
    case "reject":
    case "silent-drop":
      return { kind: action.kind };
    default:
      return { kind: action.kind, status: action.reply.status, page: replyPage(action.reply) };
  }
}
