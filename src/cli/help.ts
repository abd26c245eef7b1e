/** `bascule help [COMMAND]` */
import { commands } from "./commands.js";
import { print } from "./console.js";

export async function run([topic]: readonly string[]): Promise<number> {
  const command = commands.find((each) => each.name === topic && each.name !== "help");
  // A command prints its own flags: they are declared beside it.
  if (command !== undefined && WITH_FLAGS.has(command.name)) {
    const { run: runCommand } = await command.load();
    return runCommand([command.name === "haproxy" ? "-h" : "--help"]);
  }
  const lines = commands.map((each) => [`  bascule ${each.name} ${each.usage}`.trimEnd(), each.summary] as const);
  print("Bascule keeps a virtual IP on one of two boxes and balances its traffic over servers.\n");
  for (const [left, summary] of lines) print(`${left}\n      ${summary}`);
  print("\nA symlink named haproxy or keepalived to this program acts as that program.");
  return 0;
}

const WITH_FLAGS = new Set(["run", "haproxy", "keepalived", "ctl", "check", "demo", "keywords"]);
