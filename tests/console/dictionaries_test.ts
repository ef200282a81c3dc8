import { assert, assertEquals } from "@std/assert";
import { CONSOLE_FILES } from "../../src/console/console_files.ts";

const SCRIPTS = Object.keys(CONSOLE_FILES).filter((name) => name.endsWith(".js"));

/** The dictionaries of a script; they are literals. */
function dictionariesOf(script: string): Record<string, Record<string, string>>[] {
  const source = CONSOLE_FILES[script] ?? "";
  return [...source.matchAll(/(?<!function )\bdictionary\((\{[^]*?\})\);$/gm)].map(([, literal]) =>
    Function(`return (${literal})`)()
  );
}

function placeholdersIn(text: string): string[] {
  return [...new Set(text.match(/\{\w+\}/g))].sort();
}

Deno.test("every console text exists in every language with the same placeholders", () => {
  let dictionaries = 0;
  for (const script of SCRIPTS) {
    for (const { en = {}, ...translations } of dictionariesOf(script)) {
      dictionaries++;
      assertEquals(Object.keys(translations), ["es"], script);
      for (const [language, words] of Object.entries(translations)) {
        assertEquals(Object.keys(words).sort(), Object.keys(en).sort(), `${script}, ${language}`);
        for (const [key, text] of Object.entries(words)) {
          assert(text.trim() !== "", `${script}: "${key}" is empty in ${language}`);
          assertEquals(
            placeholdersIn(text),
            placeholdersIn(en[key] ?? ""),
            `${script}: "${key}" in ${language}`,
          );
        }
      }
    }
  }
  assert(dictionaries >= 10, `found only ${dictionaries} dictionaries`);
});

Deno.test("every text a script uses by name is in its dictionary", () => {
  for (const script of SCRIPTS) {
    const dictionaries = dictionariesOf(script);
    if (dictionaries.length === 0) continue;
    const englishKeys = new Set(dictionaries.flatMap(({ en = {} }) => Object.keys(en)));
    const source = CONSOLE_FILES[script] ?? "";
    for (const [, key = ""] of source.matchAll(/\bt\("([^"]+)"/g)) {
      assert(englishKeys.has(key), `${script} uses "${key}"`);
    }
  }
});
