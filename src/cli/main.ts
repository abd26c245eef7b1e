/** From the command line to a command: by the first word, or by the name that the program was called by. */
import { basename } from "node:path";
import { nearest } from "../config/diagnostics.js";
import { commands } from "./commands.js";
import { printError } from "./console.js";

/** A symlink of this name to `bin/bascule` acts as that program. */
const IMPERSONATED = ["haproxy", "keepalived"];

/** Runs `argv` (as `process.argv`: node, program, words) and ends the process with the command's exit code. */
export function main(argv: readonly string[]): void {
  const program = basename(argv[1] ?? "bascule");
  const words = IMPERSONATED.includes(program) ? [program, ...argv.slice(2)] : argv.slice(2);
  execute(words).then(
    (code) => process.exit(code),
    (error) => {
      // What is thrown is a fault of the program, so its stack is what the reader needs.
      printError(error instanceof Error ? (error.stack ?? error.message) : String(error));
      process.exit(70); // EX_SOFTWARE of sysexits.h
    },
  );
}

async function execute([name = "help", ...args]: readonly string[]): Promise<number> {
  const spelled = ALIASES[name] ?? name;
  const command = commands.find((each) => each.name === spelled);
  if (command === undefined) {
    const meant = nearest(
      name,
      commands.map((each) => each.name),
    );
    printError(`bascule: unknown command ${name}${meant === undefined ? "" : ` (did you mean ${meant}?)`}`);
    printError("`bascule help` lists the commands.");
    return 1;
  }
  const { run } = await command.load();
  return run(args);
}

const ALIASES: Readonly<Record<string, string>> = {
  "-h": "help",
  "--help": "help",
  "-v": "version",
  "--version": "version",
};
