import { likelyTypos, nearestName } from "../nearest_name.ts";
import type { NameProblem } from "./known_values.ts";

/** Names in Twilio's and OpenAI's tutorials, and Parley's names for them. */
const TUTORIAL_NAMES: Readonly<Record<string, string>> = {
  VOICE: "OPENAI_VOICE",
  MODEL: "OPENAI_MODEL",
  REALTIME_MODEL: "OPENAI_MODEL",
  OPENAI_REALTIME_MODEL: "OPENAI_MODEL",
  OPENAI_KEY: "OPENAI_API_KEY",
  OPENAI_INSTRUCTIONS: "SYSTEM_MESSAGE",
  INSTRUCTIONS: "SYSTEM_MESSAGE",
  SYSTEM_PROMPT: "SYSTEM_MESSAGE",
  DOMAIN: "PUBLIC_URL",
  HOSTNAME: "PUBLIC_URL",
  SERVER: "PUBLIC_URL",
  NGROK_URL: "PUBLIC_URL",
  NGROK_DOMAIN: "PUBLIC_URL",
  BASE_URL: "PUBLIC_URL",
  WEBHOOK_URL: "PUBLIC_URL",
  PHONE_NUMBER: "TWILIO_PHONE_NUMBER",
  PHONE_NUMBER_FROM: "TWILIO_PHONE_NUMBER",
  FROM_NUMBER: "TWILIO_PHONE_NUMBER",
  TWILIO_NUMBER: "TWILIO_PHONE_NUMBER",
  TWILIO_FROM_NUMBER: "TWILIO_PHONE_NUMBER",
  TWILIO_SID: "TWILIO_ACCOUNT_SID",
  ACCOUNT_SID: "TWILIO_ACCOUNT_SID",
  AUTH_TOKEN: "TWILIO_AUTH_TOKEN",
  TWILIO_API_KEY: "TWILIO_API_KEY_SID",
  TWILIO_API_SECRET: "TWILIO_API_KEY_SECRET",
  LOG_EVENT_TYPES: "LOG_EVENTS",
  NODE_ENV: "APP_ENV",
};

/** Settings of older models, which have no equivalent. */
const NO_TEMPERATURE = /^(OPENAI_)?TEMPERATURE$/;

/** Variables of the assistants file; see `ToolVariables`. */
const TOOL_VARIABLE = /^TOOL_[A-Z0-9_]+$/;

/**
 * Finds names that are not settings. Files are searched completely: a name in Parley's own `.env` that Parley
 * does not read is a mistake, or belongs to another program. The process's environment belongs to everybody,
 * so only likely misspellings are probed there.
 *
 * @param knownNames All names that Parley reads.
 */
export function findUnknownSettings(
  knownNames: readonly string[],
  env: (name: string) => string | undefined,
  files: readonly Readonly<Record<string, string>>[],
): NameProblem[] {
  const inFiles = files.flatMap((file) => Object.keys(file)).filter((name) => !TOOL_VARIABLE.test(name));
  const typos = knownNames.flatMap((name) => likelyTypos(name).filter((typo) => env(typo) !== undefined));
  return [...new Set([...inFiles, ...typos])].filter((name) => !knownNames.includes(name)).map((name) =>
    unknownSettingProblem(name, knownNames)
  );
}

function unknownSettingProblem(name: string, knownNames: readonly string[]): NameProblem {
  const problem = `${name}: unknown setting`;
  const own = TUTORIAL_NAMES[name];
  if (own !== undefined) return { certain: true, text: `${problem}; Parley's name for it is ${own}` };
  if (NO_TEMPERATURE.test(name)) {
    return { certain: true, text: `${problem}; the models have no temperature, so remove it` };
  }
  const suggestion = nearestName(name, knownNames);
  if (suggestion !== undefined) return { certain: true, text: `${problem}; did you mean ${suggestion}?` };
  return { certain: false, text: `${problem}; it has no effect, so remove it` };
}
