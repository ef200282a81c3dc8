import { dirname, resolve as absolutePath } from "node:path";
import type { ServiceConfig } from "./service_config.ts";
import { startConfinedWorker } from "./confined_worker.ts";
import { chooseListenPorts } from "./listen_ports.ts";
import { permissionsFor } from "./permissions.ts";
import type { SandboxProbe } from "./sandbox_worker.ts";

/**
 * Tries forbidden operations with the permissions of the service worker.
 *
 * @param outside A folder that the service must not touch; by default the folder that contains DATA_DIR.
 * @returns the operations that were not refused; empty when the sandbox holds.
 * @throws {StartError} when the process itself lacks a permission that the service needs.
 */
export async function probeSandbox(
  config: ServiceConfig,
  outside: string = dirname(absolutePath(config.DATA_DIR)),
): Promise<string[]> {
  const permissions = permissionsFor(config, undefined, chooseListenPorts(config));
  const hostname = "127.0.0.1";
  const forbiddenListener = Deno.listen({ hostname, port: 0 });
  const { port1, port2 } = new MessageChannel();
  let worker: Worker | undefined;
  try {
    const program = new URL("sandbox_worker.ts", import.meta.url);
    const started = worker = startConfinedWorker(program, permissions, config);
    const probe: SandboxProbe = { outside, hostname, port: forbiddenListener.addr.port, report: port2 };
    return await new Promise((resolve, reject) => {
      port1.onmessage = ({ data }) => resolve(data);
      started.onerror = (event) => {
        event.preventDefault();
        reject(new Error(`The sandbox could not be tested: ${event.message}`));
      };
      started.postMessage(probe, [port2]);
    });
  } finally {
    forbiddenListener.close();
    port1.close();
    worker?.terminate();
  }
}
