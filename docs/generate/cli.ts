/** docs/cli.md, from the commands in src/cli/. */

import { COMMANDS } from "../../src/cli/command_line.ts";
import { capitalize, type Command, flagRows } from "../../src/cli/command.ts";
import { EXIT } from "../../src/cli/exit_code.ts";
import { code, type Page, table } from "./page.ts";

const INTRODUCTION = `# Command line

<!-- Generated from src/cli/ by "deno task docs". -->

In a checkout, write \`deno task\` for \`parley\`, or \`npx -y deno@2.9.6 task\` if Deno is not installed:
\`deno task calls --json\` is \`parley calls --json\`. Two names differ: \`parley serve\` is \`deno task start\` (or
\`deno task dev\`, which restarts when code or settings change), and \`parley --version\` is \`deno task parley --version\`.

Settings come from the environment and from \`.env\`; see [settings](settings.md). Every command has \`--help\`.`;

const MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: "The command succeeded.",
  failed:
    "It failed: an invalid configuration, a failed check, a call that did not complete, an unusable file.",
  usage: "Unknown command, wrong flags, or a rehearsal script that cannot be played.",
  callsCut: "The service was stopped before all calls had ended (a second SIGINT or SIGTERM).",
};

export const cliPage: Page = {
  path: "docs/cli.md",
  render: () =>
    [
      INTRODUCTION,
      ...COMMANDS.map(({ command }) => commandSection(command)),
      "## Exit codes",
      table(
        ["code", "meaning"],
        Object.entries(MEANINGS).map(([name, meaning]) => [String(EXIT[name as keyof typeof EXIT]), meaning]),
      ),
    ].join("\n\n"),
};

function commandSection({ name, summary, argument, flags }: Command): string {
  const usage = ["parley", name, argument, "[flags]"].filter((part) => part !== undefined).join(" ");
  const rows = flagRows(flags).map(([flag, help]) => [code(flag), help]);
  return `## parley ${name}\n\n${capitalize(summary)}.\n\n\`\`\`\n${usage}\n\`\`\`\n\n${
    table(["flag", "meaning"], rows)
  }`;
}
