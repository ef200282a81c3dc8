import { assertEquals, assertThrows } from "@std/assert";
import { differences, matches, parsePattern } from "../../../src/simulator/script/differences.ts";

const SAME: [expected: unknown, actual: unknown][] = [
  ["hello", "hello"],
  [1, 1],
  [null, null],
  [true, true],
  ["/^hel+o$/", "hello"],
  ["/HELLO/i", "hello"],
  ["/a.b/s", "a\nb"],
  ['/"ok":true/', { ok: true }],
  ["/7/", 7],
  ["//", "//"],
  [{}, { a: 1 }],
  [{ a: 1 }, { a: 1, b: 2 }],
  [{ a: { b: "/x/" } }, { a: { b: "xyz", c: 1 } }],
  [[1, { a: 1 }], [1, { a: 1, b: 2 }]],
  [[], []],
];

for (const [expected, actual] of SAME) {
  Deno.test(`differences() accepts ${JSON.stringify(actual)} for ${JSON.stringify(expected)}`, () => {
    assertEquals(differences(expected, actual), []);
    assertEquals(matches(expected, actual), true);
  });
}

const DIFFERENT: [expected: unknown, actual: unknown, where: string[]][] = [
  ["hello", "hello!", [': expected "hello", got "hello!"']],
  [1, "1", [': expected 1, got "1"']],
  ["/^bye/", "hello", [': expected /^bye/, got "hello"']],
  ["/x/", undefined, [": expected /x/, got nothing"]],
  [{ a: 1 }, undefined, [': expected {"a":1}, got nothing']],
  [{ a: 1 }, [1], [': expected {"a":1}, got [1]']],
  [{ a: 1, b: { c: "/x/" } }, { a: 2, b: { c: "y" } }, [
    "a: expected 1, got 2",
    'b.c: expected /x/, got "y"',
  ]],
  [{ a: 1 }, {}, ["a: expected 1, got nothing"]],
  [[1, 2], [1], [": expected 2 in the list, got 1: [1]"]],
  [[1, 2], [1, 3], ["[1]: expected 2, got 3"]],
  [{ list: [{ a: 1 }] }, { list: [{ a: 2 }] }, ["list[0].a: expected 1, got 2"]],
];

for (const [expected, actual, where] of DIFFERENT) {
  Deno.test(`differences() reports ${JSON.stringify(actual)} for ${JSON.stringify(expected)}`, () => {
    const lines = differences(expected, actual).map(({ path, expected, actual }) =>
      `${path}: expected ${expected}, got ${actual}`
    );
    assertEquals(lines, where);
  });
}

Deno.test("parsePattern() reads a string between slashes and throws for an invalid one", () => {
  assertEquals(parsePattern("/a/")?.source, "a");
  assertEquals(parsePattern("a/b/"), undefined);
  assertEquals(parsePattern("/a/g"), undefined);
  assertThrows(() => parsePattern("/(/"), SyntaxError);
});

Deno.test("differences() truncates a long value", () => {
  const [{ actual = "" } = {}] = differences("x", "y".repeat(1000));
  assertEquals(actual.length, 301);
});
