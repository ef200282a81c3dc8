import type { ServiceConfig } from "./service_config.ts";
import type { Permissions } from "./permissions.ts";

/** The service cannot start. The message names the setting and what to do. */
export class StartError extends Error {
  override readonly name = "StartError";

  /** @param portTaken Whether another program listens on `PORT`. */
  constructor(problem: string, readonly portTaken = false) {
    super(problem);
  }
}

const PATH_SETTINGS = ["DATA_DIR", "TLS_CERT_FILE", "TLS_KEY_FILE", "TLS_CA_FILE"] as const;

/**
 * Starts a program in a worker with the given permissions and no others. (A Deno process cannot drop a part
 * of its own permissions, but it can start a worker with fewer.)
 *
 * @throws {StartError} when the process itself lacks one of the permissions.
 */
export function startConfinedWorker(
  program: URL,
  { net, read, write }: Permissions,
  config: Pick<ServiceConfig, typeof PATH_SETTINGS[number]>,
): Worker {
  const denied = { env: false, sys: false, run: false, ffi: false, import: false } as const;
  try {
    return new Worker(program, {
      type: "module",
      name: program.pathname.split("/").at(-1) ?? "",
      deno: { permissions: { net: [...net], read: [...read], write: [...write], ...denied } },
    });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    const remedy = 'start Parley with "deno task start" or the binary, without extra permission flags';
    for (const setting of PATH_SETTINGS) {
      const path = config[setting];
      if (path === undefined || isGranted(path, setting === "DATA_DIR")) continue;
      throw new StartError(
        `${setting}: Deno was started without permission for ${JSON.stringify(path)}; ${remedy}`,
      );
    }
    throw new StartError(
      `Deno was started without a permission that Parley needs (${error.message}); ${remedy}`,
    );
  }
}

function isGranted(path: string, writable: boolean): boolean {
  const names = writable ? ["read", "write"] as const : ["read"] as const;
  return names.every((name) => Deno.permissions.querySync({ name, path }).state === "granted");
}
