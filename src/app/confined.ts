import type { Permissions } from "./permissions.ts";

/** The service could not be started. */
export class StartError extends Error {
  override readonly name = "StartError";

  constructor(problem: string, readonly portTaken = false) {
    super(problem);
  }
}

/**
 * Starts a program in a thread of its own that may do what it has to, and nothing else.
 *
 * Deno cannot give up a part of a process's permissions, but it can give a worker fewer.
 *
 * @throws {StartError} when the process itself may not do what the program has to.
 */
export function confined(program: URL, { net, read, write }: Permissions): Worker {
  const nothingElse = { env: false, sys: false, run: false, ffi: false, import: false } as const;
  try {
    return new Worker(program, {
      type: "module",
      name: program.pathname.split("/").at(-1) ?? "",
      deno: { permissions: { net: [...net], read: [...read], write: [...write], ...nothingElse } },
    });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw new StartError(
      "TLS_CERT_FILE, TLS_KEY_FILE, DATA_DIR: one of them lies where this program may not go; keep them in the working " +
        "directory, or see README, Commands",
    );
  }
}
