/** The service's own thread: gets its configuration as a message, and has the permissions it was given. */

import type { Finding } from "../check/finding.ts";
import { systemClock } from "../clock.ts";
import { gaDialect } from "../model/ga/ga_session.ts";
import { RemoteCallStore } from "../records/store_port.ts";
import { createLog } from "../telemetry/log.ts";
import { type Server, startServer } from "./server.ts";
import type { FromService, ServiceStart, ToService } from "./service.ts";

function run({ config, modelUrl, port, records }: ServiceStart): void {
  const tell = (message: FromService, transfer: Transferable[] = []) => port.postMessage(message, transfer);
  const log = createLog({
    level: config.LOG_LEVEL,
    format: config.LOG_FORMAT,
    secrets: config.secrets,
    write: console.log,
  });
  let server: Server;
  try {
    server = startServer({
      config,
      openSession: gaDialect(systemClock),
      modelUrl,
      records: new RemoteCallStore(records),
      check: () => askForCheck(tell),
      clock: systemClock,
      log,
    });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return tell({ type: "failed", problem, portTaken: error instanceof Deno.errors.AddrInUse });
  }
  const stopped = (cut: number) => tell({ type: "stopped", cut });
  port.onmessage = ({ data }) => {
    const order: ToService = data;
    if (order === "drain") void server.drain().then(stopped);
    else if (order === "stop") void server.stop().then(stopped);
    else void server.reload(order.reload);
  };
  tell({ type: "listening", url: server.url });
}

/** What the main thread finds; it may go where this one may not. */
async function askForCheck(tell: (message: FromService, transfer: Transferable[]) => void) {
  const { port1, port2: reply } = new MessageChannel();
  const found = Promise.withResolvers<readonly Finding[]>();
  port1.onmessage = ({ data }) => found.resolve(data);
  tell({ type: "check", reply }, [reply]);
  try {
    return await found.promise;
  } finally {
    port1.close();
  }
}

globalThis.addEventListener("message", (event) => {
  if (event instanceof MessageEvent) run(event.data);
});
