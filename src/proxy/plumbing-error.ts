/** Why this host's network could not be prepared, and what an operator can do about it. */
export class PlumbingError extends Error {
  readonly reason: string;
  readonly remedy: string;

  constructor(reason: string, remedy: string) {
    super(`transparent proxying (usesrc) cannot be set up: ${reason}. ${remedy}`);
    this.name = "PlumbingError";
    this.reason = reason;
    this.remedy = remedy;
  }

  static noPermission(detail: string): PlumbingError {
    return new PlumbingError(
      `it needs the right to change this host's network (${detail})`,
      "start Bascule as root, or with CAP_NET_ADMIN and CAP_NET_RAW",
    );
  }
}
