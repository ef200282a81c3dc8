/** The result of one check. */
export interface Finding {
  /** Name of the check, such as `phone number`. */
  readonly check: string;
  readonly level: Level;
  /** The result, such as `5050 is free`. */
  readonly message: string;
  /** The next step, such as `check OPENAI_API_KEY`. */
  readonly remedy?: string;
}

/** `warning`: calls work, but something is missing, will fail later, or could not be checked. */
export type Level = "ok" | "warning" | "failed";

export function ok(check: string, message: string): Finding {
  return { check, level: "ok", message };
}

export function warning(check: string, message: string, remedy?: string): Finding {
  return { check, level: "warning", message, ...(remedy === undefined ? {} : { remedy }) };
}

export function failed(check: string, message: string, remedy?: string): Finding {
  return { check, level: "failed", message, ...(remedy === undefined ? {} : { remedy }) };
}

/** A check that was skipped, with a reason such as a missing setting. */
export function notChecked(check: string, why: string, remedy?: string): Finding {
  return warning(check, `not checked: ${why}`, remedy);
}
