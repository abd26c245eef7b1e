/** Which check scripts only ask whether a process named haproxy runs. */

/** After the command's own name: the words that ask for haproxy and nothing else. */
const QUESTIONS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  killall: [
    ["-0", "haproxy"],
    ["-s", "0", "haproxy"],
  ],
  pidof: [["haproxy"]],
  pgrep: [["haproxy"], ["-x", "haproxy"]],
  systemctl: [
    ["is-active", "haproxy"],
    ["is-active", "--quiet", "haproxy"],
    ["is-active", "-q", "haproxy"],
    ["--quiet", "is-active", "haproxy"],
    ["-q", "is-active", "haproxy"],
  ],
};

const FOLDERS = ["", "/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/"];

/**
 * Whether `argv` is one of the commands by which check scripts in the field ask if haproxy runs: `killall -0 haproxy`,
 * `pidof haproxy`, `pgrep haproxy`, `systemctl is-active haproxy`. A script that does anything else must be run.
 */
export function recogniseProxyScript(argv: readonly string[]): boolean {
  const [command = "", ...words] = argv;
  const slash = command.lastIndexOf("/") + 1;
  if (!FOLDERS.includes(command.slice(0, slash))) return false;
  const name = command.slice(slash);
  // A unit may be named in full.
  if (name === "systemctl" && words.at(-1) === "haproxy.service") words[words.length - 1] = "haproxy";
  const questions = Object.hasOwn(QUESTIONS, name) ? QUESTIONS[name]! : [];
  return questions.some((question) => question.length === words.length && question.every((w, i) => w === words[i]));
}
