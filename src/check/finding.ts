/** One line of `parley check`: what was looked at, and how it is. */
export interface Finding {
  readonly line: string;
  readonly level: Level;
  /** What is so. */
  readonly found: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** `warning`: calls may come in, but something is missing, will go wrong later, or could not be looked at. */
export type Level = "ok" | "warning" | "failed";

export function ok(line: string, found: string): Finding {
  return { line, level: "ok", found };
}

export function warning(line: string, found: string, remedy?: string): Finding {
  return { line, level: "warning", found, ...(remedy === undefined ? {} : { remedy }) };
}

export function failed(line: string, found: string, remedy?: string): Finding {
  return { line, level: "failed", found, ...(remedy === undefined ? {} : { remedy }) };
}

/** A line that needs what is not there. */
export function notChecked(line: string, why: string, remedy?: string): Finding {
  return warning(line, `not checked: ${why}`, remedy);
}
