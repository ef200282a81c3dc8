const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** The import flags of this checkout, as the tasks choose them. */
function importFlags(): string[] {
  const choice = new URL("../../.mirror/choice/run", import.meta.url);
  const flags = Deno.readTextFileSync(choice).trim();
  return flags === "" ? [] : flags.split(/\s+/).map((flag) => flag.replace("=.mirror/", `=${ROOT}/.mirror/`));
}

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/**
 * Starts `parley` from the sources in a process of its own. It sees only the given environment.
 *
 * @param cwd Folder of its `.env` and of its relative paths.
 */
export function parleyProcess(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
  io: Pick<Deno.CommandOptions, "stdin" | "stdout" | "stderr"> = { stdout: "null", stderr: "null" },
): Deno.ChildProcess {
  const { DENO_DIR, HOME, PATH } = Deno.env.toObject();
  const inherited = Object.entries({ DENO_DIR, HOME, PATH })
    .flatMap(([name, value]) => value === undefined ? [] : [[name, value] as const]);
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...importFlags(),
      "-qP",
      "--no-prompt",
      "--no-check",
      `--config=${ROOT}/deno.json`,
      MAIN,
      ...args,
    ],
    cwd,
    clearEnv: true,
    env: { ...Object.fromEntries(inherited), ...env },
    ...io,
  }).spawn();
}
