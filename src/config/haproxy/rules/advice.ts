/** Rules that ask about bytes before any has come: valid, and a trap that many have stepped into. */
import type { Diagnostics } from "../../diagnostics.js";
import type { ProxyDraft } from "../draft.js";
import { FETCHES } from "./fetches.js";
import type { Condition } from "./model.js";
import { fetchesOf } from "./tcp-request.js";

/** For a frontend in mode tcp; in mode http the request is there when its rules are asked. */
export function adviseInspection({ rules }: ProxyDraft, diagnostics: Diagnostics): void {
  const waiting = rules.content.find(({ condition }) => looksAtContent(condition));
  if (waiting !== undefined && rules.inspectDelay === 0)
    diagnostics.report({
      severity: "warning",
      code: "no-inspect-delay",
      span: waiting.span,
      message: "this rule asks about bytes and does not wait for any",
      cause: "it is decided as soon as the client is accepted",
      remedy: "write above it: tcp-request inspect-delay 5s",
    });
  const choosing = rules.useBackend.find(({ condition }) => looksAtContent(condition));
  if (choosing !== undefined && waiting === undefined)
    diagnostics.report({
      severity: "warning",
      code: "no-inspection",
      span: choosing.action.span,
      message: "this rule asks about bytes that nothing has waited for",
      cause: "use_backend is decided as soon as no tcp-request content rule waits",
      remedy: "write: tcp-request inspect-delay 5s, and: tcp-request content accept if { req.ssl_hello_type 1 }",
    });
}

const looksAtContent = (condition: Condition | undefined): boolean =>
  condition !== undefined && fetchesOf(condition).some((name) => FETCHES[name].level === "content");
