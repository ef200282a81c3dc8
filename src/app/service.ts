import type { Assistants } from "../assistants/assistant.ts";
import { failed, type Finding } from "../check/finding.ts";
import { presentable } from "../check/presentable.ts";
import type { Config } from "../config/config.ts";
import { confined, StartError } from "./confined.ts";
import { permissionsFor } from "./permissions.ts";
import { startRecords } from "./records_thread.ts";

/** What a service is started with. */
export interface ServiceStart {
  readonly config: Config;
  readonly modelUrl: string | undefined;
  /** Where it is told what to do, and tells what it did. */
  readonly port: MessagePort;
  /** Where calls are kept; see `RemoteCallStore`. */
  readonly records: MessagePort;
}

/** What a running service is told. */
export type ToService = "drain" | "stop" | { readonly reload: Assistants | undefined };

/** What a service tells. */
export type FromService =
  | { readonly type: "listening"; readonly url: string }
  | { readonly type: "failed"; readonly problem: string; readonly portTaken: boolean }
  | { readonly type: "stopped"; readonly cut: number }
  /** Somebody at the console wants to know what could be wrong. */
  | { readonly type: "check"; readonly reply: MessagePort };

/** The service, in a worker of its own that may do nothing but serve; see {@linkcode confined}. */
export interface Service {
  /** Address it listens on. */
  readonly url: string;
  /** Tells it to stop in order, to stop now (also in mid-drain), or to look for a renewed certificate and use these assistants. */
  tell(what: ToService): void;
  /** Resolves when it has stopped, with the number of calls that were cut; rejects when it broke. */
  readonly stopped: Promise<number>;
}

/**
 * Starts the service.
 *
 * @param check Looks at everything that can be wrong; the service itself may not go where that needs to go.
 * @throws {StartError} when it cannot listen, its certificate cannot be used, or it may not have what it needs.
 */
export async function startService(
  config: Config,
  modelUrl: string | undefined,
  check: () => Promise<readonly Finding[]> = () => Promise.resolve([]),
): Promise<Service> {
  const program = new URL("service_worker.ts", import.meta.url);
  const worker = confined(program, permissionsFor(config, modelUrl));
  const records = await startRecords(config).catch((error) => {
    worker.terminate();
    throw error;
  });
  const { port1: port, port2 } = new MessageChannel();
  const listening = Promise.withResolvers<string>();
  const stopped = Promise.withResolvers<number>();
  // Whoever started it waits for one after the other.
  stopped.promise.catch(() => {});
  const release = () => {
    port.close();
    worker.terminate();
    records.end();
  };
  const fail = (error: Error) => {
    release();
    listening.reject(error);
    stopped.reject(error);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    fail(new Error(`The service broke: ${event.message}`));
  };
  port.onmessage = ({ data }) => {
    const message: FromService = data;
    if (message.type === "listening") return listening.resolve(message.url);
    if (message.type === "failed") return fail(new StartError(message.problem, message.portTaken));
    if (message.type === "check") {
      const broken = (
        error: unknown,
      ) => [presentable(failed("check", `broke off: ${error}`), config.secrets)];
      return void check().catch(broken).then((findings) => {
        message.reply.postMessage(findings);
        message.reply.close();
      });
    }
    // A stop in mid-drain: the first of the two to be done says so for both.
    release();
    stopped.resolve(message.cut);
  };
  const start: ServiceStart = { config, modelUrl, port: port2, records: records.port };
  worker.postMessage(start, [port2, records.port]);
  return {
    url: await listening.promise,
    tell: (what) => port.postMessage(what),
    stopped: stopped.promise,
  };
}
