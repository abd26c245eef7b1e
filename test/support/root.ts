/** For `test(name, { skip: needsRoot }, …)`: a reason to skip, or false. Under CI=true nothing is skipped. */
const isRoot = process.platform === "linux" && process.getuid?.() === 0;

export const needsRoot: string | false =
  isRoot || process.env.CI === "true" ? false : "needs root on Linux, to make network namespaces";
