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
    // Not ./data: today's calls of a service in this checkout would use up the budgets.
    const folder = Deno.makeTempDirSync({ prefix: "parley-" });
    const server = startServer({
      config: { ...config, DATA_DIR: folder },
      openSession: gaDialect(systemClock),
      modelUrl,
      clock: systemClock,
      log,
    });
    return {
      url: server.url,
      async close() {
        await server.stop();
        await Deno.remove(folder, { recursive: true });
      },
    };
  };
}
