/** Conditions, compiled once into functions of what is known of a client. */
import type { AclTest, Condition, Term } from "../../config/haproxy/rules/model.js";
import { converting } from "./converters.js";
import type { Evidence } from "./evidence.js";
import { TAKE } from "./fetches.js";
import { compileMatcher } from "./matchers.js";
import { Verdict } from "./verdict.js";

/** One of `Verdict`; never unknown when the evidence is final. */
export type Test = (evidence: Evidence) => number;

/** @param condition undefined: always */
export function compileCondition(condition: Condition | undefined): Test {
  if (condition === undefined) return () => Verdict.pass;
  const alternatives = condition.alternatives.map((terms) => allOf(terms.map(compileTerm)));
  const test = anyOf(alternatives);
  return condition.negated ? not(test) : test;
}

function compileTerm({ negated, tests }: Term): Test {
  const test = anyOf(tests.map(compileTest));
  return negated ? not(test) : test;
}

function compileTest({ sample, matcher }: AclTest): Test {
  const take = TAKE[sample.fetch];
  const accepts = converting(sample.converters, compileMatcher(matcher));
  // Names of header fields, the only arguments there are, are compared in lower case.
  const argument = sample.argument?.toLowerCase() ?? "";
  return (evidence) => take(evidence, accepts, argument);
}

const not =
  (test: Test): Test =>
  (evidence) =>
    Verdict.pass - test(evidence);

/** The first that does not pass decides: what stands behind it is not even looked at. */
const allOf =
  (tests: readonly Test[]): Test =>
  (evidence) => {
    for (const test of tests) {
      const verdict = test(evidence);
      if (verdict !== Verdict.pass) return verdict;
    }
    return Verdict.pass;
  };

/** Passes if one does; as long as one may yet, it is unknown. */
const anyOf =
  (tests: readonly Test[]): Test =>
  (evidence) => {
    let result: number = Verdict.fail;
    for (const test of tests) {
      const verdict = test(evidence);
      if (verdict > result) result = verdict;
      if (result === Verdict.pass) break;
    }
    return result;
  };
