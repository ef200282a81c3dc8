import { fileErrorReason } from "../file_error.ts";
import { ConfigError } from "./config_error.ts";
import type { Environment } from "./environment.ts";
import { isOpenAi } from "./known_values.ts";
import { readSettingFiles, type SettingFiles } from "./setting_files.ts";
import {
  findDoubts,
  findIncompletePairs,
  findProductionProblems,
  findUnsafeDataDir,
  isReported,
} from "./setting_checks.ts";
import type { Setting } from "./setting_types.ts";
import { SETTINGS, type Settings } from "./settings.ts";
import { findUnknownSettings } from "./unknown_names.ts";

/** All settings, frozen, with the defaults that depend on the environment. */
export interface Config extends Settings {
  readonly HOST: string;
  readonly LOG_FORMAT: NonNullable<Settings["LOG_FORMAT"]>;
  readonly TRUSTED_PROXIES: readonly string[];
  readonly DENIED_CALLERS: readonly string[];
  /** Secret values; masked in all output. */
  readonly secrets: readonly string[];
  /** Problems that do not prevent a start, each with a remedy. */
  readonly warnings: readonly string[];
  /**
   * Each setting's value as text (secrets masked), and where it comes from: `environment`, a file, or
   * `default`.
   */
  readonly origins: readonly SettingOrigin[];
}

export interface SettingOrigin {
  readonly name: string;
  /** Undefined when the setting has no value. */
  readonly value: string | undefined;
  readonly source: string;
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

/** The keys in MODEL_FALLBACKS, also if a field beside them is wrong. */
function keysIn(text: string): string[] {
  return [...text.matchAll(/"apiKey"\s*:\s*"([^"]+)"/g)].flatMap(([, key]) => key ?? []);
}

/**
 * Parses all settings. The process's environment is first, then `.env.$APP_ENV`, then `.env`.
 *
 * @throws {ConfigError} when one of these files cannot be read: other problems would be consequences.
 */
export function parseSettings(environment: Environment): ParsedSettings {
  const problems: string[] = [];
  const files = readSettingFiles(environment, problems);
  if (files.unreadable.length > 0) throw new ConfigError(files.unreadable);
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
    if (setting.secret && text) secrets.push(text, ...(name === "MODEL_FALLBACKS" ? keysIn(text) : []));
    const none = text === "none" && setting.productionDefault !== undefined;
    if (none && production && setting.withoutLimit) {
      unlimited.push(`${name}: none, so ${setting.withoutLimit}`);
    }
    if (text !== undefined && isPlaceholder(name, setting, text)) {
      problems.push(`${name}: still the placeholder of the documentation; set it to your own value`);
      continue;
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
  const doubts = [...findDoubts(values), ...findUnknownSettings(KNOWN_NAMES, environment.env, files.files)];
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

/** Placeholders of the README and its translation, such as `https://YOUR_HOST` and `sk-…`, in settings whose schema accepts them. */
function isPlaceholder(name: string, { secret }: Setting, text: string): boolean {
  return (secret || name === "PUBLIC_URL") && /…|\b(YOUR|TU)_/.test(text);
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
