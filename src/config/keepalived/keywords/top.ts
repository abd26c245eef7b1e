/** The top of keepalived.conf: the blocks of which a file is made. */
import type { Span } from "../../diagnostics.js";
import { type Block, blockOf, type Draft, keywordsFor, type Reading } from "../declare.js";
import { reportExtra, reportMissing } from "../report.js";
import type { Statement } from "../tree.js";
import { type GlobalDraft, globalKeywords, newGlobalDraft } from "./global-defs.js";
import { plannedTop } from "./planned-blocks.js";
import { type InstanceDraft, instanceKeywords, newInstanceDraft } from "./vrrp-instance.js";
import { newScriptDraft, type ScriptDraft, scriptKeywords } from "./vrrp-script.js";

export interface FileDraft extends Draft {
  readonly global: GlobalDraft;
  readonly scripts: ScriptDraft[];
  readonly instances: InstanceDraft[];
  /** `vrrp_script NAME` and so on → where it was defined. */
  readonly defined: Map<string, Span>;
}

export const newFileDraft = (): FileDraft => ({
  written: new Map(),
  global: newGlobalDraft(),
  scripts: [],
  instances: [],
  defined: new Map(),
});

const { block } = keywordsFor<FileDraft>();

export const top: Block<FileDraft> = blockOf("", [
  block({
    name: "global_defs",
    keywords: globalKeywords,
    repeats: true,
    open: (draft) => draft.global,
    doc: "What holds for all instances. May stand anywhere, and several times.",
  }),
  block({
    name: "vrrp_script",
    arguments: "NAME",
    keywords: scriptKeywords,
    repeats: true,
    open: named((draft: FileDraft) => draft.scripts, newScriptDraft),
    doc: "A command whose result a VRRP instance may track.",
  }),
  block({
    name: "vrrp_instance",
    arguments: "NAME",
    keywords: instanceKeywords,
    repeats: true,
    open: named((draft: FileDraft) => draft.instances, newInstanceDraft),
    doc: "This host's part in a virtual router.",
  }),
  ...plannedTop,
]);

/** Opens a block that has a name; of two of one name, the second is an error. */
function named<T extends ScriptDraft | InstanceDraft>(
  drafts: (draft: FileDraft) => T[],
  create: (name: string, span: Span) => T,
) {
  return (draft: FileDraft, statement: Statement, reading: Reading): T => {
    const word = statement.arguments[0];
    if (word === undefined) reportMissing(statement, "NAME", reading);
    reportExtra(statement, 1, reading);
    const { text: name, span } = word ?? { text: "(no name)", span: statement.keyword.span };
    const what = `${statement.keyword.text} ${name}`;
    const before = draft.defined.get(what);
    if (word !== undefined && before !== undefined)
      reading.diagnostics.report({
        severity: "error",
        code: "duplicate-name",
        span,
        message: `${what} is defined on line ${before.line} already`,
        cause: "names tell them apart, in track_script and in the log",
        remedy: "rename one of the two",
      });
    draft.defined.set(what, before ?? span);
    const opened = create(name, span);
    drafts(draft).push(opened);
    return opened;
  };
}
