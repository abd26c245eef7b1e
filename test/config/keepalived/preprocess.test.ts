/** Text to text: definitions, conditions, repetitions, includes; by keepalived.conf(5), "ADVANCED CONFIGURATION". */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the language under test writes its names so.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Diagnostics } from "../../../src/config/diagnostics.js";
import type { Disk } from "../../../src/config/keepalived/glob.js";
import { preprocess, type Sources } from "../../../src/config/keepalived/preprocess.js";
import { noSources } from "../../../src/config/keepalived/read.js";

/** A disk of files by their path; folders are what their paths imply. */
function diskOf(files: Readonly<Record<string, string>>, executable: readonly string[] = []): Disk {
  const paths = Object.keys(files);
  const isFolder = (path: string) => paths.some((one) => one.startsWith(`${path.replace(/\/$/, "")}/`));
  return {
    list(folder) {
      const prefix = `${folder.replace(/\/$/, "")}/`;
      const names = paths
        .filter((path) => path.startsWith(prefix))
        .map((path) => path.slice(prefix.length).split("/")[0]!);
      return names.length === 0 ? undefined : [...new Set(names)];
    },
    kind: (path) =>
      path in files ? (executable.includes(path) ? "executable" : "file") : isFolder(path) ? "folder" : "missing",
    read: (path) => (path in files ? { text: files[path]! } : { problem: "is not there" }),
  };
}

interface Expanded {
  readonly lines: readonly string[];
  /** `path:line` of each line. */
  readonly places: readonly string[];
  readonly marks: readonly string[];
}

function expand(text: string, sources: Partial<Sources> = {}): Expanded {
  const diagnostics = new Diagnostics();
  const lines = preprocess([{ path: "/etc/keepalived.conf", text }], { ...noSources, ...sources }, diagnostics);
  return {
    lines: lines.map((line) => line.text),
    places: lines.map((line) => `${line.file.path}:${line.number}`),
    marks: diagnostics
      .sorted()
      .map(({ span, severity, code }) => `${span.file.path}:${span.line}:${span.column} ${severity}[${code}]`),
  };
}

// The expected lines are the manual's own, or what keepalived 2.2.7 -t says of the same text as unknown keywords.
for (const [what, text, lines] of [
  [
    "a definition stands for its text before white space, or in braces anywhere",
    "$A=5\nx $A y${A}z $A.1\n",
    ["x 5 y5z $A.1"],
  ],
  [
    "it is replaced where it is used, not where it is defined",
    "$B=10.2.${S}\n$S=0\n${B}.100/32\n$S=10\n${B}.100/32\n",
    ["10.2.0.100/32", "10.2.10.100/32"],
  ],
  ["a name that nobody defined stays as it stands", "$A=1\nscript $HOME/${X} $1\n", ["script $HOME/${X} $1"]],
  ["an empty value is a value", "$A=\nx${A}y\n", ["xy"]],
  ["a definition of several lines yields them all", "$A= \\\n one \\\n two\n$A\nb\n", ["one", "two", "b"]],
  [
    "its blank lines are left out, and an empty one ends it",
    "$A= \\\n one \\\n \\\n two \\\n\nb\n$A\n",
    ["b", "one", "two"],
  ],
  ["its lines are read when it is used", "$A= \\\n x${N} \\\n y\n$N=1\n$A\n$N=2\n$A\n", ["x1", "y", "x2", "y"]],
  [
    "definitions of several lines nest, and set others",
    "$RS= \\\n rs${N} \\\n}\n$VS= \\\n vs { \\\n $N=1 \\\n $RS \\\n $N=2 \\\n $RS\n$VS\n",
    ["vs {", "rs1", "}", "rs2", "}"],
  ],
  ["words before it share its first line", "$A= \\\n one \\\n two\nx $A\n", ["x one", "two"]],
  ["a condition chooses lines", "@main a\n@backup b\n@^main c\n@^backup d\n", ["a", "d"]],
  ["also definitions", "@main $P=240\n@backup $P=200\npriority $P\n", ["priority 240"]],
  ["a definition may be a condition", "$IF=@main\n$IF priority 240\n$IF=@other\n$IF priority 1\n", ["priority 240"]],
  ["@bascule is for us whatever the host is called, @^bascule for others", "@bascule a\n@^bascule b\n", ["a"]],
  [
    "~SEQ repeats the rest of the line",
    "~SEQ(A, 0, 3) ip 10.0.${A}.1\n",
    ["ip 10.0.0.1", "ip 10.0.1.1", "ip 10.0.2.1", "ip 10.0.3.1"],
  ],
  ["its start is 1, or -1 for an end below 0", "~SEQ(A,2) x${A}\n~SEQ(B,-2) y${B}\n", ["x1", "x2", "y-1", "y-2"]],
  ["it counts down, and by steps", "~SEQ(A,5,3) x${A}\n~SEQ(B,1,2,6) y${B}\n", ["x5", "x4", "x3", "y1", "y3", "y5"]],
  [
    "~SEQx writes hexadecimal and reads any base",
    "~SEQx(A,144,16,192) fe80::20:${A}:1\n~SEQx(B, 0x12, -1, 0x10) ${B}\n",
    ["fe80::20:90:1", "fe80::20:a0:1", "fe80::20:b0:1", "fe80::20:c0:1", "12", "11", "10"],
  ],
  ["its numbers may be definitions", "$N=2\n~SEQ(A,1,$N) x${A}\n", ["x1", "x2"]],
  ["repetitions nest", "~SEQ(A,1,2) ~LST(B,x,y) ${A}${B}\n", ["1x", "1y", "2x", "2y"]],
  [
    "~LST sets several variables; those without a value are empty",
    "~LST({A,B}, {10,1},{20}) 192.168.${A}.${B}|\n",
    ["192.168.10.1|", "192.168.20.|"],
  ],
  [
    "a repetition yields definitions of several lines",
    "$V= \\\n a${N} \\\n b\n~SEQ(N,1,2) $V\n",
    ["a1", "b", "a2", "b"],
  ],
  ["a repetition may come out of a definition", "$Y=~SEQ(Q,1,2) foo${Q}\n$Y\n", ["foo1", "foo2"]],
  [
    "the predefined names",
    "${_INSTANCE} ${_PWD} ${_ENV HOME} ${_RANDOM} ${_RANDOM 5 9} a${_HASH}b${_BANG}\n",
    ["main /etc /root 0 5 a\\#b\\!"],
  ],
  ["comments end where their line does, and not in quotes", "a # b\n'c # d' ! e\n", ["a", "'c # d'"]],
] as const)
  test(what, () => {
    const sources = { configId: "main", environment: (name: string) => (name === "HOME" ? "/root" : undefined) };
    const found = expand(text, sources);
    assert.deepEqual(found.lines, lines);
    assert.deepEqual(found.marks, []);
  });

test("a line out of a definition stands where the definition has it, so that a mistake is mended there", () => {
  assert.deepEqual(expand("$A= \\\n one \\\n two\n\n$A\n").places, [
    "/etc/keepalived.conf:2",
    "/etc/keepalived.conf:3",
  ]);
});

test("what a name stands for is marked where the name stands", () => {
  const diagnostics = new Diagnostics();
  const file = { path: "x", text: "$LONG=some/thing\n  a ${LONG}b c\n" };
  const [line] = preprocess([file], noSources, diagnostics);
  assert.equal(line!.text, "a some/thingb c");
  // "some/thingb": from the $ of the name to the b behind it.
  assert.deepEqual({ ...line!.span(2, 13), file: "" }, { file: "", line: 2, column: 5, length: 8 });
  assert.deepEqual({ ...line!.span(14, 15), file: "" }, { file: "", line: 2, column: 14, length: 1 });
});

for (const [what, text, marks] of [
  ["@!ID, which is a comment", "@!main a\n", ["1:1 warning[condition-commented-out]"]],
  ["a name that reads almost like another", "$PRIORITY=1\npriority $PRIORTY\n", ["2:10 warning[undefined-parameter]"]],
  ["a repetition that never ends", "~SEQ(A,1,0,3) x\n", ["1:1 error[repetition]"]],
  ["a repetition without brackets", "~SEQ A\n", ["1:1 error[repetition]"]],
  ["negative numbers in hexadecimal", "~SEQx(A,-1,2) x\n", ["1:1 error[repetition]"]],
  ["more values than variables", "~LST({A},{1,2}) x\n", ["1:1 error[repetition]"]],
  ["a definition that contains itself", "$A=x${A}\n${A}\n", ["2:1 error[expansion-limit]"]],
  [
    "definitions that contain each other",
    "$A= \\\n $B \\\n $B\n$B= \\\n $A \\\n $A\n$A\n",
    ["5:2 error[expansion-limit]"],
  ],
  ["a definition that doubles", "$A=${B}${B}\n$B=${A}${A}\n${A}\n", ["3:1 error[expansion-limit]"]],
  ["a range without end", "~SEQ(A,1,999999999) x\n", ["1:21 error[expansion-limit]"]],
  ["ranges within ranges", "~SEQ(A,1,99999) ~SEQ(B,1,99999) ~SEQ(C,1,99999) $D=1\n", ["1:33 error[expansion-limit]"]],
] as const)
  test(`${what} is reported once, and in bounded time`, () => {
    const found = expand(text, { configId: "main" });
    assert.deepEqual(
      found.marks,
      marks.map((mark) => `/etc/keepalived.conf:${mark}`),
    );
    if (found.marks[0]!.endsWith("[expansion-limit]")) assert.deepEqual(found.lines, []);
  });

const files = {
  "/etc/keepalived.conf": "",
  "/etc/conf.d/a.conf": "a ${_PWD}\n",
  "/etc/conf.d/b.conf": "b\ninclude sub/c.conf\nb2\n",
  "/etc/conf.d/sub/c.conf": "c $X\n",
  "/etc/conf.d/.hidden.conf": "hidden\n",
  "/etc/conf.d/run.sh": "#!/bin/sh\n",
  "/etc/loop.conf": "include keepalived.conf\ninclude loop.conf\n",
};
const disk = diskOf(files, ["/etc/conf.d/run.sh"]);

for (const [what, text, lines, marks] of [
  ["a file stands in the place of its include", "x\ninclude conf.d/a.conf\ny\n", ["x", "a /etc/conf.d", "y"], []],
  [
    "a file's own includes are beside it, and see what was defined",
    "$X=1\ninclude /etc/conf.d/b.conf\n",
    ["b", "c 1", "b2"],
    [],
  ],
  [
    "a pattern names files in the order of their names, none of them hidden",
    "include conf.d/*.conf\n",
    ["a /etc/conf.d", "b", "c $X", "b2"],
    [],
  ],
  [
    "braces, classes and question marks",
    "include conf.d/{a,b}.con?\ninclude conf.d/[^b-z].conf\n",
    ["a /etc/conf.d", "b", "c $X", "b2", "a /etc/conf.d"],
    [],
  ],
  ["a pattern that matches nothing is fine", "include conf.d/*.nothing\n", [], []],
  ["unless includew asks for more", "includew conf.d/*.nothing\n", [], ["1:10 error[include]"]],
  ["a file that is not there is a warning", "include nothing.conf\n", [], ["1:9 warning[include]"]],
  ["unless includem asks for it", "includem nothing.conf\n", [], ["1:10 error[include]"]],
  [
    "or include_check did",
    "include_check match\ninclude nothing.conf\n",
    ["include_check match"],
    ["2:9 error[include]"],
  ],
  ["a script is no configuration", "includer conf.d/run.sh\n", [], ["1:10 error[include]"]],
  ["nor is a folder", "include conf.d\n", [], ["1:9 warning[include]"]],
  [
    "a file that includes itself is found out",
    "include loop.conf\nx\n",
    ["x"],
    ["/etc/loop.conf:1:9 error[include]", "/etc/loop.conf:2:9 error[include]"],
  ],
  ["too many braces are refused", `include ${"{a,b}".repeat(20)}\n`, [], ["1:9 error[include]"]],
] as const)
  test(`include: ${what}`, () => {
    const found = expand(text, { disk });
    assert.deepEqual(found.lines, lines);
    assert.deepEqual(
      found.marks,
      marks.map((mark) => (mark.startsWith("/") ? mark : `/etc/keepalived.conf:${mark}`)),
    );
  });

test("a mistake in an included file names that file and its line", () => {
  const { places } = expand("include conf.d/b.conf\n", { disk });
  assert.deepEqual(places, ["/etc/conf.d/b.conf:1", "/etc/conf.d/sub/c.conf:1", "/etc/conf.d/b.conf:3"]);
});

test("files that include the next without end come to an end", () => {
  const endless: Disk = {
    list: () => undefined,
    kind: () => "file",
    read: (path) => ({ text: `include ${Number(/\d+/.exec(path)?.[0] ?? 0) + 1}.conf\n` }),
  };
  assert.deepEqual(
    expand("include 1.conf\n", { disk: endless }).marks.map((mark) => mark.split(" ")[1]),
    ["error[expansion-limit]"],
  );
});

const piece = fc.constantFrom(
  ..."$A=|$B= \\|$A|${B}|@main |@^x |~SEQ(A,1,3) |~SEQ(B,$A,9) |~LST({A,B},{1,2}) |include x|\\|{|}|#|'|\"|word|\n|\n|\n| |~SEQ(A,1,99999999) "
    .split("|")
    .filter((text) => text !== ""),
);

test("whatever stands in a file, every word's span lies in its line, and it comes to an end", () =>
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const file = { path: "/etc/keepalived.conf", text: pieces.join("") };
      const written = file.text.split("\n");
      const diagnostics = new Diagnostics();
      const lines = preprocess([file], { ...noSources, configId: "main" }, diagnostics);
      const spans = [
        ...diagnostics.all.map(({ span }) => span),
        ...lines
          .slice(0, 1000)
          .flatMap((line) => [line.span(0, line.text.length), line.span(line.text.length >> 1, line.text.length)]),
      ];
      for (const { line, column, length } of spans)
        assert.ok(
          column >= 1 && length >= 0 && column - 1 + length <= written[line - 1]!.length,
          `${line}:${column}+${length}`,
        );
    }),
    { numRuns: 100 },
  ));
