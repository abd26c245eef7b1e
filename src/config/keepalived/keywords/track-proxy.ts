/** `track_proxy { … }`: Bascule's own. The proxy that runs beside the engine is asked, and no process is started. */
import type { Span } from "../../diagnostics.js";
import { integer, readWord, text } from "../arguments.js";
import { type Draft, type Keyword, keywordsFor } from "../declare.js";
import type { TrackedProxy, Weight } from "../model.js";
import { reportExtra, reportMissing } from "../report.js";
import { readWeight, WEIGHT_FORM } from "./weight.js";

export interface TrackProxyDraft extends Draft {
  readonly frontends: string[];
  readonly minimumUp: TrackedProxy["minimumUp"][number][];
  weight: Weight;
  readonly span: Span;
}

const { custom } = keywordsFor<TrackProxyDraft>();

const keywords: readonly Keyword<TrackProxyDraft>[] = [
  custom({
    name: "frontend",
    arguments: "NAME",
    repeats: true,
    read(draft, statement, reading) {
      const [name] = statement.arguments;
      if (name === undefined) reportMissing(statement, "NAME", reading);
      else draft.frontends.push(name.text);
      reportExtra(statement, 1, reading);
    },
    otherwise: "all",
    doc: "All listeners of this frontend are bound.",
  }),
  custom({
    name: "min_up",
    arguments: "BACKEND NUMBER",
    repeats: true,
    read(draft, statement, reading) {
      const [backend, count] = statement.arguments;
      if (backend === undefined || count === undefined) {
        reportMissing(statement, "BACKEND NUMBER", reading);
        return;
      }
      reportExtra(statement, 2, reading);
      const servers = readWord(count, integer({ what: "min_up", min: 1, max: 65_535 }), reading.diagnostics);
      const name = readWord(backend, text("BACKEND"), reading.diagnostics);
      if (servers !== undefined && name !== undefined) draft.minimumUp.push({ backend: name, servers });
    },
    doc: "At least so many servers of this backend are up.",
  }),
  custom({
    name: "weight",
    arguments: WEIGHT_FORM,
    otherwise: "0",
    read(draft, statement, reading) {
      draft.weight = readWeight(statement.arguments, statement, reading) ?? draft.weight;
    },
    doc: "0: a fault while any of it does not hold.",
  }),
];

export function trackProxyKeyword<D extends Draft & { trackProxy: TrackProxyDraft | undefined }>(): Keyword<D> {
  const { block } = keywordsFor<Draft & { trackProxy: TrackProxyDraft | undefined }>();
  return block({
    name: "track_proxy",
    keywords,
    open(draft, statement) {
      draft.trackProxy = {
        written: new Map(),
        frontends: [],
        minimumUp: [],
        weight: { weight: 0, reverse: false },
        span: statement.keyword.span,
      };
      return draft.trackProxy;
    },
    doc: "Bascule's own: the proxy beside the engine is alive, and what is written here holds. keepalived knows no such block; begin its lines with @bascule to keep the file readable for both.",
  });
}
