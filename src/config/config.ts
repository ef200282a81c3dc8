import { isAbsolute, resolve } from "node:path";
import { fileErrorReason } from "../file_error.ts";
import type { Environment } from "./environment.ts";
import { type Doubt, doubtModel, doubtVoice, isOpenAi } from "./known_values.ts";
import { readSettingFiles, type SettingFiles } from "./setting_files.ts";
import { type Setting, type SettingName, SETTINGS, type Settings } from "./settings.ts";
import { doubtNames } from "./unknown_names.ts";

/** All settings, frozen, with the defaults that depend on the environment. */
export interface Config extends Settings {
  readonly HOST: string;
  readonly LOG_FORMAT: NonNullable<Settings["LOG_FORMAT"]>;
  readonly TRUSTED_PROXIES: readonly string[];
  readonly DENIED_CALLERS: readonly string[];
  /** Values that must appear nowhere. */
  readonly secrets: readonly string[];
  /** Problems that do not prevent a start, each with a remedy. */
  readonly warnings: readonly string[];
  /** Each setting's value as text (secrets masked), and where it comes from: `environment`, a file, or `default`. */
  readonly origins: readonly SettingOrigin[];
}

export interface SettingOrigin {
  readonly name: string;
  /** Undefined when the setting has no value. */
  readonly value: string | undefined;
  readonly source: string;
}

/** Lists every problem of the configuration. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(readonly problems: readonly string[]) {
    super(`Cannot start: the configuration has ${problems.length} problem${problems.length === 1 ? "" : "s"}:
${problems.map((problem) => `  - ${problem}`).join("\n")}`);
  }
}

/** Parsed settings, before the problems of other files are known. */
export interface ParsedSettings {
  /** Values of the valid settings. */
  readonly values: Partial<Settings>;
  /** Each names the setting, the value found and the values allowed. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly secrets: readonly string[];
  readonly origins: readonly SettingOrigin[];
  /** Looks a variable up in the process, then `.env.$APP_ENV`, then `.env`. */
  readonly find: (name: string) => string | undefined;
}

/** Parses all settings. The process's environment is first, then `.env.$APP_ENV`, then `.env`. */
export function parseSettings(environment: Environment): ParsedSettings {
  const problems: string[] = [];
  const files = readSettingFiles(environment, problems);
  const production = files.appEnv?.value === "production";
  const find = (name: string) => files.find(name)?.value;

  const parsed: Record<string, unknown> = {};
  const secrets: string[] = [];
  const origins: SettingOrigin[] = [];
  const unlimited: string[] = [];
  for (const [name, setting] of Object.entries<Setting>(SETTINGS)) {
    const stored = readSetting(name, setting, files, environment.readFile, problems);
    const hasDefault = production && hasProductionDefault(name, find);
    const text = stored?.value ?? (hasDefault ? setting.productionDefault : undefined);
    if (setting.secret && text) secrets.push(text);
    const none = text === "none" && setting.productionDefault !== undefined;
    if (none && production && setting.withoutLimit) {
      unlimited.push(`${name}: none, so ${setting.withoutLimit}`);
    }
    const { success, data, error } = setting.schema.safeParse(none ? undefined : text);
    if (success) {
      parsed[name] = data;
      const source = stored?.source ?? (text === undefined ? "default" : "default in production");
      origins.push({ name, value: none ? "none" : originValue(setting, text, data), source });
    } else {
      const allowed = error.issues.map(({ message }) => message).join("; ");
      const value = setting.secret
        ? "invalid value (not shown: it is a secret)"
        : `found ${JSON.stringify(text)}`;
      problems.push(`${name}: ${value}; ${allowed}`);
    }
  }
  // Each value was parsed by the schema of its own name.
  const values = parsed as Partial<Settings>;
  problems.push(...findIncompletePairs(values, problems));
  problems.push(...findUnsafeDataDir(values, files, environment.workingDirectory));
  const missing = findProductionProblems(values).filter(([name]) => !isReported(name, problems))
    .map(([name, remedy]) => `${name}: ${remedy}`);
  const doubts = [...doubtValues(values), ...doubtNames(KNOWN_NAMES, environment.env, files.files)];
  const certain = doubts.filter((doubt) => doubt.certain).map(({ text }) => text);
  const uncertain = doubts.filter((doubt) => !doubt.certain).map(({ text }) => text);
  const rest = { values, secrets, origins, find };
  return production
    ? { ...rest, problems: [...problems, ...missing, ...certain], warnings: [...uncertain, ...unlimited] }
    : { ...rest, problems, warnings: [...missing, ...certain, ...uncertain] };
}

/**
 * Completes settings that were parsed without problems.
 *
 * @throws {ConfigError} if there are problems.
 */
export function createConfig({ values, problems, warnings, secrets, origins }: ParsedSettings): Config {
  if (problems.length > 0) throw new ConfigError(problems);
  // No problems: every setting has a value of its type.
  const settings = values as Settings;
  const production = settings.APP_ENV === "production";
  const completed = {
    HOST: settings.HOST ?? (production ? "0.0.0.0" : "127.0.0.1"),
    LOG_FORMAT: settings.LOG_FORMAT ?? (production ? "json" as const : "pretty" as const),
  };
  return Object.freeze({
    ...settings,
    ...completed,
    TRUSTED_PROXIES: settings.TRUSTED_PROXIES ?? [],
    DENIED_CALLERS: settings.DENIED_CALLERS ?? [],
    secrets,
    warnings,
    origins: origins.map((origin) =>
      origin.name === "HOST" || origin.name === "LOG_FORMAT"
        ? { ...origin, value: completed[origin.name] }
        : origin
    ),
  });
}

/** All names that Parley reads. */
const KNOWN_NAMES = Object.entries<Setting>(SETTINGS).flatMap(([name, { secret }]) =>
  secret ? [name, `${name}_FILE`] : [name]
);

/** Limits of the session are for OpenAI's own servers only; others reject unknown fields. */
function hasProductionDefault(name: string, find: (name: string) => string | undefined): boolean {
  if (name !== "MAX_OUTPUT_TOKENS" && name !== "TRUNCATION") return true;
  const url = find("OPENAI_REALTIME_URL");
  return !url || (URL.canParse(url) && isOpenAi(url));
}

/** A setting's text and its source; undefined when it is not set. */
function readSetting(
  name: string,
  { secret, allowEmpty }: Setting,
  files: SettingFiles,
  readFile: Environment["readFile"],
  problems: string[],
) {
  if (name === "APP_ENV") return files.appEnv;
  const stored = secret ? readSecret(name, files, readFile, problems) : files.find(name);
  return stored?.value === "" && !allowEmpty ? undefined : stored;
}

/** Reads a secret from its variable, or from the file named by `NAME_FILE`. */
function readSecret(
  name: string,
  files: SettingFiles,
  readFile: Environment["readFile"],
  problems: string[],
) {
  const stored = files.find(name);
  const file = files.find(`${name}_FILE`)?.value;
  if (!file) return stored;
  if (stored?.value) {
    problems.push(`${name}: ${name}_FILE is set too; set only one of them`);
    return undefined;
  }
  try {
    const text = readFile(file);
    if (text !== undefined) return { value: text.trim(), source: file };
    problems.push(
      `${name}_FILE: found ${
        JSON.stringify(file)
      }, which does not exist; name a file that contains the secret`,
    );
  } catch (error) {
    problems.push(`${name}_FILE: cannot read ${JSON.stringify(file)}: ${fileErrorReason(error)}`);
  }
  return undefined;
}

function originValue({ secret }: Setting, text: string | undefined, data: unknown): string | undefined {
  if (text !== undefined) return secret ? "(set)" : text;
  return data === undefined ? undefined : String(data);
}

/** Settings that require another one. */
const REQUIRED: readonly [setting: SettingName, needs: SettingName, remedy: string][] = [
  ["TLS_CERT_FILE", "TLS_KEY_FILE", "set both or neither"],
  ["TLS_KEY_FILE", "TLS_CERT_FILE", "set both or neither"],
  ["TLS_CA_FILE", "TLS_CERT_FILE", "set both, or remove TLS_CA_FILE"],
  ["VIEWER_TOKEN", "ADMIN_TOKEN", "set both, or remove VIEWER_TOKEN"],
  ["TWILIO_AUTH_TOKEN_OLD", "TWILIO_AUTH_TOKEN", "set both, or remove TWILIO_AUTH_TOKEN_OLD"],
  ["TWILIO_API_KEY_SID", "TWILIO_API_KEY_SECRET", "set both or neither"],
  ["TWILIO_API_KEY_SECRET", "TWILIO_API_KEY_SID", "set both or neither"],
];

function findIncompletePairs(values: Partial<Settings>, problems: readonly string[]): string[] {
  return REQUIRED
    .filter(([setting, needs]) => !isReported(setting, problems) && !isReported(needs, problems))
    .filter(([setting, needs]) => values[setting] !== undefined && values[needs] === undefined)
    .map(([setting, needs, remedy]) => `${needs}: not set, but ${setting} needs it; ${remedy}`);
}

function isReported(name: string, problems: readonly string[]): boolean {
  return problems.some((problem) => problem.startsWith(name));
}

/** Parley may write everything in DATA_DIR, so its settings and its own files must not be there. */
function findUnsafeDataDir(
  { DATA_DIR, ASSISTANTS_FILE }: Partial<Settings>,
  { paths, files }: SettingFiles,
  workingDirectory: string | undefined,
): string[] {
  if (DATA_DIR === undefined) return [];
  const absolute = (path: string) =>
    isAbsolute(path) || workingDirectory === undefined ? resolve(path) : resolve(workingDirectory, path);
  const folder = absolute(DATA_DIR);
  const contents: [string, string | undefined][] = [
    ["the working directory", workingDirectory],
    ["ASSISTANTS_FILE", ASSISTANTS_FILE],
    ...(files.length > 0 ? paths.map((path): [string, string] => [path, path]) : []),
  ];
  const [what] =
    contents.find(([, path]) =>
      path !== undefined && `${absolute(path)}/`.startsWith(folder === "/" ? folder : `${folder}/`)
    ) ?? (folder === "/" ? ["every file"] : []);
  if (what === undefined) return [];
  return [
    `DATA_DIR: found ${
      JSON.stringify(DATA_DIR)
    }, which contains ${what}, and Parley may overwrite everything in it; ` +
    "name a folder for data only, such as ./data",
  ];
}

/** Settings that development may lack and production must have, with a remedy each. */
function findProductionProblems(
  { APP_ENV, OPENAI_API_KEY, PUBLIC_URL, TWILIO_AUTH_TOKEN, ADMIN_TOKEN }: Partial<Settings>,
): [name: SettingName, remedy: string][] {
  const problems: [SettingName, string][] = [];
  if (!OPENAI_API_KEY) {
    problems.push(["OPENAI_API_KEY", "not set; set it to an API key of your OpenAI project"]);
  }
  if (!TWILIO_AUTH_TOKEN) {
    problems.push([
      "TWILIO_AUTH_TOKEN",
      "not set, so requests without a Twilio signature are accepted; set it to the auth token of your " +
      "Twilio account",
    ]);
  }
  if (!PUBLIC_URL) {
    problems.push(["PUBLIC_URL", "not set; set it to the https URL at which Twilio reaches this service"]);
  } else if (!PUBLIC_URL.startsWith("https:")) {
    problems.push([
      "PUBLIC_URL",
      "Twilio opens media streams over TLS only; use a URL that starts with https://",
    ]);
  }
  // Without PUBLIC_URL the service is on this machine only.
  if (!ADMIN_TOKEN && (PUBLIC_URL || APP_ENV === "production")) {
    problems.push([
      "ADMIN_TOKEN",
      "not set, so metrics, API and console are available without a password to this machine, and through a " +
      "proxy or tunnel that sends no X-Forwarded-For to everybody; create one with: openssl rand -hex 24",
    ]);
  }
  return problems;
}

/** A number without a country code; a prefix of one. */
const LOCAL_NUMBER = /^\d+\*?$/;

/** Doubts about values that have the right form. */
function doubtValues(values: Partial<Settings>): Doubt[] {
  const { OPENAI_REALTIME_URL, OPENAI_MODEL, OPENAI_VOICE, OPENAI_API_KEY, TWILIO_AUTH_TOKEN } = values;
  const doubts: Doubt[] = [];
  const add = (name: SettingName, doubt: Doubt | undefined) =>
    doubt && doubts.push({ ...doubt, text: `${name}: ${doubt.text}` });
  if (isOpenAi(OPENAI_REALTIME_URL)) {
    if (OPENAI_MODEL !== undefined) add("OPENAI_MODEL", doubtModel(OPENAI_MODEL));
    if (OPENAI_VOICE !== undefined) add("OPENAI_VOICE", doubtVoice(OPENAI_VOICE));
    if (OPENAI_API_KEY !== undefined && !/^sk-\S{8,}$/.test(OPENAI_API_KEY)) {
      add("OPENAI_API_KEY", {
        certain: false,
        text: "does not look like an API key of OpenAI; they start with sk-",
      });
    }
  }
  if (TWILIO_AUTH_TOKEN !== undefined && !/^[0-9a-f]{32}$/.test(TWILIO_AUTH_TOKEN)) {
    const text = "does not look like an auth token of Twilio; they have 32 hexadecimal digits";
    add("TWILIO_AUTH_TOKEN", { certain: false, text });
  }
  for (const name of ["ALLOWED_CALLERS", "DENIED_CALLERS"] as const) {
    for (const caller of values[name] ?? []) {
      if (!LOCAL_NUMBER.test(caller)) continue;
      add(name, {
        certain: true,
        text:
          `found ${JSON.stringify(caller)}, which matches no caller; numbers start with + and the country ` +
          "code, such as +15551230000",
      });
    }
  }
  return doubts;
}
