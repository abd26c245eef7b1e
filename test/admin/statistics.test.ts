import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { csvLine, STAT_FIELDS, STAT_HEADER } from "../../src/admin/stat-fields.js";
import { EVERYTHING, showStatistics } from "../../src/admin/statistics.js";
import { Counter, EntityCounters, Gauge, type SharedState } from "../../src/proxy/shared-state.js";
import { type Example, example } from "./example.js";

type Row = Readonly<Record<string, string>>;

/** A reader of the CSV that knows nothing of its writer: by the header alone. */
function parse(csv: string): Row[] {
  const [header, ...lines] = csv.trimEnd().split("\n");
  const names = header!.replace(/^# /, "").split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((value, index) => [names[index]!, value])));
}

function rowOf(csv: string, proxy: string, name: string): Row {
  const row = parse(csv).find(({ pxname, svname }) => pxname === proxy && svname === name);
  assert.ok(row !== undefined, `no row ${proxy}/${name}`);
  return row;
}

const pick = (row: Row, names: string): Row => Object.fromEntries(names.split(" ").map((name) => [name, row[name]!]));

function count(
  state: SharedState,
  worker: number,
  entity: number,
  counts: Partial<Record<keyof typeof Counter, number>>,
) {
  const counters = new EntityCounters(state, worker, entity);
  for (const [name, amount] of Object.entries(counts)) counters.add(Counter[name as keyof typeof Counter], amount);
}

const show = ({ context }: Example): string => showStatistics(context, EVERYTHING);

test("the header names 118 fields and ends with the mark of the modules", () => {
  assert.equal(STAT_FIELDS.length, 118);
  assert.ok(STAT_HEADER.startsWith("# pxname,svname,qcur,qmax,scur,"));
  assert.ok(STAT_HEADER.endsWith(",resbin,resbout,-,"));
});

test("rows come proxy by proxy, in the order of their ids", () => {
  const rows = parse(show(example())).map(({ pxname, svname }) => `${pxname}/${svname}`);
  assert.deepEqual(rows, [
    ...["www/FRONTEND", "app/a", "app/b", "app/c", "app/d", "app/BACKEND"],
    ...["t/FRONTEND", "tb/x", "tb/BACKEND"],
  ]);
});

test("a frontend's row adds up what all workers counted", () => {
  const made = example();
  const { state, context } = made;
  const entity = state.frontend(0);
  count(state, 0, entity, { sessions: 5, bytesIn: 400, bytesOut: 500, requests: 7, responses2xx: 6, responses5xx: 1 });
  count(state, 1, entity, { sessions: 1, bytesIn: 92, bytesOut: 118, requestErrors: 2, connections: 6 });
  for (let session = 0; session < 3; session++) state.enter(entity);
  state.leave(entity);
  made.advance(2_000);
  context.rates.sample();
  made.advance(1_000);
  context.rates.sample();
  const row = rowOf(show(made), "www", "FRONTEND");
  assert.deepEqual(
    pick(row, "scur smax slim stot bin bout dreq dresp ereq status pid iid sid type rate rate_lim rate_max"),
    {
      ...{ scur: "2", smax: "3", slim: "500", stot: "6", bin: "492", bout: "618", dreq: "0", dresp: "0", ereq: "2" },
      ...{ status: "OPEN", pid: "1", iid: "2", sid: "0", type: "0", rate: "0", rate_lim: "0", rate_max: "3" },
    },
  );
  assert.deepEqual(pick(row, "hrsp_1xx hrsp_2xx hrsp_5xx req_rate req_rate_max req_tot mode conn_tot h1sess h1req"), {
    ...{ hrsp_1xx: "0", hrsp_2xx: "6", hrsp_5xx: "1", req_rate: "0", req_rate_max: "4", req_tot: "7", mode: "http" },
    ...{ conn_tot: "6", h1sess: "6", h1req: "7" },
  });
});

test("a checked server's row says what its checks found", () => {
  const made = example();
  const { state } = made;
  count(state, 1, state.server(4), { connectErrors: 3, retries: 2, redispatches: 1, loadBalanced: 9 });
  const row = rowOf(show(made), "tb", "x");
  assert.deepEqual(pick(row, "status weight act bck chkfail chkdown lastchg downtime check_status check_code"), {
    ...{ status: "DOWN", weight: "1", act: "1", bck: "0", chkfail: "1", chkdown: "1", lastchg: "3", downtime: "3" },
    ...{ check_status: "L4CON", check_code: "" },
  });
  assert.deepEqual(pick(row, "check_duration last_chk check_desc check_rise check_fall check_health addr"), {
    ...{ check_duration: "0", last_chk: "Connection refused", check_desc: "Layer4 connection problem" },
    ...{ check_rise: "2", check_fall: "3", check_health: "0", addr: "127.0.0.1:18095" },
  });
  assert.deepEqual(pick(row, "econ wretr wredis lbtot type iid sid hrsp_2xx lastsess"), {
    ...{ econ: "3", wretr: "2", wredis: "1", lbtot: "9", type: "2", iid: "5", sid: "1", hrsp_2xx: "", lastsess: "-1" },
  });
});

test("a server that is not checked, or rests, leaves the fields of checks empty", () => {
  const csv = show(example());
  const fields = "status chkfail chkdown downtime check_status check_duration last_chk check_desc slim";
  const empty = {
    chkfail: "",
    chkdown: "",
    downtime: "",
    check_status: "",
    check_duration: "",
    last_chk: "",
    check_desc: "",
  };
  assert.deepEqual(pick(rowOf(csv, "app", "d"), fields), { status: "no check", ...empty, slim: "" });
  assert.deepEqual(pick(rowOf(csv, "app", "c"), fields), { status: "MAINT", ...empty, slim: "10" });
});

test("before the first check has ended, the row says that it is initialising", () => {
  const row = rowOf(show(example()), "app", "b");
  assert.deepEqual(pick(row, "status check_status check_desc check_duration bck"), {
    ...{ status: "UP 1/3", check_status: "INI", check_desc: "Initializing", check_duration: "", bck: "1" },
  });
});

test("a backend's row sums up its servers", () => {
  const made = example();
  const { state } = made;
  const entity = state.backend(0);
  // Sliding sums over 1,024 requests: 3 ms and 5 ms on two workers.
  new EntityCounters(state, 0, entity).slide(Counter.responseTime, 3);
  new EntityCounters(state, 1, entity).slide(Counter.responseTime, 5);
  state.setGauge(entity, Gauge.lastSession, Math.floor(Date.now() / 1_000) - 30);
  count(state, 0, entity, { clientAborts: 4, serverAborts: 5, connects: 6, reuses: 7 });
  const row = rowOf(show(made), "app", "BACKEND");
  assert.deepEqual(pick(row, "slim status weight act bck chkfail chkdown lastchg downtime type algo rtime"), {
    // a and d weigh 1 each; b, of weight 5, is a backup, and c rests. A tenth of the frontend's 500 sessions.
    ...{ slim: "50", status: "UP", weight: "2", act: "2", bck: "1", chkfail: "", chkdown: "0", lastchg: "4" },
    ...{ downtime: "0", type: "1", algo: "roundrobin", rtime: "4" },
  });
  assert.deepEqual(pick(row, "cli_abrt srv_abrt connect reuse"), {
    ...{ cli_abrt: "4", srv_abrt: "5", connect: "6", reuse: "7" },
  });
  assert.ok(["30", "31"].includes(row.lastsess!), row.lastsess);
  const down = rowOf(show(made), "tb", "BACKEND");
  assert.deepEqual(pick(down, "status weight act chkdown lastchg downtime"), {
    ...{ status: "DOWN", weight: "0", act: "0", chkdown: "1", lastchg: "3", downtime: "3" },
  });
});

test("with no active server left, a backend weighs what its first backup server does", () => {
  const made = example();
  const { state } = made;
  for (const index of [0, 3]) state.setGauge(state.server(index), Gauge.usable, 0);
  assert.equal(rowOf(show(made), "app", "BACKEND").weight, "5");
});

/**
 * HAProxy counts these and Bascule does not, so that it leaves them empty: connections that idle,
 * internal errors, agents' states for other programs, and hanafail's relatives.
 */
const NOT_COUNTED = new Set(
  (
    "eint srv_icur idle_conn_cur safe_conn_cur used_conn_cur need_conn_est " +
    "agg_server_status agg_server_check_status agg_check_status"
  ).split(" "),
);

test("the fields that are filled are those that HAProxy fills", () => {
  // What HAProxy 2.6 answered for fixtures/shapes.cfg after six requests and one TCP connection.
  const fixture = new URL("../../../test/admin/fixtures/shapes-2.6.csv", import.meta.url);
  const theirs = parse(readFileSync(fixture, "utf8"));
  const ours = show(example());
  const known = STAT_FIELDS.slice(0, STAT_FIELDS.indexOf("srid"));
  const filled = (row: Row): string[] => known.filter((name) => row[name] !== "" && !NOT_COUNTED.has(name));
  for (const theirRow of theirs) {
    const ourRow = rowOf(ours, theirRow.pxname!, theirRow.svname!);
    // Our server b has not been checked yet; theirs has.
    if (theirRow.svname === "b") continue;
    assert.deepEqual(filled(ourRow), filled(theirRow), `${theirRow.pxname}/${theirRow.svname}`);
  }
});

test("what does not change with traffic is what HAProxy says", () => {
  const fixture = new URL("../../../test/admin/fixtures/shapes-2.6.csv", import.meta.url);
  const fields = "slim status weight act bck pid iid sid type check_status last_chk check_desc addr mode algo uweight";
  const ours = show(example());
  for (const theirRow of parse(readFileSync(fixture, "utf8"))) {
    const { pxname, svname } = theirRow;
    if (svname !== "b") assert.deepEqual(pick(rowOf(ours, pxname!, svname!), fields), pick(theirRow, fields));
  }
});

test("a selection is a proxy by name or id, kinds of rows and a server", () => {
  const { context } = example();
  const rows = (selection: Partial<typeof EVERYTHING>): string[] =>
    parse(showStatistics(context, { ...EVERYTHING, ...selection })).map(({ pxname, svname }) => `${pxname}/${svname}`);
  assert.deepEqual(rows({ proxy: "app", types: 2 }), ["app/BACKEND"]);
  assert.deepEqual(rows({ proxy: "3", types: 4, server: 2 }), ["app/b"]);
  assert.deepEqual(rows({ types: 1 }), ["www/FRONTEND", "t/FRONTEND"]);
  assert.deepEqual(rows({ proxy: "99" }), []);
  assert.deepEqual(rows({ types: 4, upOnly: true }), ["app/a", "app/b", "app/d"]);
  assert.deepEqual(rows({ types: 4, withoutMaintenance: true }), ["app/a", "app/b", "app/d", "tb/x"]);
});

test("a value with a comma or a quotation mark is quoted (RFC 4180)", () =>
  assert.ok(csvLine({ pxname: 'a "b", c', svname: "s" }).startsWith('"a ""b"", c",s,')));
