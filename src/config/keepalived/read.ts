/** keepalived.conf → `KeepalivedConfiguration`. */
import type { Diagnostics, SourceFile } from "../diagnostics.js";

import { checkConfiguration } from "./check.js";
import type { Reading } from "./declare.js";
import { defaultGlobal, emptyConfiguration } from "./defaults.js";
import { resolveInstance } from "./instance.js";
import { interpret } from "./interpret.js";
import { type FileDraft, newFileDraft, top } from "./keywords/top.js";
import type { ScriptDraft } from "./keywords/vrrp-script.js";
import type { KeepalivedConfiguration, VrrpScript } from "./model.js";
import { parseTree } from "./tree.js";

/**
 * Reads the files of one configuration, in their order, as keepalived.conf(5) describes them. Never throws: every
 * mistake goes into `diagnostics`, all of them in one run. With errors, the result holds what could be read and must
 * not be run. Unlike keepalived, which wants `global_defs` first, takes it from anywhere.
 */
export function readKeepalived(files: readonly SourceFile[], diagnostics: Diagnostics): KeepalivedConfiguration {
  const reading: Reading = { diagnostics, root: top };
  const draft = newFileDraft();
  for (const file of files) interpret(parseTree(file, top, diagnostics), top, draft, reading);
  checkConfiguration(draft, diagnostics);
  return resolve(draft, diagnostics);
}

function resolve(draft: FileDraft, diagnostics: Diagnostics): KeepalivedConfiguration {
  const { routerId, enableScriptSecurity, scriptUser } = draft.global;
  const weights = new Map(draft.scripts.map((script) => [script.name, script.weight]));
  return {
    global: { ...defaultGlobal, routerId, enableScriptSecurity, scriptUser },
    scripts: draft.scripts.filter((script) => script.argv.length > 0).map(resolveScript),
    instances: draft.instances
      .map((instance) => resolveInstance(instance, draft.global, weights, diagnostics))
      .filter((instance) => instance !== undefined),
    ...emptyConfiguration,
  };
}

function resolveScript(draft: ScriptDraft): VrrpScript {
  const { name, argv, interval, timeout, weight, rise, fall, user, initFail, span } = draft;
  return {
    name,
    argv,
    interval,
    timeout: timeout ?? interval,
    weight,
    reverse: false,
    rise,
    fall,
    user,
    initFail,
    span,
  };
}
