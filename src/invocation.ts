/** What starts a command where this program runs, such as `deno task`. */
export const LAUNCHER = launcherOf(Deno.execPath(), Deno.build.standalone);

/**
 * How a person starts Parley: the binary, or a task of the checkout.
 *
 * @param executable Path of the running program.
 * @param standalone Whether it is the compiled binary.
 */
export function launcherOf(executable: string, standalone: boolean): string {
  if (standalone) return "parley";
  // npx keeps programs that it has downloaded in `_npx/` of npm's cache: there is no `deno` on the PATH.
  return /[\\/]_npx[\\/]/.test(executable) ? `npx -y deno@${Deno.version.deno} task` : "deno task";
}

/**
 * How a person runs a command of this program: `parley check` from the binary, `deno task check` from a checkout.
 *
 * @param command Command and flags, such as `check --fix`.
 */
export function invocation(command: string): string {
  // The task of "serve" is "start"; flags of the program itself need the task "parley".
  const task = command.replace(/^serve\b/, "start").replace(/^(?=-)/, "parley ");
  return `${LAUNCHER} ${Deno.build.standalone ? command : task}`;
}
