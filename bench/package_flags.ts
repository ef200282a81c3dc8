/** The flags of `deno run` that select the source of packages; see `.mirror/choose.ts`. */
export async function packageFlags(): Promise<string[]> {
  const cwd = new URL("..", import.meta.url);
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", "packages"],
    cwd,
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).split(/\s+/).filter(Boolean);
}
