import { loadConfig } from "../../../src/app/service_config.ts";
import { startTemporaryService } from "../../../src/cli/temporary_service.ts";
import type { ScriptOptions } from "../../../src/simulator/mod.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { SteadyClock } from "../../support/steady_clock.ts";

/** Plays scripts this much faster than real time. */
const RATE = 3;

/** A service with these settings, to rehearse scripts with. */
export function serviceWith(
  env: Record<string, string> = {},
): Required<Pick<ScriptOptions, "serve" | "clock">> {
  const clock = new SteadyClock(RATE);
  const serve = (modelUrl: string) => {
    // Not ./data: today's calls of a service in this checkout would use up the budgets.
    const folder = Deno.makeTempDirSync({ prefix: "parley-" });
    const variables: Record<string, string> = {
      PORT: "0",
      OPENAI_API_KEY: "sk-test",
      DATA_DIR: folder,
      ...env,
    };
    const config = loadConfig({
      env: (name) => variables[name],
      readFile: (path) => path.startsWith(".env") ? undefined : Deno.readTextFileSync(path),
    });
    const log = createLog({ level: "debug", format: "json", write: () => {} });
    const service = startTemporaryService(config, modelUrl, log, clock);
    return {
      url: service.url,
      async close() {
        await service.close();
        await Deno.remove(folder, { recursive: true });
      },
    };
  };
  return { serve, clock };
}
