/** What a test says: three values, for a client may not have sent enough yet. */
export const Verdict = { fail: 0, unknown: 1, pass: 2 } as const;
