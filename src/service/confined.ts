import type { Config } from "../config/config.ts";
import { permissionsFor } from "./permissions.ts";

/** The service could not be started. */
export class StartError extends Error {
  override readonly name = "StartError";

  constructor(problem: string, readonly portTaken = false) {
    super(problem);
  }
}

/**
 * Starts a program of this folder in a thread of its own that may do what the service has to, and nothing else.
 *
 * Deno cannot give up a part of a process's permissions, but it can give a worker fewer.
 *
 * @throws {StartError} when the process itself may not do what the service has to.
 */
export function confined(
  program: "service_worker.ts" | "sandbox_worker.ts",
  config: Config,
  modelUrl: string | undefined,
): Worker {
  const { net, read, write } = permissionsFor(config, modelUrl);
  const nothingElse = { env: false, sys: false, run: false, ffi: false, import: false } as const;
  try {
    return new Worker(new URL(program, import.meta.url), {
      type: "module",
      name: program,
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
