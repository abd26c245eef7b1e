/** `bascule ctl`: commands for a running `bascule run`. */
import { connect } from "node:net";
import { controlPath, DEFAULT_CONTROL_PATH, parseControlCommand } from "../supervisor/control-socket.js";
import { print, printError } from "./console.js";
import { describeFlags, type FlagTable, parseFlags } from "./flags.js";

export const controlFlag = {
  names: ["--control"],
  value: "PATH",
  help: `the supervisor's socket (or BASCULE_CONTROL in the environment; ${DEFAULT_CONTROL_PATH})`,
} as const;

type Id = "control" | "help";
const flags: FlagTable<Id> = { control: controlFlag, help: { names: ["-h", "--help"], help: "print this" } };

/** @returns 0 if the command was done, 1 if it was refused or failed, or nobody answers. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = parseFlags(flags, "getopt", args);
  if (parsed.kind === "wrong") {
    for (const problem of parsed.problems) printError(`bascule ctl: ${problem}`);
    return 1;
  }
  const words = parsed.flags.operands;
  if (parsed.flags.has("help") || words.length === 0) {
    print("Usage: bascule ctl status\n       bascule ctl start|stop|restart proxy|failover\n");
    print(describeFlags(flags));
    return parsed.flags.has("help") ? 0 : 1;
  }
  const command = parseControlCommand(words);
  if (typeof command === "string") {
    printError(`bascule ctl: ${command}`);
    return 1;
  }
  const path = controlPath(parsed.flags.value("control"));
  try {
    const [verdict, ...lines] = (await ask(path, words.join(" "))).trimEnd().split("\n");
    if (verdict === "ok") print(lines.join("\n"));
    else printError(`bascule ctl: ${lines.join("\n")}`);
    return verdict === "ok" ? 0 : 1;
  } catch (error) {
    printError(`bascule ctl: no supervisor answers at ${path}: ${(error as Error).message}`);
    return 1;
  }
}

function ask(path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(path, () => socket.end(`${line}\n`));
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      answer += text;
    });
    socket.once("error", reject);
    socket.once("close", () => resolve(answer));
  });
}
