import { assertEquals } from "@std/assert";
import deno from "../deno.json" with { type: "json" };
import mirror from "../.mirror/import_map.json" with { type: "json" };

type Imports = Record<string, string>;

/** Packages as in `deno.json`, from an import map: "openai/": "npm:/openai@1.2.3/" names the modules inside a package. */
const packagesOf = (imports: Imports) =>
  Object.fromEntries(
    Object.entries(imports).map(([name, target]) => [
      name.replace(/\/$/, "").replace(/^(@std\/\w+)\/.*/, "$1"),
      name.startsWith("@std/") ? "std" : target.replace(/^npm:\//, "npm:").replace(/\/$/, ""),
    ]),
  );

// Protects: the service runs the same code whether JSR or only the npm registry is reachable.
Deno.test("the import map of .mirror/ names the packages and versions of deno.json", () => {
  assertEquals(packagesOf(mirror.imports), packagesOf(deno.imports));
  const scopes = Object.entries<Imports>(deno.scopes);
  assertEquals(Object.keys(mirror.scopes), scopes.map(([scope]) => scope.replace("./", "../")));
  for (const [index, mirrored] of Object.values<Imports>(mirror.scopes).entries()) {
    assertEquals(packagesOf(mirrored), packagesOf(scopes[index]?.[1] ?? {}));
  }
});

// Protects: Deno shortens a lock file to the packages of the run at hand, which must not be committed.
Deno.test("the lock files of the tests hold every package of deno.json", () => {
  const all = Object.values<Imports>(deno.scopes).flatMap((imports) => Object.values(imports));
  for (const path of ["tests/deno.lock", ".mirror/tests.lock"]) {
    const locked = lockedIn(path);
    assertEquals(all.filter((target) => target.startsWith("npm:") && !locked.includes(target)), [], path);
  }
});

// Protects: `deno task` downloads the npm packages of "imports" and of the configured lock file before the task starts.
Deno.test("deno.json names no npm package in its imports, and no lock file", () => {
  assertEquals(Object.values(deno.imports).filter((target) => target.startsWith("npm:")), []);
  assertEquals(deno.lock, false);
});

// Protects: a first start downloads everything that a lock file names.
Deno.test("the lock files of the service hold its packages and no others", () => {
  const { openai: _typesOnly, ...service } = deno.scopes["./"];
  const expected = Object.values(service);
  assertEquals(lockedIn("deno.lock").filter((target) => target.startsWith("npm:")).sort(), expected.sort());
  assertEquals(
    lockedIn(".mirror/deno.lock").sort(),
    [...expected, "npm:deno-std@1.4.0", "npm:dotenv@17.4.2"].sort(),
  );
});

function lockedIn(path: string): string[] {
  return Object.keys(JSON.parse(Deno.readTextFileSync(new URL(`../${path}`, import.meta.url))).specifiers);
}
