import { assertInstanceOf } from "@std/assert";
import type { Assistant, Assistants } from "../../src/assistants/assistant.ts";
import { AssistantsError, loadAssistants } from "../../src/assistants/load.ts";
import type { Defaults } from "../../src/assistants/resolve.ts";

export const DEFAULTS: Defaults = {
  SYSTEM_MESSAGE: "You are kind.",
  GREETING: "Greet.",
  OPENAI_MODEL: "gpt-realtime-2.1",
  OPENAI_VOICE: "marin",
  MAX_CALL_SECONDS: undefined,
  RECORDING: "off",
  RECORDING_CONSENT: "This call is recorded.",
};

/** What surrounds a file: variables, files beside it, settings. */
export interface Around {
  readonly env?: Record<string, string>;
  readonly files?: Record<string, string>;
  readonly defaults?: Partial<Defaults>;
}

/** Loads a file named `a.jsonc`: a text as it is, or an object of its members. */
export function load(
  file: string | object,
  { env = {}, files = {}, defaults = {} }: Around = {},
): Assistants {
  return loadAssistants({
    text: typeof file === "string" ? file : JSON.stringify(file),
    path: "etc/a.jsonc",
    env: (name) => env[name],
    readFile: (path) => {
      if (files[path] === "forbidden") throw new Error("not allowed");
      return files[path];
    },
    defaults: { ...DEFAULTS, ...defaults },
  });
}

/** The one assistant of a file. */
export function loadOne(entry: object, rest: object = {}, around: Around = {}): Assistant {
  return load({ ...rest, assistants: { one: entry } }, around).default;
}

/** Everything that is wrong with a file, with its places. */
export function placedProblems(file: string | object, around: Around = {}): readonly string[] {
  try {
    load(file, around);
    return [];
  } catch (error) {
    assertInstanceOf(error, AssistantsError);
    return error.problems;
  }
}

/** Everything that is wrong with a file, without the places. */
export function problems(file: string | object, around: Around = {}): readonly string[] {
  return placedProblems(file, around).map((problem) => problem.replace(/^etc\/a\.jsonc:\d+:\d+: /, ""));
}

/** What is wrong with a file of one assistant, `one`. */
export function problemsOf(entry: unknown, rest: object = {}, around: Around = {}): readonly string[] {
  return problems({ ...rest, assistants: { one: entry } }, around);
}
