import { assert, assertEquals, assertLess } from "@std/assert";
import { cpuUsage } from "node:process";
import { formatPath, JsoncSource, lineAndColumn, quote } from "../src/jsonc.ts";
import { load, placedProblems } from "./assistants/support.ts";

const GOOD = '{ "assistants": { "one": {} } }';

Deno.test("JsoncSource accepts comments, trailing commas and a byte order mark", () => {
  const text = `\uFEFF// first\r\n{ /* second */ "assistants": { "one": { "tools": [ ], }, } }`;
  assertEquals(load(text).default.name, "one");
  assertEquals(placedProblems(`\uFEFF{ "x": 1, "assistants": { "one": {} } }`), [
    "etc/a.jsonc:1:3: x: unknown field; allowed: $schema, default, destinations, tools, mcpServers, " +
    "afterCall, assistants",
  ], "the byte order mark takes no column");
});

Deno.test("JsoncSource reports one syntax error per line with its position", () => {
  const cases: [text: string, problems: string[]][] = [
    ["", ["1:1: invalid JSON: value expected"]],
    ["  // only a comment", ["1:20: invalid JSON: value expected"]],
    ["hello", ["1:1: invalid JSON: invalid symbol"]],
    ["\u0000\u0001", ["1:1: invalid JSON: invalid symbol"]],
    ['{ "a": 1 "b": 2\n "c": 3 }', [
      "1:10: invalid JSON: comma expected",
      "2:2: invalid JSON: comma expected",
    ]],
    ['{ "a": ', ["1:8: invalid JSON: value expected"]],
    ['{ "a": "b', ["1:8: invalid JSON: unexpected end of string"]],
    [`${GOOD} {}`, ["1:33: invalid JSON: end of file expected"]],
    ["{ 'a': 1 }", ["1:3: invalid JSON: invalid symbol"]],
  ];
  for (const [text, expected] of cases) {
    assertEquals(placedProblems(text), expected.map((each) => `etc/a.jsonc:${each}`), text);
  }
});

Deno.test("loadAssistants() reports a root value that is not an object", () => {
  for (
    const [text, expected] of [["[]", "found a list"], ["3", "found 3"], ["null", "found null"]] as const
  ) {
    const [problem, ...rest] = placedProblems(text);
    assert(
      problem?.startsWith(`etc/a.jsonc:1:1: ${expected}; allowed: an object with $schema, default, `),
      problem,
    );
    assertEquals(rest, []);
  }
});

Deno.test("JsoncSource rejects brackets nested more than 32 levels deep", () => {
  for (const bracket of ["[", '{"a":', '{"a":[']) {
    assertEquals(placedProblems(bracket.repeat(10_000)).map((each) => each.replace(/^\S+ /, "")), [
      "brackets are nested more than 32 levels deep; allowed: at most 32",
    ]);
  }
  const deep = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  assertEquals(new JsoncSource(deep(32)).problems, []);
  assertEquals(new JsoncSource(deep(33)).problems.map(({ offset }) => offset), [32]);
  assertEquals(
    new JsoncSource(`"${"[".repeat(100)}" // ${"[".repeat(100)}`).problems,
    [],
    "brackets in strings and comments do not count",
  );
});

/** Texts of `size` characters, each large in another way. */
const LARGE: Readonly<Record<string, (size: number) => string>> = {
  spaces: (size) => "{".padEnd(size, " "),
  letters: (size) => "x".repeat(size),
  quotes: (size) => '"'.repeat(size),
  lines: (size) => "\n".repeat(size),
  lists: (size) => "[],".repeat(size / 3),
  duplicates: (size) => `{${'"a":1,'.repeat(size / 6)}}`,
  "unknown fields": (size) => `{${Array.from({ length: size / 16 }, (_, i) => `"key_${i}":1`)}}`,
  "bad names": (size) =>
    `{"destinations":{${Array.from({ length: size / 20 }, (_, i) => `"bad name ${i}":1`)}}}`,
  "unknown tools": (size) =>
    `{"assistants":{${
      Array.from({ length: size / 100 }, (_, i) => `"a${i}":{"tools":["transfer_cal${i}"]}`)
    }}}`,
  "a long name": (size) => `{"assistants":{"one":{"${"k".repeat(size)}":1}}}`,
  "a long value": (size) => `{"assistants":{"one":{"voice":"${"k".repeat(size)}"}}}`,
};

// Protects: a time that grows with the square of the size would block the service for minutes. The ratio of the CPU
// times of this process depends little on the machine and its load.
Deno.test("loadAssistants() reads or rejects a file of one megabyte in time proportional to its size", () => {
  const small = 62_500, large = 1_000_000;
  const cpuMs = (text: string) => {
    const before = cpuUsage();
    const reported = placedProblems(text);
    const { user } = cpuUsage(before);
    assert(reported.length > 0 && reported.length <= 101, text.slice(0, 50));
    assert(reported.every((problem) => problem.length < 1_000), text.slice(0, 50));
    return user / 1_000;
  };
  for (const [what, create] of Object.entries(LARGE)) {
    // The first run compiles. Less than 10 ms cannot be measured.
    const base = Math.max(10, Math.min(...[1, 2, 3].map(() => cpuMs(create(small)))));
    const growth = cpuMs(create(large)) / base;
    assertLess(
      growth,
      4 * large / small,
      `${what}: the square of the growth in size is ${(large / small) ** 2}`,
    );
  }
  assertEquals(load(GOOD.padEnd(large)).default.name, "one");
  assertEquals(placedProblems(GOOD.padEnd(1_048_577)), [
    "etc/a.jsonc:1:1: found 1048577 characters; allowed: at most 1048576",
  ]);
});

Deno.test("loadAssistants() reports the first 100 problems and the number of others", () => {
  const keys = Array.from({ length: 130 }, (_, i) => `"key_${i}":1`);
  const reported = placedProblems(`{ "assistants": { "one": {} }, ${keys} }`);
  assertEquals([reported.length, reported.at(-1)], [101, "etc/a.jsonc: and 30 more; fix these first"]);
});

Deno.test("JsoncSource reports duplicate members at any depth", () => {
  const text = `{
  "assistants": { "one": { "voice": "a", "voice": "b" }, "one": {} },
  "tools": { "t": { "parameters": { "x": [{ "y": 1, "y": 1 }] } } }
}`;
  assertEquals(placedProblems(text).filter((problem) => problem.includes("duplicate")), [
    "etc/a.jsonc:2:42: assistants.one.voice: duplicate; keep one of them",
    "etc/a.jsonc:2:58: assistants.one: duplicate; keep one of them",
    "etc/a.jsonc:3:53: tools.t.parameters.x[0].y: duplicate; keep one of them",
  ]);
});

Deno.test("JsoncSource rejects __proto__ and accepts other names of Object.prototype", () => {
  const reserved = [
    '{ "__proto__": {}, "assistants": { "one": {} } }',
    '{ "assistants": { "one": {}, "__proto__": {} } }',
    '{ "assistants": { "one": { "__proto__": { "voice": "x" } } } }',
    '{ "assistants": { "one": {} }, "tools": { "t": { "body": [{ "__proto__": 1 }] } } }',
  ];
  for (const text of reserved) {
    assert(
      placedProblems(text).some((problem) => problem.endsWith("this name is reserved; choose another name")),
      text,
    );
  }
  assertEquals(Object.hasOwn(Object.prototype, "voice"), false);

  const odd = ["constructor", "toString", "hasOwnProperty", "valueOf", "prototype"];
  const { assistants } = load({
    default: "constructor",
    destinations: Object.fromEntries(odd.map((name) => [name, { number: "+15550100" }])),
    assistants: Object.fromEntries(
      odd.map((name) => [name, { transferTo: [name], tools: ["transfer_call"] }]),
    ),
  });
  assertEquals(assistants.map(({ name, transferTo }) => [name, transferTo[0]?.name]), odd.map((n) => [n, n]));
  // These names exist only if the file defines them.
  const problem = placedProblems({
    default: "toString",
    assistants: { a: { tools: ["valueOf"], transferTo: ["constructor"] }, b: {} },
  });
  assertEquals(problem.filter((each) => each.includes("which does not exist")).length, 3);
});

Deno.test("formatPath() and quote() shorten long texts and quote special characters", () => {
  assertEquals(formatPath(["a", "b-c", 0, "d e", "f"]), 'a.b-c[0]["d e"].f');
  assertEquals(formatPath(["x".repeat(61)]).length, 65);
  assertEquals(quote('a"\u001b'), '"a\\"\\u001b"');
  assertEquals([quote("x".repeat(500)).length, quote(undefined)], [81, "nothing"]);
  assertEquals(lineAndColumn("a\r\nb\rc\nd", 7), "4:1");
});
