import type { ServiceConfig } from "../app/service_config.ts";
import { createLog, type Log } from "../telemetry/log.ts";

/** The log that the settings describe. */
export function configuredLog(config: ServiceConfig, write: (line: string) => void): Log {
  return createLog({ level: config.LOG_LEVEL, format: config.LOG_FORMAT, secrets: config.secrets, write });
}
