import type { Config } from "../config/config.ts";
import { confined } from "./confined.ts";
import { permissionsFor } from "./permissions.ts";
import type { Attempts } from "./sandbox_worker.ts";

/**
 * Tries out what the service could do if somebody talked it into it.
 *
 * @param folder Somewhere to try to write; nothing is written there if all is well.
 * @returns what went through and should have been refused; empty when all is well.
 * @throws {StartError} when the process itself may not do what the service has to.
 */
export async function trySandbox(config: Config, folder: string): Promise<string[]> {
  const somebody = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const worker = confined(new URL("sandbox_worker.ts", import.meta.url), permissionsFor(config, undefined));
  const { port1, port2 } = new MessageChannel();
  try {
    const attempts: Attempts = { folder, port: somebody.addr.port, report: port2 };
    return await new Promise((resolve, reject) => {
      port1.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(`The attempts could not be made: ${event.message}`));
      };
      worker.postMessage(attempts, [port2]);
    });
  } finally {
    somebody.close();
    port1.close();
    worker.terminate();
  }
}
