/**
 * Compiles Parley into one file.
 *
 *     deno task compile                                    ./parley, for this machine
 *     deno task compile --target aarch64-apple-darwin      for another one; see `deno compile --help` for the targets
 *     deno task compile --output dist/parley
 *
 * Each worker is named, since `deno compile` follows imports and not the URLs that workers start from.
 */
const WORKERS = ["src/app/service_worker.ts", "src/app/sandbox_worker.ts", "src/records/records_worker.ts"];

/** Where packages come from: the lock file guards what ships. */
function packageFlags(): string[] {
  const { code, stdout } = new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", "packages"],
    stderr: "inherit",
  }).outputSync();
  if (code !== 0) Deno.exit(code);
  return new TextDecoder().decode(stdout).split(/\s+/).filter((flag) => flag !== "");
}

const output = Deno.args.some((flag) => flag.startsWith("--output")) ? [] : ["--output", "parley"];
const compile = new Deno.Command(Deno.execPath(), {
  args: [
    "compile",
    ...packageFlags(),
    "-P",
    "--no-prompt",
    "--no-check",
    ...WORKERS.flatMap((worker) => ["--include", worker]),
    ...output,
    ...Deno.args,
    "main.ts",
  ],
  // Deno's default thread stack is too small for the module graph on some machines.
  env: { RUST_MIN_STACK: String(64 * 1024 * 1024) },
  stdout: "inherit",
  stderr: "inherit",
});
Deno.exit((await compile.spawn().status).code);
