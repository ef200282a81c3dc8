/** Checks of settings that are valid one by one. */

import { isAbsolute, resolve } from "node:path";
import { findModelProblem, findVoiceProblem, isOpenAi, type NameProblem } from "./known_values.ts";
import type { SettingFiles } from "./setting_files.ts";
import type { SettingName, Settings } from "./settings.ts";

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

export function findIncompletePairs(values: Partial<Settings>, problems: readonly string[]): string[] {
  return REQUIRED
    .filter(([setting, needs]) => !isReported(setting, problems) && !isReported(needs, problems))
    .filter(([setting, needs]) => values[setting] !== undefined && values[needs] === undefined)
    .map(([setting, needs, remedy]) => `${needs}: not set, but ${setting} needs it; ${remedy}`);
}

export function isReported(name: string, problems: readonly string[]): boolean {
  return problems.some((problem) => problem.startsWith(name));
}

/** Parley may write everything in DATA_DIR, so its settings and its own files must not be there. */
export function findUnsafeDataDir(
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
  const inside = folder === "/" ? folder : `${folder}/`;
  const [what] = contents.find(([, path]) => path !== undefined && `${absolute(path)}/`.startsWith(inside)) ??
    (folder === "/" ? ["every file"] : []);
  if (what === undefined) return [];
  return [
    `DATA_DIR: found ${
      JSON.stringify(DATA_DIR)
    }, which contains ${what}, and Parley may overwrite everything in it; ` +
    "name a folder for data only, such as ./data",
  ];
}

/** Settings that development may lack and production must have, with a remedy each. */
export function findProductionProblems(
  { APP_ENV, OPENAI_API_KEY, PUBLIC_URL, TWILIO_AUTH_TOKEN, ADMIN_TOKEN }: Partial<Settings>,
): [name: SettingName, remedy: string][] {
  const problems: [applies: boolean, name: SettingName, remedy: string][] = [
    [!OPENAI_API_KEY, "OPENAI_API_KEY", "not set; set it to an API key of your OpenAI project"],
    [
      !TWILIO_AUTH_TOKEN,
      "TWILIO_AUTH_TOKEN",
      "not set, so requests without a Twilio signature are accepted; set it to the auth token of your " +
      "Twilio account",
    ],
    [!PUBLIC_URL, "PUBLIC_URL", "not set; set it to the https URL at which Twilio reaches this service"],
    [
      PUBLIC_URL?.startsWith("http:") ?? false,
      "PUBLIC_URL",
      "Twilio opens media streams over TLS only; use a URL that starts with https://",
    ],
    [
      // Without PUBLIC_URL the service is on this machine only.
      !ADMIN_TOKEN && (PUBLIC_URL !== undefined || APP_ENV === "production"),
      "ADMIN_TOKEN",
      "not set, so metrics, API and console are available without a password to this machine, and through a " +
      "proxy or tunnel that sends no X-Forwarded-For to everybody; create one with: openssl rand -hex 24",
    ],
  ];
  return problems.flatMap(([applies, name, remedy]) => applies ? [[name, remedy]] : []);
}

/** A number without a country code; a prefix of one. */
const LOCAL_NUMBER = /^\d+\*?$/;

/** Doubts about values that have the right form. */
export function findDoubts(values: Partial<Settings>): NameProblem[] {
  const { OPENAI_REALTIME_URL, OPENAI_MODEL, OPENAI_VOICE, OPENAI_API_KEY, TWILIO_AUTH_TOKEN } = values;
  const doubts: NameProblem[] = [];
  const add = (name: SettingName, doubt: NameProblem | undefined) =>
    doubt && doubts.push({ ...doubt, text: `${name}: ${doubt.text}` });
  if (isOpenAi(OPENAI_REALTIME_URL)) {
    if (OPENAI_MODEL !== undefined) add("OPENAI_MODEL", findModelProblem(OPENAI_MODEL));
    if (OPENAI_VOICE !== undefined) add("OPENAI_VOICE", findVoiceProblem(OPENAI_VOICE));
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
