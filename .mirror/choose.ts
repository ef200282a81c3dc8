/**
 * Decides where packages come from, once per checkout, and prints the flags that `deno` needs for it.
 *
 *     deno task packages            flags to run the service
 *     deno task packages test       flags for everything else: tests, type checks, benchmarks, docs
 *     deno task packages --again    decide anew, after a move to another network
 *
 * Where JSR answers, `deno.json` holds as it stands. Where only the npm registry answers, the same source of the standard
 * library comes from the npm package `deno-std`, through the import map and the lock files beside this file. The decision
 * is kept in `.mirror/choice/`, so that later starts read one file and ask no network.
 *
 * Two lock files each: Deno downloads every package that a lock file names, and the service needs a tenth of what the
 * tests need.
 */
const FOLDER = new URL("./choice/", import.meta.url);
const PROBE_MS = 3_000;

const NPM_ONLY = {
  run: "--import-map=.mirror/import_map.json --lock=.mirror/deno.lock --frozen",
  test: "--import-map=.mirror/import_map.json --lock=.mirror/tests.lock --frozen",
};
const JSR = { run: "--lock=deno.lock", test: "--lock=tests/deno.lock" };

async function jsrAnswers(): Promise<boolean> {
  try {
    const url = new URL("/@std/http/meta.json", Deno.env.get("JSR_URL") ?? "https://jsr.io");
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

async function choose(): Promise<typeof JSR> {
  const fromJsr = await jsrAnswers();
  const flags = fromJsr ? JSR : NPM_ONLY;
  if (!fromJsr) console.error("JSR does not answer: the standard library comes from the npm registry.");
  console.error("First start: downloading packages, about 30 MB. Later starts take less than a second.");
  Deno.mkdirSync(FOLDER, { recursive: true });
  for (const [name, text] of Object.entries(flags)) Deno.writeTextFileSync(new URL(name, FOLDER), text);
  return flags;
}

function chosen(name: string): string | undefined {
  try {
    return Deno.readTextFileSync(new URL(name, FOLDER));
  } catch {
    return undefined;
  }
}

const name = Deno.args.includes("test") ? "test" : "run";
const known = Deno.args.includes("--again") ? undefined : chosen(name);
console.log(known ?? (await choose())[name]);
