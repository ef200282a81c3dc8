/** Starts the command line. */

import process from "node:process";
import { runCommandLine } from "./src/cli/command_line.ts";
import { EXIT } from "./src/cli/exit_code.ts";

if (import.meta.main) {
  const code = await runCommandLine(Deno.args);
  // The task dev runs under Deno's watcher, which waits for changed files after `Deno.exit`. Nothing changes the help.
  if (Deno.args.includes("--reloads") && (code === EXIT.ok || code === EXIT.usage)) {
    process.kill(process.pid, "SIGINT");
  }
  Deno.exit(code);
}
