import type { Assistants } from "../assistants/assistant.ts";
import { failed, type Finding } from "../check/finding.ts";
import { redactFinding } from "../check/redact_finding.ts";
import type { ServiceConfig } from "./service_config.ts";
import { startConfinedWorker, StartError } from "./confined_worker.ts";
import { chooseListenPorts, type ListenPorts } from "./listen_ports.ts";
import { permissionsFor } from "./permissions.ts";
import { startRecordsThread } from "./records_thread.ts";

/** The first message to the service worker. */
export interface StartMessage {
  readonly config: ServiceConfig;
  /** Realtime URL of the stand-in model; undefined: `OPENAI_REALTIME_URL`. */
  readonly modelUrl: string | undefined;
  readonly ports: ListenPorts;
  /** Receives `ServiceCommand`s, sends `ServiceReport`s. */
  readonly port: MessagePort;
  /** Port for a `RemoteCallStore`. */
  readonly records: MessagePort;
}

/** A command to the running service. `reload` also loads a renewed certificate. */
export type ServiceCommand = "drain" | "stop" | { readonly reload: Assistants | undefined };

export type ServiceReport =
  | { readonly type: "listening"; readonly url: string }
  | { readonly type: "failed"; readonly problem: string; readonly portTaken: boolean }
  | { readonly type: "stopped"; readonly callsCut: number }
  /** Requests the findings of `parley check`, as `Finding[]` through `reply`. */
  | { readonly type: "check"; readonly reply: MessagePort };

/** The service in a worker with narrow permissions; see {@linkcode startConfinedWorker}. */
export interface Service {
  /** The URL it listens on. */
  readonly url: string;
  send(command: ServiceCommand): void;
  /**
   * Resolves when the service has stopped, with the number of calls cut off; rejects when its worker failed.
   */
  readonly stopped: Promise<number>;
}

/**
 * Starts the service in a worker.
 *
 * @param check Runs the checks of `parley check`, which need more permissions than the worker has.
 * @throws {StartError} when it cannot listen, a file cannot be used, or a permission is missing.
 */
export async function startService(
  config: ServiceConfig,
  modelUrl: string | undefined,
  check: () => Promise<readonly Finding[]> = () => Promise.resolve([]),
): Promise<Service> {
  const records = await startRecordsThread(config);
  const ports = chooseListenPorts(config);
  let worker: Worker;
  try {
    const program = new URL("service_worker.ts", import.meta.url);
    worker = startConfinedWorker(program, permissionsFor(config, modelUrl, ports), config);
  } catch (error) {
    records.terminate();
    throw error;
  }
  const { port1: port, port2 } = new MessageChannel();
  const listening = Promise.withResolvers<string>();
  const stopped = Promise.withResolvers<number>();
  // When the start fails, nobody awaits `stopped`.
  stopped.promise.catch(() => {});
  const release = () => {
    port.close();
    worker.terminate();
    records.terminate();
  };
  const fail = (error: Error) => {
    release();
    listening.reject(error);
    stopped.reject(error);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    fail(new Error(`The service worker failed: ${event.message}`));
  };
  const answerCheck = async (reply: MessagePort) => {
    const findings = await check().catch((error) => [
      redactFinding(failed("check", `the check itself failed: ${error}`), config.secrets),
    ]);
    reply.postMessage(findings);
    reply.close();
  };
  port.onmessage = ({ data }) => {
    const report: ServiceReport = data;
    switch (report.type) {
      case "listening":
        return listening.resolve(report.url);
      case "failed":
        return fail(new StartError(report.problem, report.portTaken));
      case "check":
        return void answerCheck(report.reply);
      case "stopped":
        // After a stop during a drain, the first report counts for both.
        release();
        return stopped.resolve(report.callsCut);
    }
  };
  const start: StartMessage = { config, modelUrl, ports, port: port2, records: records.port };
  worker.postMessage(start, [port2, records.port]);
  return {
    url: await listening.promise,
    send: (command) => port.postMessage(command),
    stopped: stopped.promise,
  };
}
