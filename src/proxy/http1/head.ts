/** HTTP/1 heads, for those who use them. */
export { HeadError, headErrorText } from "./head-error.js";
export { NEED_MORE } from "./message-head.js";
export { FieldId, Method } from "./names.js";
export { MAX_SKIPPED, RequestHead } from "./request-head.js";
export { ResponseHead } from "./response-head.js";
