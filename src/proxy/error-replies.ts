/** The pages of one proxy, made once: its `errorfile`s, and the built-in ones. */
import type { ErrorFile } from "../config/haproxy/model.js";
import { builtInPage, type ErrorPage, pageOfFile } from "./error-pages.js";

export class ErrorPages {
  readonly #own = new Map<number, ErrorPage>();
  readonly #builtIn = new Map<number, ErrorPage>();

  constructor(files: readonly ErrorFile[]) {
    for (const { status, content } of files) if (content !== undefined) this.#own.set(status, pageOfFile(content));
  }

  /** The page for `status`: this proxy's page, else `other`'s, else the built-in one. */
  page(status: number, other: ErrorPages): ErrorPage {
    const own = this.#own.get(status) ?? other.#own.get(status);
    if (own !== undefined) return own;
    let page = this.#builtIn.get(status);
    if (page === undefined) {
      page = builtInPage(status);
      this.#builtIn.set(status, page);
    }
    return page;
  }
}
