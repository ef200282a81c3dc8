import { startServer } from "../app/server.ts";
import type { ServiceConfig } from "../app/service_config.ts";
import { NO_CARRIER } from "../calls/carrier_prices.ts";
import { type Clock, systemClock } from "../clock.ts";
import { gaDialect } from "../model/ga/ga_session.ts";
import { startSimulatedModel } from "../simulator/model/model_server.ts";
import { configuredLog } from "./configured_log.ts";

/**
 * Starts the service in this thread for one rehearsal or check, with a simulated model if no API key is set.
 * It sends no webhooks, stores no records, and writes to a temporary folder: another user than the service's may run
 * it, and the service could not overwrite that user's files in DATA_DIR. Calls are recorded as configured, so that
 * they are announced and paused, but the recordings are discarded.
 *
 * @param modelUrl Realtime API to use instead of the configured one.
 */
export function startTemporaryService(
  config: ServiceConfig,
  modelUrl?: string,
  log = configuredLog({ ...config, LOG_LEVEL: "warn" }, console.error),
  clock: Clock = systemClock,
): { readonly url: string; close(): Promise<void> } {
  const { afterCall: _, ...assistants } = config.assistants;
  const model = config.OPENAI_API_KEY || modelUrl ? undefined : startSimulatedModel();
  const folder = Deno.makeTempDirSync({ prefix: "parley-" });
  const release = async () => {
    await model?.close();
    Deno.removeSync(folder, { recursive: true });
  };
  try {
    const server = startServer({
      config: { ...config, assistants, DATA_DIR: folder, CARRIER_PRICES: NO_CARRIER },
      openSession: gaDialect(clock),
      modelUrl: modelUrl ?? model?.url,
      recorder: { record() {}, endRecording() {} },
      clock,
      log,
    });
    return {
      url: server.url,
      async close() {
        await server.stop();
        await release();
      },
    };
  } catch (error) {
    void release();
    throw error;
  }
}
