/** Holds the plumbing until SIGTERM, as the proxy's process does: prints its log, then `installed NUMBER` or `failed …`. */
import { installTransparentPlumbing } from "../../src/proxy/transparent-plumbing.js";

const log = { notice: (text: string) => console.log(text), warning: (text: string) => console.log(`warning: ${text}`) };
try {
  const plumbing = installTransparentPlumbing(log);
  process.on("SIGTERM", () => {
    plumbing.remove();
    process.exit(0);
  });
  setInterval(() => {}, 1_000_000);
  console.log(`installed ${plumbing.number}`);
} catch (error) {
  console.log(`failed ${(error as Error).name} ${(error as Error).message}`);
  process.exit(1);
}
