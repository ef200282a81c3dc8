/**
 * Brings the lock files up to date after a change of packages in `deno.json`.
 *
 *     deno task lock
 *
 * First Deno completes the lock file of the tests, which names every package. The lock file of the service is then the part
 * of it that the service needs. Deno downloads all packages of a lock file, so a short one makes the first start fast.
 */
const ROOT = new URL("../", import.meta.url);

interface Lock {
  version: string;
  specifiers: Record<string, string>;
  jsr?: Record<string, { integrity: string; dependencies?: string[] }>;
  npm?: Record<string, { integrity?: string; dependencies?: string[]; optionalDependencies?: string[] }>;
  workspace?: unknown;
}

/** The package of which `src/` imports nothing but types. */
const TYPES_ONLY = "openai";

/**
 * Lock files by where packages come from: all packages, those of the service, and the packages behind `@std/…` where JSR
 * cannot be reached; see the modules beside this file.
 */
const LOCKS: [all: string, service: string, std?: string[]][] = [
  ["tests/deno.lock", "deno.lock"],
  [".mirror/tests.lock", ".mirror/deno.lock", ["npm:deno-std@1.4.0", "npm:dotenv@17.4.2"]],
];

const read = (path: string): Lock => JSON.parse(Deno.readTextFileSync(new URL(path, ROOT)));

/** Paths of the TypeScript files below a folder. */
function modules(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) =>
    isDirectory ? modules(`${folder}${name}/`) : name.endsWith(".ts") ? [`${folder}${name}`] : []
  );
}

/** The packages of a lock file that these specifiers need, directly or through others. */
function prune(lock: Lock, roots: readonly string[]): Lock {
  const kept: Lock = { version: lock.version, specifiers: {}, jsr: {}, npm: {}, workspace: lock.workspace };
  const visitNpm = (key: string) => {
    const entry = lock.npm?.[key];
    if (!entry || kept.npm?.[key]) return;
    kept.npm = { ...kept.npm, [key]: entry };
    for (const name of [...entry.dependencies ?? [], ...entry.optionalDependencies ?? []]) {
      // A dependency is a name where the lock file has one version of it, and name@version otherwise.
      const found = Object.keys(lock.npm ?? {}).find((each) => each === name || each.startsWith(`${name}@`));
      if (found) visitNpm(found);
    }
  };
  const visitJsr = (specifier: string) => {
    const name = specifier.replace(/^jsr:/, "");
    const matches = Object.keys(lock.specifiers).filter((each) =>
      each === specifier || each.startsWith(`${specifier}@`)
    );
    for (const match of matches) {
      const version = lock.specifiers[match];
      const key = `${name.replace(/(?<=.)@.*$/, "")}@${version}`;
      kept.specifiers[match] = version ?? "";
      if (kept.jsr?.[key] || !lock.jsr?.[key]) continue;
      kept.jsr = { ...kept.jsr, [key]: lock.jsr[key] };
      for (const dependency of lock.jsr[key].dependencies ?? []) visitJsr(dependency);
    }
  };
  for (const root of roots) {
    if (root.startsWith("jsr:")) visitJsr(root);
    const version = lock.specifiers[root];
    if (!root.startsWith("npm:") || version === undefined) continue;
    kept.specifiers[root] = version;
    visitNpm(`${root.replace(/^npm:/, "").replace(/(?<=.)@.*$/, "")}@${version}`);
  }
  const sorted = <T>(record: Record<string, T>) => Object.fromEntries(Object.entries(record).sort());
  const { jsr = {}, npm = {} } = kept;
  return {
    version: kept.version,
    specifiers: sorted(kept.specifiers),
    ...(Object.keys(jsr).length ? { jsr: sorted(jsr) } : {}),
    npm: sorted(npm),
    ...(lock.workspace ? { workspace: lock.workspace } : {}),
  };
}

const flags = new TextDecoder().decode(
  new Deno.Command(Deno.execPath(), { args: ["task", "-q", "packages", "test"] }).outputSync().stdout,
).trim().split(" ").filter((flag) => flag !== "--frozen");
const completed = new Deno.Command(Deno.execPath(), {
  args: ["cache", "-q", ...flags, "main.ts", ...["docs/", "tests/", "bench/"].flatMap(modules)],
  stderr: "inherit",
}).outputSync();
if (!completed.success) Deno.exit(completed.code);

const { imports, scopes } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
const { [TYPES_ONLY]: _, ...service } = scopes["./"];
for (const [all, short, std] of LOCKS) {
  const lock = prune(read(all), [
    ...std ?? Object.values<string>(imports),
    ...Object.values<string>(service),
  ]);
  Deno.writeTextFileSync(new URL(short, ROOT), `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`${short}: ${Object.keys(lock.npm ?? {}).length} npm packages`);
}
