import deno from "../../deno.json" with { type: "json" };
import { ConfigError } from "../config/config.ts";
import { invocation } from "../invocation.ts";
import { escapeUnprintable } from "../printable.ts";
import { startCall } from "./call_command.ts";
import { CALL } from "./call_options.ts";
import { CALLS, startCalls } from "./calls_command.ts";
import { CHECK, startCheck } from "./check_command.ts";
import { type Command, formatUsage, suggestName } from "./command.ts";
import { EXIT, type ExitCode } from "./exit_code.ts";
import { REHEARSE, startRehearse } from "./rehearse_command.ts";
import { SERVE, startServe } from "./serve_command.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

interface StartableCommand {
  readonly command: Command;
  readonly start: (args: readonly string[]) => Promise<ExitCode>;
}

export const COMMANDS: readonly StartableCommand[] = [
  { command: SERVE, start: startServe },
  { command: REHEARSE, start: startRehearse },
  { command: CALL, start: startCall },
  { command: CALLS, start: startCalls },
  { command: CHECK, start: startCheck },
];

const HELP_FLAGS: readonly string[] = ["--help", "-h"];

/** Runs the command that the arguments name; `serve` without a name. */
export async function runCommandLine(
  args: readonly string[],
  commands: readonly StartableCommand[] = COMMANDS,
  { out, err }: Pick<Terminal, "out" | "err"> = processTerminal,
): Promise<ExitCode> {
  if (args.includes("--version") || args[0] === "version") {
    out(`${deno.version}\n`);
    return EXIT.ok;
  }
  const [first = "serve", ...rest] = args;
  if (HELP_FLAGS.includes(first) || (first === "help" && rest.length === 0)) {
    out(formatOverview(commands));
    return EXIT.ok;
  }
  const [name = "", ...commandArgs] = first === "help"
    ? rest
    : first.startsWith("-")
    ? ["serve", ...args]
    : [first, ...rest];
  const match = commands.find(({ command }) => command.name === name);
  if (!match) {
    const names = commands.map(({ command }) => command.name);
    err(
      `Unknown command "${escapeUnprintable(name)}"${suggestName(name, names)}\n\n${
        formatOverview(commands)
      }`,
    );
    return EXIT.usage;
  }
  // Before the command starts: help must not need a valid configuration.
  if (first === "help" || commandArgs.some((arg) => HELP_FLAGS.includes(arg))) {
    out(formatUsage(match.command));
    return EXIT.ok;
  }
  try {
    return await match.start(commandArgs);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    err(`${error.message}\n`);
    return EXIT.failed;
  }
}

function formatOverview(commands: readonly StartableCommand[]): string {
  const width = Math.max(...commands.map(({ command: { name } }) => invocation(name).length));
  const lines = commands.map(({ command: { name, summary } }) =>
    `  ${invocation(name).padEnd(width)}  ${summary}\n`
  );
  return `Parley answers the phone with an AI.

${lines.join("")}
Every command has --help; --version prints the version.
Settings come from the environment and from .env; "${
    invocation("check --print-config")
  }" prints those in force.
`;
}
