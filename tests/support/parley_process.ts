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
 * @param wrapper Program and arguments that start it, such as `unshare`.
 */
export function parleyProcess(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
  io: Pick<Deno.CommandOptions, "stdin" | "stdout" | "stderr"> = { stdout: "null", stderr: "null" },
  wrapper: readonly string[] = [],
): Deno.ChildProcess {
  const { DENO_DIR, HOME, PATH } = Deno.env.toObject();
  const inherited = Object.entries({ DENO_DIR, HOME, PATH })
    .flatMap(([name, value]) => value === undefined ? [] : [[name, value] as const]);
  const [program = Deno.execPath(), ...before] = [...wrapper, Deno.execPath()];
  return new Deno.Command(program, {
    args: [
      ...before,
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
