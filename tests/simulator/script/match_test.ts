import { assertEquals, assertThrows } from "@std/assert";
import { differences, matches, patternIn } from "../../../src/simulator/script/match.ts";

const SAME: [expected: unknown, got: unknown][] = [
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

for (const [expected, got] of SAME) {
  Deno.test(`${JSON.stringify(expected)} is ${JSON.stringify(got)}`, () => {
    assertEquals(differences(expected, got), []);
    assertEquals(matches(expected, got), true);
  });
}

const DIFFERENT: [expected: unknown, got: unknown, where: string[]][] = [
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

for (const [expected, got, where] of DIFFERENT) {
  Deno.test(`${JSON.stringify(expected)} is not ${JSON.stringify(got)}`, () => {
    const found = differences(expected, got).map(({ path, expected, got }) =>
      `${path}: expected ${expected}, got ${got}`
    );
    assertEquals(found, where);
  });
}

Deno.test("a text between strokes is a regular expression, and one that is wrong says so", () => {
  assertEquals(patternIn("/a/")?.source, "a");
  assertEquals(patternIn("a/b/"), undefined);
  assertEquals(patternIn("/a/g"), undefined);
  assertThrows(() => patternIn("/(/"), SyntaxError);
});

Deno.test("what is long is cut", () => {
  const [{ got = "" } = {}] = differences("x", "y".repeat(1000));
  assertEquals(got.length, 301);
});
