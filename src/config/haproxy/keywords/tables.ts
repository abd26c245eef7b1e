/** All keywords of haproxy.cfg, ready to be looked up. */
import type { GlobalDraft, ProxyDraft } from "../draft.js";
import { KeywordTable } from "../keyword.js";
import { GLOBAL_KEYWORDS } from "./global.js";
import { PROXY_KEYWORDS } from "./proxy.js";

export const GLOBAL_TABLE = new KeywordTable<GlobalDraft>(GLOBAL_KEYWORDS);
export const PROXY_TABLE = new KeywordTable<ProxyDraft>(PROXY_KEYWORDS);
