import { loadConfig } from "../../../src/app/service_config.ts";
import { startTemporaryService } from "../../../src/cli/temporary_service.ts";
import type { RunningService } from "../../../src/simulator/mod.ts";
import { createLog } from "../../../src/telemetry/log.ts";

/** Starts services with these settings; `lines` collects their log. */
export function serviceWith(env: Record<string, string> = {}, lines: string[] = []) {
  return (modelUrl: string): RunningService => {
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
    const write = (line: string) => void lines.push(line);
    const log = createLog({ level: "debug", format: "json", secrets: config.secrets, write });
    const service = startTemporaryService(config, modelUrl, log);
    return {
      url: service.url,
      async close() {
        await service.close();
        await Deno.remove(folder, { recursive: true });
      },
    };
  };
}
