/**
 * A program of the tests: runs the fail-over engine alone, from keepalived.conf, until SIGTERM. Status on SIGUSR1; SIGHUP
 * reads the file again; SIGUSR2 makes the engine's thread die. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { Diagnostics, render } from "../../src/config/diagnostics.js";
import { readKeepalived } from "../../src/config/keepalived/read.js";
import { startFailover } from "../../src/failover/failover.js";
import { close } from "../../src/sys/socket.js";

const path = process.argv[2]!;
/** While this file is there, scripts are answered from within: success if it says "up". */
const answers = process.argv[3];

const diagnostics = new Diagnostics();
const configuration = readKeepalived([{ path, text: readFileSync(path, "utf8") }], diagnostics);
for (const diagnostic of diagnostics.sorted()) console.log(render(diagnostic));
if (diagnostics.hasErrors) process.exit(2);

const failover = await startFailover(configuration, {
  log: (line, level) => console.log(`${level}: ${line}`),
  onStateChange: (instance, state) => console.log(`state: ${instance} ${state}`),
  answerScript: () =>
    answers !== undefined && existsSync(answers) ? readFileSync(answers, "utf8").trim() === "up" : undefined,
});
console.log("running");
process.on("SIGUSR1", () => console.log(`status: ${JSON.stringify(failover.status())}`));
process.on("SIGUSR2", () => engineEpolls().forEach((fd) => void close(fd)));
process.on("SIGHUP", async () => {
  const reread = readKeepalived([{ path, text: readFileSync(path, "utf8") }], new Diagnostics());
  await failover.reload(reread);
  console.log("reloaded");
});
process.on("SIGTERM", async () => {
  await failover.stop();
  console.log("stopped");
  process.exit(0);
});

/** The engine's epoll instance, known by the sockets that it watches: without it the thread fails at its next wait. */
function engineEpolls(): number[] {
  const target = (fd: number | string): string => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  };
  return readdirSync("/proc/self/fd")
    .filter((fd) => target(fd) === "anon_inode:[eventpoll]")
    .filter((fd) => {
      const watched = readFileSync(`/proc/self/fdinfo/${fd}`, "utf8").matchAll(/^tfd:\s*(\d+)/gm);
      return [...watched].filter(([, watchedFd]) => target(watchedFd!).startsWith("socket:")).length >= 2;
    })
    .map(Number);
}
