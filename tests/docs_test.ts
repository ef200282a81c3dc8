import { assert, assertEquals } from "@std/assert";
import { fields } from "../docs/generate/assistants.ts";
import { PAGES } from "../docs/generate/mod.ts";
import { readPage, renderPage } from "../docs/generate/page.ts";
import { allowedValues, defaultOf } from "../docs/generate/settings.ts";
import { loadConfig } from "../src/app/service_config.ts";
import { isObject } from "../src/json.ts";
import { JsoncSource } from "../src/jsonc.ts";
import type { Setting } from "../src/config/setting_types.ts";
import { SETTING_GROUPS, SETTINGS } from "../src/config/settings.ts";
import { load } from "./assistants/support.ts";

for (const page of PAGES) {
  Deno.test(`${page.path} is what the code generates`, async () => {
    assertEquals(readPage(page.path), await renderPage(page), `${page.path} is stale: run deno task docs`);
  });
}

Deno.test(".env.example changes nothing, copied as it is or with its defaults uncommented", () => {
  const configFrom = (file: string) => {
    const readFile = (path: string) => path === ".env" ? file : undefined;
    // The origins name the file.
    const { origins: _, ...config } = loadConfig({ env: () => undefined, readFile });
    return config;
  };
  const example = readPage(".env.example");
  const untouched = configFrom("");
  assertEquals(configFrom(example), untouched);
  assertEquals(configFrom(example.replaceAll(/^# (?=[A-Z_]+=)/gm, "")), untouched);
});

Deno.test("every setting has a heading, a description and a default that its schema accepts", () => {
  const names = Object.keys(SETTINGS);
  const starts = SETTING_GROUPS.map(([, first]) => names.indexOf(first));
  assertEquals(
    [starts[0], starts.toSorted((a, b) => a - b)],
    [0, starts],
    "headings follow the order of the settings",
  );
  for (const [name, setting] of Object.entries<Setting>(SETTINGS)) {
    assert(/^[A-Z\w][^\n]*\.$/.test(setting.description), `${name}: ${setting.description}`);
    const value = defaultOf(setting);
    assert(value === undefined || setting.schema.safeParse(value).success, `${name}: ${value}`);
  }
  assertEquals(allowedValues(SETTINGS.PORT), "a whole number from 0 to 65535");
  assertEquals(allowedValues(SETTINGS.LOG_FORMAT), "pretty, json");
  assertEquals(allowedValues(SETTINGS.OPENAI_MODEL), "any text");
});

Deno.test("every field of the assistants file has a description and allowed values", () => {
  const all = fields();
  assert(all.length > 60, `${all.length} fields were found`);
  for (const { name, description, allowed } of all) {
    assert(/^[A-Za-z][^]*\.$/.test(description), `${name}: ${description}`);
    assert(allowed !== "" && !allowed.includes("undefined"), `${name}: ${allowed}`);
  }
});

const ENV = { TOOL_SHOP_KEY: "s", TOOL_CALENDAR_KEY: "c" };

Deno.test("docs/assistants.example.jsonc is valid and contains every field", () => {
  const example = readPage("docs/assistants.example.jsonc");
  const { assistants, warnings } = load(example, { env: ENV });
  assertEquals([assistants.length, warnings], [3, []]);
  const names = new Set(memberNames(new JsoncSource(example).value));
  // Some fields exclude each other, and the example has no files.
  const missing = fields().map(({ name }) => name.split(".").at(-1) ?? "")
    .filter((name) => !names.has(name) && !["idleTimeoutMs", "file", "audio", "text"].includes(name));
  assertEquals(missing, []);
});

Deno.test("the smallest file in docs/assistants.md is valid", () => {
  const [, smallest = ""] = /```jsonc\n([^]*?)```/.exec(readPage("docs/assistants.md")) ?? [];
  assertEquals(load(smallest).default.name, "reception");
});

function memberNames(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(memberNames);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => [name, ...memberNames(member)]);
}
