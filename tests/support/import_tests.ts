import deno from "../../deno.json" with { type: "json" };

/** Suites that `deno task test` runs at the same time. */
const SUITES = 8;
const ROOT = new URL("../../", import.meta.url);
/** Files and folders that the task names: their tests play audio in real time, which busy processors would disturb. */
const ALONE: string[] = deno.tasks.test.command.match(/tests\/\S+/g) ?? [];

function testFiles(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}${name}${isDirectory ? "/" : ""}`;
    if (ALONE.includes(path)) return [];
    return isDirectory ? testFiles(path) : path.endsWith("_test.ts") ? [path] : [];
  });
}

/**
 * Registers every eighth test file as part of the calling module. Deno loads the module graph anew for each test module:
 * with 240 of them the tests took 234 s of processor time, with suites 138 s.
 *
 * @param suite 1 to 8.
 */
export async function importTests(suite: number): Promise<void> {
  const files = testFiles("tests/").sort().filter((_, index) => index % SUITES === suite - 1);
  for (const file of files) await import(new URL(file, ROOT).href);
}
