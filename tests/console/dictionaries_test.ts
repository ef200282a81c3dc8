import { assert, assertEquals } from "@std/assert";
import { FILES } from "../../src/console/files.ts";

const SCRIPTS = Object.keys(FILES).filter((name) => name.endsWith(".js"));

/** Every dictionary of a script, as it is written there: they are literals. */
function dictionariesOf(script: string): Record<string, Record<string, string>>[] {
  const source = FILES[script] ?? "";
  return [...source.matchAll(/(?<!function )\bdictionary\((\{[^]*?^\})\)/gm)].map(([, literal]) =>
    Function(`return (${literal})`)()
  );
}

function placesIn(text: string): string[] {
  return [...new Set(text.match(/\{\w+\}/g))].sort();
}

Deno.test("every word of the page is there in every language, with the same places to fill", () => {
  let dictionaries = 0;
  for (const script of SCRIPTS) {
    for (const { en = {}, ...others } of dictionariesOf(script)) {
      dictionaries++;
      assertEquals(Object.keys(others), ["es"], script);
      for (const [language, words] of Object.entries(others)) {
        assertEquals(Object.keys(words).sort(), Object.keys(en).sort(), `${script}, ${language}`);
        for (const [key, text] of Object.entries(words)) {
          assert(text.trim() !== "", `${script}: "${key}" has no words in ${language}`);
          assertEquals(placesIn(text), placesIn(en[key] ?? ""), `${script}: "${key}" in ${language}`);
        }
      }
    }
  }
  assert(dictionaries >= 10, `only ${dictionaries} dictionaries were found`);
});

Deno.test("every word a script asks for by name is in its dictionary", () => {
  for (const script of SCRIPTS) {
    const dictionaries = dictionariesOf(script);
    if (dictionaries.length === 0) continue;
    const known = new Set(dictionaries.flatMap(({ en = {} }) => Object.keys(en)));
    const source = FILES[script] ?? "";
    for (const [, key = ""] of source.matchAll(/\bword\("([^"]+)"/g)) {
      assert(known.has(key), `${script} asks for "${key}"`);
    }
  }
});
