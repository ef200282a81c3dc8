/**
 * How a person runs a command of this program: `parley check` from the binary, `deno task check` from a checkout.
 *
 * @param command Command and flags, such as `check --fix`.
 */
export function invocation(command: string): string {
  if (Deno.build.standalone) return `parley ${command}`;
  // The task of "serve" is "start"; flags of the program itself need the task "parley".
  return `deno task ${command.replace(/^serve\b/, "start").replace(/^(?=-)/, "parley ")}`;
}
