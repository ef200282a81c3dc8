import { systemClock } from "../../../src/clock.ts";
import { loadConfig } from "../../../src/app/service_config.ts";
import { startServer } from "../../../src/app/server.ts";
import { gaDialect } from "../../../src/model/ga/ga_session.ts";
import type { RunningService } from "../../../src/simulator/mod.ts";
import { createLog } from "../../../src/telemetry/log.ts";

/** Starts services with these settings; `lines` collects their log. */
export function serviceWith(env: Record<string, string> = {}, lines: string[] = []) {
  return (modelUrl: string): RunningService => {
    const variables: Record<string, string> = { PORT: "0", OPENAI_API_KEY: "sk-test", ...env };
    const config = loadConfig({
      env: (name) => variables[name],
      readFile: (path) => path.startsWith(".env") ? undefined : Deno.readTextFileSync(path),
    });
    const log = createLog({
      level: "debug",
      format: "json",
      secrets: config.secrets,
      write: (line) => void lines.push(line),
    });
    const server = startServer({
      config,
      openSession: gaDialect(systemClock),
      modelUrl,
      clock: systemClock,
      log,
    });
    return { url: server.url, close: () => server.stop() };
  };
}
