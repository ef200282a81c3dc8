import { assertEquals, assertMatch } from "@std/assert";
import { readAssistants, readDoNotCallList } from "../../src/app/service_config.ts";

/** An environment with these files. */
function environment(files: Record<string, string> = {}) {
  return { env: () => undefined, readFile: (path: string) => files[path] };
}
const VALUES = {
  ASSISTANTS_FILE: "a.jsonc",
  OPENAI_MODEL: "m",
  OPENAI_VOICE: "marin",
  SYSTEM_MESSAGE: "",
  GREETING: "",
};

Deno.test("readAssistants() reports an invalid or missing assistants file", () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{}, /^ASSISTANTS_FILE: found "a\.jsonc", which does not exist$/],
    [{ "a.jsonc": '{"assistants": {"a": {"nonsense": 1}}}' }, /nonsense/],
    [{ "a.jsonc": '{"assistants": {"a": {"tools": ["take_message"]}}}' }, /take_message needs afterCall/],
  ];
  for (const [files, expected] of cases) {
    const problems: string[] = [];
    readAssistants(VALUES, environment(files), problems);
    assertEquals(problems.length, 1, String(expected));
    assertMatch(problems[0] ?? "", expected);
  }
});

Deno.test("readDoNotCallList() reports an invalid or missing list", () => {
  for (const files of [{}, { list: "5551230000" }]) {
    const problems: string[] = [];
    assertEquals(readDoNotCallList("list", environment(files), problems), new Set());
    assertEquals(problems.length, 1);
    assertMatch(problems[0] ?? "", /^DO_NOT_CALL_FILE: /);
  }
  const problems: string[] = [];
  assertEquals(
    readDoNotCallList("list", environment({ list: "+15551230000\n" }), problems),
    new Set(["+15551230000"]),
  );
  assertEquals(readDoNotCallList(undefined, environment(), problems), new Set());
  assertEquals(problems, []);
});
