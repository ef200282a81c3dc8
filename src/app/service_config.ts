import type { Assistants } from "../assistants/assistant.ts";
import { AssistantsError, defaultAssistants, loadAssistants } from "../assistants/load_assistants.ts";
import { type Config, createConfig, parseSettings } from "../config/config.ts";
import { ConfigError } from "../config/config_error.ts";
import type { Environment } from "../config/environment.ts";
import type { Settings } from "../config/settings.ts";
import { fileErrorReason } from "../file_error.ts";
import { isAllowedNumber, readDoNotCall } from "../phone_number.ts";

/** Everything the service is started with: the settings, and the files that they name. */
export interface ServiceConfig extends Config {
  /** From `ASSISTANTS_FILE`, or one assistant from the settings. */
  readonly assistants: Assistants;
  /** From `DO_NOT_CALL_FILE`: numbers that are never called, E.164. */
  readonly doNotCall: ReadonlySet<string>;
}

/**
 * Loads the settings, the assistants file and the do-not-call list.
 *
 * @throws {ConfigError} listing every problem with the value found and the values allowed.
 */
export function loadConfig(environment: Environment): ServiceConfig {
  const settings = parseSettings(environment);
  const { values } = settings;
  const { readFile, readBytes } = environment;
  const files = { env: settings.find, readFile, readBytes };
  const problems = [...settings.problems];
  const assistants = readAssistants(values, files, problems);
  const doNotCall = readDoNotCallList(values.DO_NOT_CALL_FILE, files, problems);
  if (assistants) problems.push(...findDisallowed(assistants, values));
  if (problems.length > 0 || !assistants) throw new ConfigError(problems);
  const config = createConfig({
    ...settings,
    secrets: [...settings.secrets, ...assistants.secrets],
    warnings: [...settings.warnings, ...assistants.warnings],
  });
  return Object.freeze({ ...config, assistants, doNotCall });
}

/** Loads the assistants; appends to `problems` and returns undefined if that is not possible. */
export function readAssistants(
  values: Partial<Settings>,
  environment: Environment,
  problems: string[],
): Assistants | undefined {
  const { ASSISTANTS_FILE: path, OPENAI_MODEL, OPENAI_VOICE, SYSTEM_MESSAGE, GREETING } = values;
  const texts = { OPENAI_MODEL, OPENAI_VOICE, SYSTEM_MESSAGE, GREETING };
  // A text is missing only if its problem is already reported.
  if (!allDefined(texts)) return undefined;
  const { MAX_CALL_SECONDS, MAX_USD_PER_DAY, RECORDING = "off", RECORDING_CONSENT = "" } = values;
  const { OPENAI_REALTIME_URL } = values;
  const defaults = {
    ...texts,
    MAX_CALL_SECONDS,
    MAX_USD_PER_DAY,
    RECORDING,
    RECORDING_CONSENT,
    ...(OPENAI_REALTIME_URL === undefined ? {} : { OPENAI_REALTIME_URL }),
  };
  if (path === undefined) return defaultAssistants(defaults);
  const text = readNamedFile("ASSISTANTS_FILE", path, environment, problems);
  if (text === undefined) return undefined;
  try {
    const loaded = loadAssistants({ text, path, defaults, ...environment });
    problems.push(
      ...findMissingAfterCall(loaded, path),
      ...findMissingSecret(loaded.afterCall !== undefined, values),
    );
    return loaded;
  } catch (error) {
    if (!(error instanceof AssistantsError)) throw error;
    problems.push(...error.problems, ...findMissingSecret(error.hasAfterCall, values));
    return undefined;
  }
}

function findMissingSecret(hasAfterCall: boolean, { WEBHOOK_SECRET }: Partial<Settings>): string[] {
  if (!hasAfterCall || WEBHOOK_SECRET !== undefined) return [];
  return [
    "WEBHOOK_SECRET: not set, but afterCall in the assistants file needs it; create one with: openssl rand -hex 24",
  ];
}

/** Finds numbers that the files name and OUTBOUND_ALLOWED does not allow. */
function findDisallowed(
  { destinations }: Assistants,
  { OUTBOUND_ALLOWED: allowed, OVERFLOW, ASSISTANTS_FILE: path }: Partial<Settings>,
): string[] {
  if (!allowed) return [];
  const numbers = destinations.map(({ name, number }) =>
    [`${path}: destinations.${name}.number`, number] as const
  );
  return [...numbers, ["OVERFLOW", OVERFLOW ?? ""] as const]
    .filter(([, number]) => number.startsWith("+") && !isAllowedNumber(number, allowed, ""))
    .map(([where, number]) =>
      `${where}: ${number} is not in OUTBOUND_ALLOWED; add it, or use another number`
    );
}

function findMissingAfterCall({ assistants, afterCall }: Assistants, path: string): string[] {
  if (afterCall) return [];
  return assistants.filter(({ builtInTools }) => builtInTools.includes("take_message")).map(({ name }) =>
    `${path}: assistants.${name}.tools: take_message needs afterCall; add the URL that receives messages`
  );
}

/** Loads the do-not-call list; appends to `problems` if that is not possible. */
export function readDoNotCallList(
  path: string | undefined,
  environment: Environment,
  problems: string[],
): ReadonlySet<string> {
  if (path === undefined) return new Set();
  const text = readNamedFile("DO_NOT_CALL_FILE", path, environment, problems);
  try {
    return readDoNotCall(text ?? "", path);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    problems.push(`DO_NOT_CALL_FILE: ${error.message}`);
    return new Set();
  }
}

/** Reads the file that a setting names. */
function readNamedFile(
  setting: string,
  path: string,
  { readFile }: Environment,
  problems: string[],
): string | undefined {
  try {
    const text = readFile(path);
    if (text === undefined) problems.push(`${setting}: found ${JSON.stringify(path)}, which does not exist`);
    return text;
  } catch (error) {
    problems.push(`${setting}: cannot read ${JSON.stringify(path)}: ${fileErrorReason(error)}`);
    return undefined;
  }
}

function allDefined<Name extends string>(
  values: Record<Name, string | undefined>,
): values is Record<Name, string> {
  return Object.values(values).every((value) => value !== undefined);
}
