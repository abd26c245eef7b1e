/** What the outside is told, by real scripts, FIFOs and a mail server. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { defaultGlobal, emptyConfiguration, noNotifyScripts } from "../../../src/config/keepalived/defaults.js";
import type {
  Command,
  KeepalivedConfiguration,
  KeepalivedGlobal,
  NotifyScripts,
} from "../../../src/config/keepalived/model.js";
import { fromSeconds } from "../../../src/config/units.js";
import type { News } from "../../../src/failover/notify/news.js";
import { Notifier } from "../../../src/failover/notify/notifier.js";
import { eventually } from "../../support/eventually.js";
import { vrrpInstance } from "../support.js";

const news = (event: News["event"], priority = 100): News => ({ type: "INSTANCE", name: "VI_1", event, priority });

class Setup {
  readonly folder = mkdtempSync(join(tmpdir(), "notify-"));
  readonly logs: string[] = [];
  readonly heard = join(this.folder, "heard");

  constructor(t: TestContext) {
    t.after(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** A script that writes its name and its arguments down, after `before`. */
  script(name: string, before = ""): Command {
    const path = join(this.folder, name);
    writeFileSync(path, `#!/bin/sh\n${before}\necho ${name} "$@" >> ${this.heard}\n`);
    chmodSync(path, 0o755);
    return { argv: [path], user: { user: "root", group: undefined, supplementaryGroups: false } };
  }

  get lines(): string[] {
    return existsSync(this.heard) ? readFileSync(this.heard, "utf8").trim().split("\n") : [];
  }

  notifier(
    notify: Partial<NotifyScripts>,
    global: Partial<KeepalivedGlobal> = {},
    more: { smtpAlert?: boolean; notifyPriorityChanges?: boolean } = {},
  ): Notifier {
    const configuration: KeepalivedConfiguration = {
      ...emptyConfiguration,
      global: { ...defaultGlobal, ...global },
      scripts: [],
      instances: [vrrpInstance({ notify: { ...noNotifyScripts, ...notify }, ...more })],
    };
    return new Notifier(configuration, (line) => this.logs.push(line));
  }
}

test("the script of a state runs first, then notify with type, name, state and priority behind its arguments", async (t) => {
  const setup = new Setup(t);
  const any = setup.script("any");
  const notifier = setup.notifier({ master: setup.script("master"), any: { ...any, argv: [...any.argv, "mine"] } });
  notifier.tell(news("MASTER"));
  notifier.tell(news("FAULT", 90));
  await notifier.stop(5_000);
  assert.deepEqual(setup.lines, ["master", "any mine INSTANCE VI_1 MASTER 100", "any mine INSTANCE VI_1 FAULT 90"]);
});

test("scripts of an instance keep their order; one that hangs holds the next up for a second only", async (t) => {
  const setup = new Setup(t);
  const notifier = setup.notifier({
    master: setup.script("slow", "sleep 0.3"),
    backup: setup.script("stuck", "sleep 20"),
    fault: setup.script("last"),
  });
  for (const event of ["MASTER", "BACKUP", "FAULT"] as const) notifier.tell(news(event));
  await eventually(() => setup.lines, ["slow", "last"], { deadlineMs: 5_000 });
  await notifier.stop(0);
});

test("a script that is missing is said once, at the start, and the rest is told", async (t) => {
  const setup = new Setup(t);
  const user = { user: "root", group: undefined, supplementaryGroups: false };
  const notifier = setup.notifier({ master: { argv: ["/nowhere/script"], user }, any: setup.script("any") });
  assert.match(setup.logs.join("\n"), /^Disabling notify script \/nowhere\/script: .*not found/);
  notifier.tell(news("MASTER"));
  await notifier.stop(5_000);
  assert.deepEqual(setup.lines, ["any INSTANCE VI_1 MASTER 100"]);
});

test("a script may run with all groups of its user", async (t) => {
  const setup = new Setup(t);
  const { argv } = setup.script("groups", `id -u >> ${setup.folder}/id`);
  const notifier = setup.notifier({
    master: { argv, user: { user: "root", group: undefined, supplementaryGroups: true } },
  });
  notifier.tell(news("MASTER"));
  await notifier.stop(5_000);
  assert.deepEqual(setup.lines, ["groups"]);
});

test("a FIFO gets every event in order, priorities where asked for, and goes at the end", async (t) => {
  const setup = new Setup(t);
  const path = join(setup.folder, "fifo");
  const notifier = setup.notifier(
    {},
    { notifyFifo: { path, user: undefined, script: undefined } },
    { notifyPriorityChanges: true },
  );
  const reader = await open(path, "r+");
  t.after(() => reader.close());
  for (const told of [news("MASTER"), news("MASTER_RX_LOWER_PRI"), news("MASTER_PRIORITY", 80), news("STOP", 80)])
    notifier.tell(told);
  const { bytesRead, buffer } = await reader.read(Buffer.alloc(1_000), 0, 1_000, null);
  assert.equal(
    buffer.toString("utf8", 0, bytesRead),
    'INSTANCE "VI_1" MASTER 100\nINSTANCE "VI_1" MASTER_RX_LOWER_PRI 100\nINSTANCE "VI_1" MASTER_PRIORITY 80\nINSTANCE "VI_1" STOP 80\n',
  );
  await notifier.stop(0);
  assert.equal(existsSync(path), false);
});

test("a FIFO that nobody reads never holds us up: what does not fit is lost, and the log says so once", (t) => {
  const setup = new Setup(t);
  const path = join(setup.folder, "fifo");
  const notifier = setup.notifier({}, { notifyFifo: { path, user: undefined, script: undefined } });
  for (let count = 0; count < 5_000; count++) notifier.tell(news("MASTER"));
  assert.equal(setup.logs.filter((line) => line.startsWith("cannot write to")).length, 1);
  return notifier.stop(0);
});

test("the FIFO's script is started with its path, reads it, and is ended with it", async (t) => {
  const setup = new Setup(t);
  const path = join(setup.folder, "fifo");
  const { argv, user } = setup.script(
    "reader",
    `exec 3< "$1"; read line <&3; echo "$line" >> ${setup.heard}; sleep 60`,
  );
  const notifier = setup.notifier({}, { vrrpNotifyFifo: { path, user: undefined, script: { argv, user } } });
  notifier.tell(news("MASTER"));
  await eventually(() => setup.lines, ['INSTANCE "VI_1" MASTER 100']);
  await notifier.stop(0);
});

test("something else in the FIFO's place is left alone", async (t) => {
  const setup = new Setup(t);
  const path = join(setup.folder, "file");
  writeFileSync(path, "precious");
  const notifier = setup.notifier({}, { notifyFifo: { path, user: undefined, script: undefined } });
  assert.match(setup.logs[0]!, /cannot use notify_fifo .*is there, and no FIFO/);
  notifier.tell(news("MASTER"));
  await notifier.stop(0);
  assert.equal(readFileSync(path, "utf8"), "precious");
});

/** An SMTP server that takes everything, but for what `refuse` matches. */
async function mailServer(t: TestContext, refuse = /^$/): Promise<{ port: number; mails: string[] }> {
  const mails: string[] = [];
  const server = createServer((socket: Socket) => {
    socket.write("220-welcome\r\n220 mail.example.org\r\n");
    let heard = "";
    let inData = false;
    socket.on("data", (bytes) => {
      heard += bytes.toString();
      for (;;) {
        const end = heard.indexOf(inData ? "\r\n.\r\n" : "\r\n");
        if (end < 0) return;
        const line = heard.slice(0, end);
        heard = heard.slice(end + (inData ? 5 : 2));
        if (inData) mails.push(line);
        socket.write(
          refuse.test(line)
            ? "550 no\r\n"
            : line === "DATA"
              ? "354 go\r\n"
              : line === "QUIT"
                ? "221 bye\r\n"
                : "250 ok\r\n",
        );
        inData = line === "DATA";
      }
    });
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return { port: (server.address() as { port: number }).port, mails };
}

const mailTo = (port: number): KeepalivedGlobal["mail"] => ({
  to: ["root@example.org", "Operators <ops@example.org>"],
  from: "lb1@example.org",
  server: { host: "127.0.0.1", port },
  heloName: undefined,
  connectTimeout: fromSeconds(2),
  omitFaults: false,
});

test("mail goes to all, once for each change, with keepalived's subject", async (t) => {
  const setup = new Setup(t);
  const { port, mails } = await mailServer(t);
  const notifier = setup.notifier({}, { mail: mailTo(port), routerId: "lb1" }, { smtpAlert: true });
  notifier.tell(news("MASTER"));
  notifier.tell(news("MASTER"));
  await notifier.stop(5_000);
  assert.equal(mails.length, 1, setup.logs.join("\n"));
  assert.match(mails[0]!, /^From: lb1@example\.org\r\nSubject: \[lb1\] VRRP Instance VI_1 - Entering MASTER state\r$/m);
  assert.match(mails[0]!, /^X-Mailer: Keepalived\r\nTo: root@example\.org, Operators <ops@example\.org>\r$/m);
  assert.match(mails[0]!, /now owning VRRP VIPs/);
});

test("a server that refuses, and one that is not there, are warnings", async (t) => {
  const setup = new Setup(t);
  const { port } = await mailServer(t, /^RCPT/);
  for (const server of [port, 1]) {
    const notifier = setup.notifier({}, { mail: mailTo(server) }, { smtpAlert: true });
    notifier.tell(news("FAULT"));
    await notifier.stop(5_000);
  }
  assert.match(setup.logs[0]!, new RegExp(`^cannot mail to 127\\.0\\.0\\.1:${port}: the server says: 550 no$`));
  assert.match(setup.logs[1]!, /^cannot mail to 127\.0\.0\.1:1: .*ECONNREFUSED/);
});

test("without smtp_alert, and of faults with no_email_faults, there is no mail", async (t) => {
  const setup = new Setup(t);
  const { port, mails } = await mailServer(t);
  const mail = { ...mailTo(port), omitFaults: true };
  for (const [smtpAlert, event] of [
    [false, "MASTER"],
    [true, "FAULT"],
  ] as const) {
    const notifier = setup.notifier({}, { mail }, { smtpAlert });
    notifier.tell(news(event));
    await notifier.stop(2_000);
  }
  assert.deepEqual([mails, setup.logs], [[], []], hostname());
});
