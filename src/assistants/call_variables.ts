/** Fills `{{name}}` placeholders in instructions, greetings, voicemail messages and HTTP tools. */

import { fillText } from "../placeholders.ts";

/** Variables that every call has. */
export const CALL_VARIABLES: readonly string[] = ["caller", "called", "call_sid", "now", "objective"];

/** Replaces placeholders by values, or by nothing. `{{…}}` inside a value is not replaced. */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return fillText(template, (name) => Object.hasOwn(values, name) ? values[name] : undefined);
}

export interface CallFacts {
  readonly caller: string;
  readonly called: string;
  readonly callSid: string;
  /** Unix time (ms). */
  readonly at: number;
  readonly objective?: string | undefined;
  /** From {@linkcode dateTimeFormat}, for the time zone of the assistant. */
  readonly format: Intl.DateTimeFormat;
}

/**
 * Formats a date and time for the model, such as `Saturday 21 November 2026 at 00:30`. Creating a format is
 * slow; keep it.
 *
 * @param timeZone IANA name; undefined: this machine's.
 */
export function dateTimeFormat(timeZone: string | undefined): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short", timeZone });
}

/** The values of {@linkcode CALL_VARIABLES}. */
export function callVariables(
  { caller, called, callSid, at, objective = "", format }: CallFacts,
): Record<string, string> {
  return { caller, called, call_sid: callSid, now: format.format(at), objective };
}
