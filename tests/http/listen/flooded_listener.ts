/** Program of flood_test.ts: listens, prints its log, and echoes WebSocket messages. */

import { systemClock } from "../../../src/clock.ts";
import { listen } from "../../../src/http/listen/listener.ts";
import { createLog } from "../../../src/telemetry/log.ts";

const [certFile, keyFile] = Deno.args;
// Registered early, as main.ts does: Deno needs file descriptors for it.
Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
const log = createLog({ level: "debug", format: "json", write: console.log });
const { url } = listen({
  hostname: "127.0.0.1",
  port: 0,
  ...(certFile && keyFile ? { tls: { certFile, keyFile } } : {}),
  handler(request) {
    if (!request.headers.has("upgrade")) return new Response("here");
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  },
  clock: systemClock,
  log,
});
log.info("listening", { url });
