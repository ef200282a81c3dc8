/** Exit codes of every command. Deno exits with 1 after an uncaught error, too. */
export const EXIT = {
  ok: 0,
  /** The command ran and failed: a check, a call, a file. */
  failed: 1,
  /** Unknown command, wrong flags, or a script that cannot be played. */
  usage: 2,
  /** The service was stopped before all calls had ended. */
  callsCut: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
