import { assert, assertEquals } from "@std/assert";
import { lineAndColumn, nameOf, quoted, Source } from "../../src/jsonc.ts";
import { load, placedProblems } from "./support.ts";

const GOOD = '{ "assistants": { "one": {} } }';

Deno.test("a file may have comments, trailing commas and a byte order mark", () => {
  const text = `\uFEFF// first\r\n{ /* second */ "assistants": { "one": { "tools": [ ], }, } }`;
  assertEquals(load(text).default.name, "one");
  assertEquals(placedProblems(`\uFEFF{ "x": 1, "assistants": { "one": {} } }`), [
    "etc/a.jsonc:1:3: x: there is no such field; allowed: $schema, default, destinations, tools, mcpServers, " +
    "afterCall, assistants",
  ], "nobody sees the mark, so it takes no column");
});

Deno.test("what is no JSON is told with its place, one problem a line", () => {
  const cases: [text: string, problems: string[]][] = [
    ["", ["1:1: this is no JSON: value expected"]],
    ["  // only a comment", ["1:20: this is no JSON: value expected"]],
    ["hello", ["1:1: this is no JSON: invalid symbol"]],
    ["\u0000\u0001", ["1:1: this is no JSON: invalid symbol"]],
    ['{ "a": 1 "b": 2\n "c": 3 }', [
      "1:10: this is no JSON: comma expected",
      "2:2: this is no JSON: comma expected",
    ]],
    ['{ "a": ', ["1:8: this is no JSON: value expected"]],
    ['{ "a": "b', ["1:8: this is no JSON: unexpected end of string"]],
    [`${GOOD} {}`, ["1:33: this is no JSON: end of file expected"]],
    ["{ 'a': 1 }", ["1:3: this is no JSON: invalid symbol"]],
  ];
  for (const [text, expected] of cases) {
    assertEquals(placedProblems(text), expected.map((each) => `etc/a.jsonc:${each}`), text);
  }
});

Deno.test("a value that is no object is told as it is", () => {
  for (const [text, found] of [["[]", "found a list"], ["3", "found 3"], ["null", "found null"]] as const) {
    const [problem, ...others] = placedProblems(text);
    assert(
      problem?.startsWith(`etc/a.jsonc:1:1: ${found}; allowed: an object of $schema, default, `),
      problem,
    );
    assertEquals(others, []);
  }
});

Deno.test("brackets without end do not overflow the stack", () => {
  for (const bracket of ["[", '{"a":', '{"a":[']) {
    assertEquals(placedProblems(bracket.repeat(10_000)).map((each) => each.replace(/^\S+ /, "")), [
      "found more than 32 brackets within each other; allowed: fewer",
    ]);
  }
  const deep = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  assertEquals(new Source(deep(32)).problems, []);
  assertEquals(new Source(deep(33)).problems.map(({ offset }) => offset), [32]);
  assertEquals(new Source(`"${"[".repeat(100)}" // ${"[".repeat(100)}`).problems, [], "texts have no depth");
});

Deno.test("a file of a megabyte is read or refused quickly", () => {
  const million = 1_000_000;
  const started = performance.now();
  const texts = [
    "{".padEnd(million, " "),
    "x".repeat(million),
    '"'.repeat(million),
    "\n".repeat(million),
    "[],".repeat(million / 3),
    `{${'"a":1,'.repeat(million / 6)}}`,
    `{${Array.from({ length: 60_000 }, (_, i) => `"key_${i}":1`)}}`,
    `{"destinations":{${Array.from({ length: 60_000 }, (_, i) => `"bad name ${i}":1`)}}}`,
    `{"assistants":{${Array.from({ length: 10_000 }, (_, i) => `"a${i}":{"tools":["transfer_cal${i}"]}`)}}}`,
    `{"assistants":{"one":{"${"k".repeat(million)}":1}}}`,
    `{"assistants":{"one":{"voice":"${"k".repeat(million)}"}}}`,
  ];
  for (const text of texts) {
    const told = placedProblems(text);
    assert(told.length > 0 && told.length <= 101, text.slice(0, 50));
    assert(told.every((problem) => problem.length < 1_000), text.slice(0, 50));
  }
  assert(performance.now() - started < 20_000, "no text takes seconds");
  assertEquals(load(GOOD.padEnd(million)).default.name, "one");
  assertEquals(placedProblems(GOOD.padEnd(1_048_577)), [
    "etc/a.jsonc:1:1: found 1048577 characters; allowed: at most 1048576",
  ]);
});

Deno.test("of very many problems the first hundred are told, and how many there are", () => {
  const keys = Array.from({ length: 130 }, (_, i) => `"key_${i}":1`);
  const told = placedProblems(`{ "assistants": { "one": {} }, ${keys} }`);
  assertEquals([told.length, told.at(-1)], [101, "etc/a.jsonc: and 30 more; mend these first"]);
});

Deno.test("a member that is there twice is a problem, wherever it is", () => {
  const text = `{
  "assistants": { "one": { "voice": "a", "voice": "b" }, "one": {} },
  "tools": { "t": { "parameters": { "x": [{ "y": 1, "y": 1 }] } } }
}`;
  assertEquals(placedProblems(text).filter((problem) => problem.includes("twice")), [
    "etc/a.jsonc:2:42: assistants.one.voice: found it twice; keep one of them",
    "etc/a.jsonc:2:58: assistants.one: found it twice; keep one of them",
    "etc/a.jsonc:3:53: tools.t.parameters.x[0].y: found it twice; keep one of them",
  ]);
});

Deno.test("__proto__ is refused wherever it is, and other names of the language are names", () => {
  const reserved = [
    '{ "__proto__": {}, "assistants": { "one": {} } }',
    '{ "assistants": { "one": {}, "__proto__": {} } }',
    '{ "assistants": { "one": { "__proto__": { "voice": "x" } } } }',
    '{ "assistants": { "one": {} }, "tools": { "t": { "body": [{ "__proto__": 1 }] } } }',
  ];
  for (const text of reserved) {
    assert(
      placedProblems(text).some((problem) => problem.endsWith("found a name that is reserved; take another")),
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
  // None of them is there unless the file says so.
  const problem = placedProblems({
    default: "toString",
    assistants: { a: { tools: ["valueOf"], transferTo: ["constructor"] }, b: {} },
  });
  assertEquals(problem.filter((each) => each.includes("which is not there")).length, 3);
});

Deno.test("names and values in problems are short, and in quotes where they are odd", () => {
  assertEquals(nameOf(["a", "b-c", 0, "d e", "f"]), 'a.b-c[0]["d e"].f');
  assertEquals(nameOf(["x".repeat(61)]).length, 65);
  assertEquals(quoted('a"\u001b'), '"a\\"\\u001b"');
  assertEquals([quoted("x".repeat(500)).length, quoted(undefined)], [81, "nothing"]);
  assertEquals(lineAndColumn("a\r\nb\rc\nd", 7), "4:1");
});
