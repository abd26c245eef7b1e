/** `USER [GROUP]`, as script_user and a script's own user take it. */
import type { Reading } from "../declare.js";
import type { ScriptUser } from "../model.js";
import { reportExtra, reportMissing } from "../report.js";
import type { Statement } from "../tree.js";

/** undefined once a mistake has been reported. Whether the user exists is only known where the script runs. */
export function readUser(statement: Statement, reading: Reading): ScriptUser | undefined {
  const [user, group] = statement.arguments;
  if (user === undefined) {
    reportMissing(statement, "USER [GROUP]", reading);
    return undefined;
  }
  reportExtra(statement, 2, reading);
  if (group?.text.startsWith(":") === true) {
    reading.diagnostics.report({
      severity: "error",
      code: "not-supported",
      span: group.span,
      message: "supplementary groups (:GROUP) are not supported yet",
      remedy: `write ${user.text} ${group.text.slice(1)}`.trimEnd(),
    });
    return undefined;
  }
  return { user: user.text, group: group?.text, supplementaryGroups: false };
}
