import { assert, assertEquals } from "@std/assert";
import { fields, fileSchema, tables } from "../../src/assistants/document.ts";
import { isObject } from "../../src/json.ts";
import { Source } from "../../src/jsonc.ts";
import { load } from "./support.ts";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));
const PAGE = read("docs/assistants.md");
const EXAMPLE = read("docs/assistants.example.jsonc");
const ENV = { TOOL_SHOP_KEY: "s", TOOL_CALENDAR_KEY: "c" };

/** Run `deno run --allow-read=docs --allow-write=docs src/assistants/document.ts && deno fmt docs` when it fails. */
Deno.test("docs/assistants.schema.json is the schema of the code", () => {
  assertEquals(JSON.parse(read("docs/assistants.schema.json")), fileSchema());
});

Deno.test("docs/assistants.md has every field, as the code tells it", () => {
  const cells = (text: string) =>
    text.split("\n").filter((line) => line.startsWith("|") || line.startsWith("###"))
      .map((line) => line.split("|").map((cell) => cell.trim().replace(/^-+$/, "---")));
  const [, reference = ""] = PAGE.split("## Every field\n");
  assertEquals(cells(reference.split("\n## ")[0] ?? ""), cells(tables()));
});

Deno.test("every field is told what it is for", () => {
  const all = fields();
  assert(all.length > 60, "fields were found");
  for (const { name, about, allowed } of all) {
    assert(/^[A-Z\w][^]*\.$/.test(about), `${name}: ${about}`);
    assert(allowed !== "" && !allowed.includes("undefined"), `${name}: ${allowed}`);
  }
});

Deno.test("the example is right, is on the page, and shows every field", () => {
  const { assistants, warnings } = load(EXAMPLE, { env: ENV });
  assertEquals([assistants.length, warnings], [3, []]);
  assertEquals([...PAGE.matchAll(/```jsonc\n([^]*?)```/g)].at(-1)?.[1], EXAMPLE);

  const shown = new Set(namesOf(new Source(EXAMPLE).value));
  // The last name of each; some stand for one another.
  const missing = fields().map(({ name }) => name.split(".").at(-1) ?? "")
    .filter((name) => !shown.has(name) && !["idleTimeoutMs", "file"].includes(name));
  assertEquals(missing, []);
});

Deno.test("the other examples, on the page and in the design, are right", () => {
  const [smallest = ""] = [...PAGE.matchAll(/```jsonc\n([^]*?)```/g)].map(([, text = ""]) => text);
  assertEquals(load(smallest).default.name, "reception");
  const design = /```jsonc\n([^]*?)```/.exec(read("docs/design/assistants-and-tools.md"))?.[1] ?? "";
  const files = { "etc/reception.md": "You answer." };
  assertEquals(load(design, { env: ENV, files }).warnings, []);
});

function namesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namesOf);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => [name, ...namesOf(member)]);
}
