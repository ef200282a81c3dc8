/** The service for records_beside_media.ts, in one thread: with the thread of the records beside it, or without. */

import { systemClock } from "../src/clock.ts";
import { loadConfig } from "../src/config/config.ts";
import { processSurroundings } from "../src/config/surroundings.ts";
import { startServer } from "../src/app/server.ts";
import { gaDialect } from "../src/model/ga/ga_session.ts";
import { RemoteCallStore } from "../src/records/store_port.ts";
import { startRecords } from "../src/app/records_thread.ts";
import { createLog } from "../src/telemetry/log.ts";

const config = loadConfig(processSurroundings);
const log = createLog({ level: "error", format: "json", secrets: config.secrets, write: console.log });
const thread = Deno.args[0] === "with" ? await startRecords(config) : undefined;
const records = thread && new RemoteCallStore(thread.port);
const server = startServer({ config, openSession: gaDialect(systemClock), records, clock: systemClock, log });
Deno.addSignalListener("SIGTERM", async () => {
  await server.stop();
  thread?.end();
  Deno.exit();
});
