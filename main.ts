/** Starts the command line. */

import { runCommandLine } from "./src/cli/command_line.ts";
import { EXIT } from "./src/cli/exit_code.ts";

if (import.meta.main) {
  const code = await runCommandLine(Deno.args);
  // The task dev runs under Deno's watcher, which waits for changed files after `Deno.exit`. Nothing changes the help.
  if (Deno.args.includes("--reloads") && (code === EXIT.ok || code === EXIT.usage)) {
    const { kill, pid } = (await import("node:process")).default;
    kill(pid, "SIGINT");
  }
  Deno.exit(code);
}
