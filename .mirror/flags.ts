/**
 * Prints the flags that let `deno` find the standard library, for the tasks in `deno.json`.
 *
 * Where JSR answers it prints nothing, and `deno.json` with `deno.lock` holds. Where only the npm registry answers, it
 * points Deno at an import map and a lock file that take the same source from there, and says so in one line.
 *
 * No task changes that lock file. Deno rewrites one whose packages are not those of `deno.json`, and keeps what the run at
 * hand needs and nothing else: so after a change of dependencies, `deno cache` main.ts and all tests and benches with it,
 * without `--frozen`.
 *
 * `deno compile` gets no lock file, here or there: it would pack every package the lock names, those of the tests too.
 * What the program itself uses is named with exact versions.
 */
const jsr = Deno.env.get("JSR_URL") ?? "https://jsr.io";

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(3000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

if (!await answers(new URL("/@std/http/meta.json", jsr).href)) {
  console.error("JSR does not answer: taking the standard library from its npm mirror (.mirror/).");
  const lock = Deno.args[0] === "compile" ? "" : " --lock=.mirror/deno.lock --frozen";
  console.log(`--import-map=.mirror/import_map.json${lock}`);
}
