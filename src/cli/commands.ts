/** The commands of `bascule`. Each module is loaded when it is called for: `check` must not pay for the rest. */

export interface CommandModule {
  /** Runs until the command is done. @returns the exit code. */
  run(args: readonly string[]): Promise<number>;
}

export interface Command {
  readonly name: string;
  /** What follows the name. */
  readonly usage: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

export const commands: readonly Command[] = [
  {
    name: "run",
    usage: "FILE…",
    summary: "run everything that the given haproxy.cfg and keepalived.conf ask for, supervised",
    load: () => import("./run.js"),
  },
  {
    name: "check",
    usage: "FILE…",
    summary: "read configuration files and report every mistake, without running anything",
    load: () => import("./check.js"),
  },
  {
    name: "simulate",
    usage: "-k FILE -k FILE …",
    summary: "say who will hold the virtual addresses, and what happens if each thing fails",
    load: () => import("./simulate.js"),
  },
  {
    name: "ctl",
    usage: "status | start PART | stop PART | restart PART",
    summary: "talk to a running `bascule run`",
    load: () => import("./ctl.js"),
  },
  {
    name: "haproxy",
    usage: "-f FILE …",
    summary: "run the proxy alone, with haproxy's flags",
    load: () => import("./haproxy.js"),
  },
  {
    name: "keepalived",
    usage: "[-f FILE] …",
    summary: "run the fail-over engine alone, with keepalived's flags",
    load: () => import("./keepalived.js"),
  },
  {
    name: "demo",
    usage: "[--stay]",
    summary: "show a fail-over on this machine, in a lab of network namespaces",
    load: () => import("./demo.js"),
  },
  {
    name: "keywords",
    usage: "[haproxy|keepalived]",
    summary: "list what may be written in the configuration files, and what is not supported yet",
    load: () => import("./keywords.js"),
  },
  { name: "version", usage: "", summary: "print the version", load: () => import("./version-command.js") },
  {
    name: "help",
    usage: "[COMMAND]",
    summary: "print this list, or a command's flags",
    load: () => import("./help.js"),
  },
];
