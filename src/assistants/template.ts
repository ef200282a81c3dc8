/** Texts with `{{name}}` in them, for what is known of a call. */

import { namesIn, PLACEHOLDER } from "../tools/template.ts";

/** What is known of every call. */
export const CALL_VARIABLES: readonly string[] = ["caller", "called", "now", "objective"];

/** A text with values in the place of names, and the names there is no value for, which were left out. */
export interface Filled {
  readonly text: string;
  readonly unknown: readonly string[];
}

/** Fills a text in. A value stays text: what is `{{…}}` in it is not filled in. */
export function fill(template: string, values: Readonly<Record<string, string>>): Filled {
  const unknown = namesIn(template).filter((name) => !Object.hasOwn(values, name));
  const text = template.replaceAll(
    PLACEHOLDER,
    (_, name: string) => Object.hasOwn(values, name) ? values[name] ?? "" : "",
  );
  return { text, unknown };
}

/** What is known of a call. */
export interface KnownCall {
  readonly caller: string;
  readonly called: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Such as `Europe/Berlin`; without it, this machine's. */
  readonly timeZone?: string | undefined;
  readonly objective?: string | undefined;
  /** Made for that time zone before: making one takes long, and much memory. */
  readonly format?: Intl.DateTimeFormat | undefined;
}

/** Writes day and time in a time zone; without one, this machine's. */
export function dayAndTime(timeZone: string | undefined): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short", timeZone });
}

/** The values of {@linkcode CALL_VARIABLES}. */
export function callVariables(
  { caller, called, at, timeZone, objective = "", format = dayAndTime(timeZone) }: KnownCall,
): Record<string, string> {
  return { caller, called, now: format.format(at), objective };
}
