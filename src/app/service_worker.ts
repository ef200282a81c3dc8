/**
 * The service worker. It receives its configuration as the first message, because it may not read files or
 * the environment.
 */

import { messageOf } from "../error_message.ts";
import type { Finding } from "../check/finding.ts";
import { systemClock } from "../clock.ts";
import { gaDialect } from "../model/ga/ga_session.ts";
import { RemoteCallStore } from "../records/remote_call_store.ts";
import { createLog } from "../telemetry/log.ts";
import { type Server, startServer } from "./server.ts";
import type { ServiceCommand, ServiceReport, StartMessage } from "./service.ts";

function run({ config, modelUrl, ports, port, records }: StartMessage): void {
  const send = (report: ServiceReport, transfer: Transferable[] = []) => port.postMessage(report, transfer);
  const secrets = [...config.secrets];
  const log = createLog({ level: config.LOG_LEVEL, format: config.LOG_FORMAT, secrets, write: console.log });
  let server: Server;
  try {
    server = startServer({
      config,
      openSession: gaDialect(systemClock),
      modelUrl,
      ports,
      records: new RemoteCallStore(records),
      check: () => requestCheck(send),
      clock: systemClock,
      log,
    });
  } catch (error) {
    const problem = messageOf(error);
    return send({ type: "failed", problem, portTaken: error instanceof Deno.errors.AddrInUse });
  }
  const stopped = (callsCut: number) => send({ type: "stopped", callsCut });
  port.onmessage = ({ data }) => {
    const command: ServiceCommand = data;
    if (command === "drain") void server.drain().then(stopped);
    else if (command === "stop") void server.stop().then(stopped);
    else {
      secrets.push(...command.reload?.secrets ?? []);
      void server.reload(command.reload);
    }
  };
  send({ type: "listening", url: server.url });
}

/** Has the main thread run the checks of `parley check`: they need more permissions than this worker has. */
async function requestCheck(send: (report: ServiceReport, transfer: Transferable[]) => void) {
  const { port1, port2: reply } = new MessageChannel();
  const findings = Promise.withResolvers<readonly Finding[]>();
  port1.onmessage = ({ data }) => findings.resolve(data);
  send({ type: "check", reply }, [reply]);
  try {
    return await findings.promise;
  } finally {
    port1.close();
  }
}

globalThis.addEventListener("message", (event) => {
  if (event instanceof MessageEvent) run(event.data);
});
