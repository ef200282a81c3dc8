import { parse } from "@std/dotenv/parse";
import { type Setting, type SettingName, SETTINGS, type Settings } from "./settings.ts";

/** Where settings come from: the process's environment and files. */
export interface Surroundings {
  readonly env: (name: string) => string | undefined;
  /** Text of a file, or undefined where there is none. Throws when it may not be read. */
  readonly readFile: (path: string) => string | undefined;
}

/** All settings, frozen, with what was derived from them. */
export interface Config extends Settings {
  readonly HOST: string;
  readonly LOG_FORMAT: NonNullable<Settings["LOG_FORMAT"]>;
  /** Values that must never be shown. */
  readonly secrets: readonly string[];
  /** What is not as it should be, and allowed in development only. */
  readonly warnings: readonly string[];
}

/** Says everything that is wrong with the configuration, at once. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(readonly problems: readonly string[]) {
    super(`Cannot start: the configuration has ${problems.length} problem${problems.length === 1 ? "" : "s"}:
${problems.map((problem) => `  - ${problem}`).join("\n")}`);
  }
}

/** The surroundings of this process. */
export const processSurroundings: Surroundings = {
  env: (name) => Deno.env.get(name),
  readFile(path) {
    try {
      return Deno.readTextFileSync(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  },
};

/**
 * Reads the configuration from the process, then `.env.$APP_ENV`, then `.env`; the first that names a setting wins.
 *
 * @throws {ConfigError} with every problem there is, each naming the setting, what was found and what is allowed.
 */
export function loadConfig({ env, readFile }: Surroundings): Config {
  const problems: string[] = [];
  const base = parse(readFile(".env") ?? "");
  const appEnv = env("APP_ENV") || base.APP_ENV || "development";
  const named = parse(/^\w+$/.test(appEnv) ? readFile(`.env.${appEnv}`) ?? "" : "");
  const find = (name: string) => env(name) ?? named[name] ?? base[name];

  const values: Record<string, unknown> = {};
  const secrets: string[] = [];
  for (const [name, setting] of Object.entries<Setting>(SETTINGS)) {
    const found = setting.secret ? findSecret(name, find, readFile, problems) : find(name);
    const given = found === "" && !setting.mayBeEmpty ? undefined : found;
    if (setting.secret && given) secrets.push(given);
    const read = setting.schema.safeParse(name === "APP_ENV" ? appEnv : given);
    if (read.success) values[name] = read.data;
    else {
      const allowed = read.error.issues.map(({ message }) => message).join("; ");
      problems.push(`${name}: found ${setting.secret ? "a secret" : JSON.stringify(given)}; ${allowed}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);

  // Every name was read through its own schema just now, which is what the type says.
  const settings = values as unknown as Settings;
  const risks = findRisks(settings);
  if (settings.APP_ENV === "production" && risks.length > 0) throw new ConfigError(risks);
  const production = settings.APP_ENV === "production";
  return Object.freeze({
    ...settings,
    HOST: settings.HOST ?? (production ? "0.0.0.0" : "127.0.0.1"),
    LOG_FORMAT: settings.LOG_FORMAT ?? (production ? "json" : "pretty"),
    secrets,
    warnings: risks,
  });
}

function findSecret(
  name: string,
  find: (name: string) => string | undefined,
  readFile: Surroundings["readFile"],
  problems: string[],
): string | undefined {
  const value = find(name);
  const file = find(`${name}_FILE`);
  if (!file) return value;
  if (value) {
    problems.push(`${name}: found it and ${name}_FILE; set one of them`);
    return undefined;
  }
  try {
    const text = readFile(file);
    if (text !== undefined) return text.trim();
    problems.push(
      `${name}_FILE: found ${JSON.stringify(file)}, which does not exist; name a file with the secret in it`,
    );
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    problems.push(`${name}_FILE: cannot read ${JSON.stringify(file)}: ${why}`);
  }
  return undefined;
}

/** What development lives with and production must not. */
function findRisks(settings: Settings): string[] {
  const missing: [SettingName, string][] = [];
  if (!settings.OPENAI_API_KEY) missing.push(["OPENAI_API_KEY", "set it to a key of your OpenAI project"]);
  if (!settings.PUBLIC_URL) {
    missing.push(["PUBLIC_URL", "set it to the https address under which Twilio reaches you"]);
  } else if (!settings.PUBLIC_URL.startsWith("https:")) {
    missing.push([
      "PUBLIC_URL",
      "Twilio opens media streams over TLS only; give an address that begins with https://",
    ]);
  }
  return missing.map(([name, remedy]) =>
    `${name}: ${settings[name] === undefined ? "not set; " : ""}${remedy}`
  );
}
