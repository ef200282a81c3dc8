import { assertInstanceOf } from "@std/assert";
import type { Assistant, Assistants } from "../../src/assistants/assistant.ts";
import { AssistantsError, loadAssistants } from "../../src/assistants/load_assistants.ts";
import type { Defaults } from "../../src/assistants/assistant_resolver.ts";

export const DEFAULTS: Defaults = {
  SYSTEM_MESSAGE: "You are kind.",
  GREETING: "Greet.",
  OPENAI_MODEL: "gpt-realtime-2.1",
  OPENAI_VOICE: "marin",
  MAX_CALL_SECONDS: undefined,
  MAX_USD_PER_DAY: undefined,
  RECORDING: "off",
  RECORDING_CONSENT: "This call is recorded.",
};

/** Environment variables, other files and settings for a test. */
export interface FileContext {
  readonly env?: Record<string, string>;
  readonly files?: Record<string, string>;
  /** Files that are not text. */
  readonly binary?: Record<string, Uint8Array>;
  readonly defaults?: Partial<Defaults>;
}

/** Loads a file named `etc/a.jsonc`, given as text or as an object. */
export function load(
  file: string | object,
  { env = {}, files = {}, binary = {}, defaults = {} }: FileContext = {},
): Assistants {
  return loadAssistants({
    text: typeof file === "string" ? file : JSON.stringify(file),
    path: "etc/a.jsonc",
    env: (name) => env[name],
    readFile: (path) => {
      if (files[path] === "forbidden") throw new Error("not allowed");
      return files[path];
    },
    readBytes: (path) => {
      if (files[path] === "forbidden") throw new Error("not allowed");
      return binary[path];
    },
    defaults: { ...DEFAULTS, ...defaults },
  });
}

/** Loads a file with one assistant. */
export function loadOne(entry: object, rest: object = {}, around: FileContext = {}): Assistant {
  return load({ ...rest, assistants: { one: entry } }, around).default;
}

/** All problems of a file, with positions. */
export function placedProblems(file: string | object, around: FileContext = {}): readonly string[] {
  try {
    load(file, around);
    return [];
  } catch (error) {
    assertInstanceOf(error, AssistantsError);
    return error.problems;
  }
}

/** All problems of a file, without positions. */
export function problems(file: string | object, around: FileContext = {}): readonly string[] {
  return placedProblems(file, around).map((problem) => problem.replace(/^etc\/a\.jsonc:\d+:\d+: /, ""));
}

/** All problems of a file with one assistant, `one`. */
export function problemsOf(entry: unknown, rest: object = {}, around: FileContext = {}): readonly string[] {
  return problems({ ...rest, assistants: { one: entry } }, around);
}
