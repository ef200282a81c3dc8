import { parse } from "@std/dotenv/parse";
import type { Assistants } from "../assistants/assistant.ts";
import { readAssistants, readDoNotCallList } from "./files.ts";
import { nearest, slips } from "./misspelt.ts";
import type { Surroundings } from "./surroundings.ts";
import { type Setting, type SettingName, SETTINGS, type Settings } from "./settings.ts";

/** All settings, frozen, with what was derived from them. */
export interface Config extends Settings {
  readonly HOST: string;
  readonly LOG_FORMAT: NonNullable<Settings["LOG_FORMAT"]>;
  readonly TRUSTED_PROXIES: readonly string[];
  readonly DENIED_CALLERS: readonly string[];
  /** Who answers, from the assistants file or from the settings. */
  readonly assistants: Assistants;
  /** Numbers that are never called, E.164. */
  readonly doNotCall: ReadonlySet<string>;
  /** Values that must never be shown. */
  readonly secrets: readonly string[];
  /** What is not as it should be. In production, most of it refuses to start. */
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
  problems.push(...findContradictions(values, problems));
  const assistants = readAssistants(values, { env: find, readFile }, problems);
  const doNotCall = readDoNotCallList(values.DO_NOT_CALL_FILE, { env: find, readFile }, problems);
  if (assistants?.afterCall && values.WEBHOOK_SECRET === undefined) {
    problems.push(
      "WEBHOOK_SECRET: missing; afterCall in the assistants file needs it; make one with: openssl rand -hex 24",
    );
  }
  const production = appEnv === "production";
  const risks = [
    ...findRisks(values).filter(([name]) => !problems.some((problem) => problem.startsWith(name)))
      .map(([name, remedy]) => `${name}: ${remedy}`),
    ...findMisspelt(env, [named, base]),
  ];
  if (production) problems.push(...risks);
  const advice = values.ADMIN_TOKEN === undefined && production ? [NO_ADMIN_TOKEN] : [];
  if (problems.length > 0 || !assistants) throw new ConfigError(problems);

  // Every name was read through its own schema just now, which is what the type says.
  const settings = values as unknown as Settings;
  return Object.freeze({
    ...settings,
    HOST: settings.HOST ?? (production ? "0.0.0.0" : "127.0.0.1"),
    LOG_FORMAT: settings.LOG_FORMAT ?? (production ? "json" : "pretty"),
    TRUSTED_PROXIES: settings.TRUSTED_PROXIES ?? [],
    DENIED_CALLERS: settings.DENIED_CALLERS ?? [],
    assistants,
    doNotCall,
    secrets: [...secrets, ...assistants.secrets],
    warnings: [...risks, ...advice, ...assistants.warnings],
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

const NO_ADMIN_TOKEN =
  "ADMIN_TOKEN: not set, so metrics, API and console answer on this machine only, and to strangers too behind a proxy here " +
  "that does not say whom it speaks for; set it to at least 16 characters";

/** Settings that need each other. */
const PAIRS: readonly [SettingName, SettingName][] = [
  ["TLS_CERT_FILE", "TLS_KEY_FILE"],
  ["TWILIO_API_KEY_SID", "TWILIO_API_KEY_SECRET"],
];

function findContradictions(values: Record<string, unknown>, problems: readonly string[]): string[] {
  const reported = (name: string) => problems.some((problem) => problem.startsWith(name));
  return PAIRS.filter((pair) => !pair.some(reported)).flatMap((pair) =>
    [pair, pair.toReversed()]
      .filter(([set = "", missing = ""]) => values[set] !== undefined && values[missing] === undefined)
      .map(([set, missing]) => `${missing}: not set, and ${set} is of no use without it; set both or neither`)
  );
}

/** Names that are no setting and look like one. In the process's environment names cannot be listed, only tried. */
function findMisspelt(env: Surroundings["env"], files: readonly Record<string, string>[]): string[] {
  const known = Object.entries<Setting>(SETTINGS).flatMap(([name, { secret }]) =>
    secret ? [name, `${name}_FILE`] : [name]
  );
  const found = new Set([
    ...files.flatMap((file) => Object.keys(file)),
    ...known.flatMap((name) => slips(name).filter((slip) => env(slip) !== undefined)),
  ]);
  return [...found].filter((name) => !known.includes(name)).flatMap((name) => {
    const meant = nearest(name, known);
    return meant === undefined ? [] : [`${name}: there is no such setting; did you mean ${meant}?`];
  });
}

/** What development lives with and production must not: the setting, and what to do. */
function findRisks(
  { OPENAI_API_KEY, PUBLIC_URL, TWILIO_AUTH_TOKEN }: Record<string, unknown>,
): [name: SettingName, remedy: string][] {
  const risks: [SettingName, string][] = [];
  if (!OPENAI_API_KEY) risks.push(["OPENAI_API_KEY", "not set; set it to a key of your OpenAI project"]);
  if (!TWILIO_AUTH_TOKEN) {
    risks.push([
      "TWILIO_AUTH_TOKEN",
      "not set, so strangers are answered too; set it to your Twilio account's",
    ]);
  }
  if (!PUBLIC_URL) {
    risks.push(["PUBLIC_URL", "not set; set it to the https address under which Twilio reaches you"]);
  } else if (!String(PUBLIC_URL).startsWith("https:")) {
    risks.push([
      "PUBLIC_URL",
      "Twilio opens media streams over TLS only; give an address that begins with https://",
    ]);
  }
  return risks;
}
