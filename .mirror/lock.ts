/**
 * Brings the lock files up to date after a change of packages in `deno.json`.
 *
 *     deno task lock
 *
 * First Deno completes the lock file of the tests, which names every package. The lock file of the service is then the part
 * of it that `src/` imports at run time. Deno downloads all packages of a lock file, so a short one makes the first start fast.
 */
const ROOT = new URL("../", import.meta.url);

interface Lock {
  version: string;
  specifiers: Record<string, string>;
  jsr?: Record<string, { integrity: string; dependencies?: string[] }>;
  npm?: Record<string, { integrity?: string; dependencies?: string[]; optionalDependencies?: string[] }>;
  workspace?: unknown;
}

/** Lock files by where packages come from: all packages, and those of the service. */
const LOCKS = [
  { all: "tests/deno.lock", service: "deno.lock" },
  { all: ".mirror/tests.lock", service: ".mirror/deno.lock" },
];

/** The npm packages behind `@std/…` where JSR cannot be reached; see the modules beside this file. */
const STAND_INS = ["npm:deno-std@1.4.0", "npm:dotenv@17.4.2"];

const read = (path: string): Lock => JSON.parse(Deno.readTextFileSync(new URL(path, ROOT)));

function* files(folder: URL): Generator<URL> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const url = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) yield* files(url);
    else if (/\.(ts|js)$/.test(name)) yield url;
  }
}

/** Names of `deno.json`'s imports that the service loads, without those used for their types alone. */
function importedPackages(names: readonly string[]): string[] {
  const sources = [...files(new URL("src/", ROOT))].map((file) => Deno.readTextFileSync(file)).join("\n")
    .replaceAll(/^(import|export) type [^;]*;/gm, "");
  return names.filter((name) => new RegExp(`(from|import\\() ?"${name}[/"]`).test(sources));
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
).trim().split(" ");
const entries = ["main.ts", "docs/generate/mod.ts", ".ci", "tests", "bench"].flatMap((path) =>
  path.endsWith(".ts") ? [path] : [...files(new URL(`${path}/`, ROOT))].map(({ pathname }) => pathname)
);
const completed = await new Deno.Command(Deno.execPath(), {
  args: [
    "cache",
    "-q",
    ...flags.filter((flag) => flag !== "--frozen"),
    ...entries.filter((path) => path.endsWith(".ts")),
  ],
}).spawn().status;
if (!completed.success) Deno.exit(completed.code);

const { imports } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
for (const { all, service } of LOCKS) {
  const lock = read(all);
  const roots = importedPackages(Object.keys(imports)).flatMap((name) =>
    imports[name] in lock.specifiers || imports[name].startsWith("npm:") ? [imports[name]] : STAND_INS
  );
  Deno.writeTextFileSync(new URL(service, ROOT), `${JSON.stringify(prune(lock, roots), null, 2)}\n`);
  console.log(`${service}: ${Object.keys(read(service).npm ?? {}).length} npm packages`);
}
