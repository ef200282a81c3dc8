/** The service of records_beside_media.ts, in the main thread; the argument `with` adds the records' thread. */

import { systemClock } from "../src/clock.ts";
import { loadConfig } from "../src/app/service_config.ts";
import { processEnvironment } from "../src/config/environment.ts";
import { startServer } from "../src/app/server.ts";
import { gaDialect } from "../src/model/ga/ga_session.ts";
import { RemoteCallStore } from "../src/records/remote_call_store.ts";
import { startRecordsThread } from "../src/app/records_thread.ts";
import { createLog } from "../src/telemetry/log.ts";

const config = loadConfig(processEnvironment);
const log = createLog({ level: "error", format: "json", secrets: config.secrets, write: console.log });
const thread = Deno.args[0] === "with" ? await startRecordsThread(config) : undefined;
const records = thread && new RemoteCallStore(thread.port);
const server = startServer({ config, openSession: gaDialect(systemClock), records, clock: systemClock, log });
Deno.addSignalListener("SIGTERM", async () => {
  await server.stop();
  thread?.terminate();
  Deno.exit();
});
