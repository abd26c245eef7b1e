/** `USER [[:]GROUP]`, as script_user, a script's own user and the owner of a FIFO are written. */
import type { Reading } from "../declare.js";
import type { Word } from "../lexer.js";
import type { ScriptUser } from "../model.js";
import { refusePlanned, reportExtra, reportMissing } from "../report.js";
import type { Statement } from "../tree.js";

export const USER_FORM = "USER [[:]GROUP]";

/** undefined once a mistake has been reported. Whether the user exists is only known where the script runs. */
export function readUser(statement: Statement, reading: Reading): ScriptUser | undefined {
  const [user, group] = statement.arguments;
  if (user === undefined) {
    reportMissing(statement, USER_FORM, reading);
    return undefined;
  }
  reportExtra(statement, 2, reading);
  return userOf(user, group, reading);
}

/** `:GROUP` is with all groups that the user belongs to; `:` alone with them and the user's own. */
export function userOf(user: Word, group: Word | undefined, reading: Reading): ScriptUser {
  const supplementaryGroups = group?.text.startsWith(":") === true;
  if (group !== undefined && supplementaryGroups) refusePlanned(group, reading, ":GROUP");
  const name = supplementaryGroups ? group?.text.slice(1) : group?.text;
  return { user: user.text, group: name === "" ? undefined : name, supplementaryGroups };
}
