import { isPriced } from "../model/prices.ts";
import { readDoNotCall } from "../dialer/phone_number.ts";
import type { Assistants } from "../assistants/assistant.ts";
import { AssistantsError, defaultAssistants, loadAssistants } from "../assistants/load.ts";
import type { Surroundings } from "./surroundings.ts";

/** Who answers; undefined where that cannot be told. Problems are added to those there are. */
export function readAssistants(
  values: Readonly<Record<string, unknown>>,
  surroundings: Surroundings,
  problems: string[],
): Assistants | undefined {
  const { ASSISTANTS_FILE: path, OPENAI_MODEL, OPENAI_VOICE, SYSTEM_MESSAGE, GREETING } = values;
  const texts = { OPENAI_MODEL, OPENAI_VOICE, SYSTEM_MESSAGE, GREETING };
  // What is wrong with one of these is told already.
  if (!allTexts(texts)) return undefined;
  const { MAX_CALL_SECONDS, RECORDING, RECORDING_CONSENT } = values;
  const defaults = {
    ...texts,
    RECORDING: RECORDING === "on" ? "on" as const : "off" as const,
    RECORDING_CONSENT: typeof RECORDING_CONSENT === "string" ? RECORDING_CONSENT : "",
    MAX_CALL_SECONDS: typeof MAX_CALL_SECONDS === "number" ? MAX_CALL_SECONDS : undefined,
  };
  if (typeof path !== "string") return defaultAssistants(defaults);
  const text = readNamed("ASSISTANTS_FILE", path, surroundings, problems);
  if (text === undefined) return undefined;
  try {
    const all = loadAssistants({ text, path, defaults, ...surroundings });
    for (const { name, model, limits: { callUsd, callerDayUsd, dayUsd } } of all.assistants) {
      if ((callUsd ?? callerDayUsd ?? dayUsd) === undefined || isPriced(model)) continue;
      const remedy = `no price of "${model}" is known, so money cannot be limited; limit minutes`;
      problems.push(`${path}: assistants.${name}.limits: ${remedy}`);
    }
    for (const { name, builtIn } of all.afterCall ? [] : all.assistants) {
      if (!builtIn.includes("take_message")) continue;
      problems.push(
        `${path}: assistants.${name}.tools: take_message needs afterCall, where messages are sent`,
      );
    }
    return all;
  } catch (error) {
    if (!(error instanceof AssistantsError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/** Numbers that are never called. */
export function readDoNotCallList(
  path: unknown,
  surroundings: Surroundings,
  problems: string[],
): ReadonlySet<string> {
  if (typeof path !== "string") return new Set();
  const text = readNamed("DO_NOT_CALL_FILE", path, surroundings, problems);
  try {
    return readDoNotCall(text ?? "", path);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    problems.push(`DO_NOT_CALL_FILE: ${error.message}`);
    return new Set();
  }
}

function readNamed(
  name: string,
  path: string,
  { readFile }: Surroundings,
  problems: string[],
): string | undefined {
  try {
    const text = readFile(path);
    if (text === undefined) problems.push(`${name}: found ${JSON.stringify(path)}, which does not exist`);
    return text;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    problems.push(`${name}: cannot read ${JSON.stringify(path)}: ${why}`);
    return undefined;
  }
}

function allTexts<Name extends string>(values: Record<Name, unknown>): values is Record<Name, string> {
  return Object.values(values).every((value) => typeof value === "string");
}
