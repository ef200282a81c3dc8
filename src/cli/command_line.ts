import deno from "../../deno.json" with { type: "json" };
import { ConfigError } from "../config/config_error.ts";
import { invocation } from "../invocation.ts";
import { escapeUnprintable } from "../printable.ts";
import { type Command, formatUsage, suggestName } from "./command.ts";
import { CALL, CALLS, CHECK, REHEARSE, SERVE } from "./commands.ts";
import { EXIT, type ExitCode } from "./exit_code.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

interface StartableCommand {
  readonly command: Command;
  readonly start: (args: readonly string[]) => Promise<ExitCode>;
}

/** Each loads its own modules only: the service takes half a second of processor time to load. */
export const COMMANDS: readonly StartableCommand[] = [
  { command: SERVE, start: async (args) => (await import("./serve_command.ts")).startServe(args) },
  { command: REHEARSE, start: async (args) => (await import("./rehearse_command.ts")).startRehearse(args) },
  { command: CALL, start: async (args) => (await import("./call_command.ts")).startCall(args) },
  { command: CALLS, start: async (args) => (await import("./calls_command.ts")).startCalls(args) },
  { command: CHECK, start: async (args) => (await import("./check_command.ts")).startCheck(args) },
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
