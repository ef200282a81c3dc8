import { assert, assertEquals } from "@std/assert";
import deno from "../deno.json" with { type: "json" };
import mirror from "../.mirror/import_map.json" with { type: "json" };

const ROOT = new URL("../", import.meta.url);
const isStd = ([name]: [string, string]) => name.startsWith("@std/");
const PACKAGES: [name: string, target: string][] = Object.entries(deno.imports);

// Protects: the service runs the same code whether JSR or only the npm registry is reachable.
Deno.test("the import map of .mirror/ names the packages and versions of deno.json", () => {
  // "openai/": "npm:/openai@1.2.3/" is the import map entry for modules inside "openai".
  const mirrored = Object.entries(mirror.imports).map(([name, target]): [string, string] => [
    name.replace(/\/$/, ""),
    target.replace(/^npm:\//, "npm:").replace(/\/$/, ""),
  ]);
  assertEquals(
    Object.fromEntries(mirrored.filter((entry) => !isStd(entry))),
    Object.fromEntries(PACKAGES.filter((entry) => !isStd(entry))),
  );
  const std = new Set(mirrored.filter(isStd).map(([name]) => name.split("/").slice(0, 2).join("/")));
  assertEquals([...std].sort(), PACKAGES.filter(isStd).map(([name]) => name).sort());
});

// Protects: Deno shortens a lock file to the packages of the run at hand, which must not be committed.
Deno.test("the lock files of the tests hold every package of deno.json", () => {
  const expected = PACKAGES.map(([, target]) => target).filter((target) => target.startsWith("npm:"));
  for (const path of ["tests/deno.lock", ".mirror/tests.lock"]) assertHolds(path, expected);
});

Deno.test("the lock files of the service hold every package that src/ imports", () => {
  const sources = [...sourcesIn(new URL("src/", ROOT))].join("\n");
  const imported = PACKAGES.filter(([name]) => sources.includes(`from "${name}"`)).map(([, target]) =>
    target
  );
  assert(imported.includes(deno.imports.zod), "no import was found");
  const expected = imported.filter((target) => target.startsWith("npm:"));
  for (const path of ["deno.lock", ".mirror/deno.lock"]) assertHolds(path, expected);
});

function assertHolds(path: string, expected: readonly string[]): void {
  const { specifiers } = JSON.parse(Deno.readTextFileSync(new URL(path, ROOT)));
  assertEquals(expected.filter((specifier) => !(specifier in specifiers)), [], `${path} lacks packages`);
}

function* sourcesIn(folder: URL): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* sourcesIn(new URL(`${name}/`, folder));
    else if (name.endsWith(".ts")) yield Deno.readTextFileSync(new URL(name, folder));
  }
}
