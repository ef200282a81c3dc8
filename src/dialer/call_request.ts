/** The body of `POST /calls`. */

import { z } from "zod";
import { E164 } from "../phone_number.ts";

/** A call to place. */
export interface CallRequest {
  /** E.164. */
  readonly to: string;
  /** Name of the assistant; the default one if left out. */
  readonly assistant?: string | undefined;
  /** `{{objective}}` in the assistant's instructions. */
  readonly objective?: string | undefined;
  /** Values for `{{name}}` in the assistant's instructions and greeting. */
  readonly variables?: Readonly<Record<string, string>> | undefined;
}

/** Names that Parley sets. */
const RESERVED: readonly string[] = ["caller", "called", "call_sid", "now", "objective", "secret"];
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,39}$/;

/** Why a name cannot be a variable; undefined when it can. */
export function variableNameProblem(name: string): string | undefined {
  if (!NAME.test(name)) return "allowed: a letter, then letters, digits and _, at most 40";
  if (RESERVED.includes(name)) return `reserved by Parley: ${RESERVED.join(", ")}`;
  return undefined;
}

function text(maxLength: number) {
  return z.string(`allowed: text of 1 to ${maxLength} characters`).min(
    1,
    `allowed: 1 to ${maxLength} characters`,
  )
    .max(maxLength, `allowed: at most ${maxLength} characters`);
}

/** The schema of a {@linkcode CallRequest}, with messages for people. Also part of the OpenAPI document. */
export const CALL_REQUEST: z.ZodType<CallRequest> = z.strictObject({
  to: z.string("allowed: a number such as +15551230000").regex(
    E164,
    "allowed: a number such as +15551230000",
  ).describe("E.164."),
  assistant: text(100).optional().describe("Name of the assistant; the default one when absent."),
  objective: text(2_000).optional().describe("`{{objective}}` in the assistant's instructions."),
  variables: z.record(z.string(), text(2_000), "allowed: an object with text values")
    .superRefine((variables, context) => {
      const names = Object.keys(variables);
      if (names.length > 50) context.addIssue("allowed: at most 50 variables");
      for (const name of names) {
        const problem = variableNameProblem(name);
        if (problem) context.addIssue({ code: "custom", path: [name], message: problem });
      }
    })
    .optional()
    .describe("Values for `{{name}}` in the assistant's instructions and greeting; at most 50."),
}, {
  error: (issue) =>
    issue.code === "unrecognized_keys"
      ? `allowed: to, assistant, objective and variables; found ${issue.keys.map(displayName).join(", ")}`
      : 'allowed: a JSON object such as {"to": "+15551230000"}',
});

/**
 * Reads the body of `POST /calls`.
 *
 * @returns the request, or all its problems, each with the member's name: `variables.name: allowed: …`.
 */
export function readCallRequest(body: string): CallRequest | { readonly problems: readonly string[] } {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { problems: ["the body is not JSON"] };
  }
  const read = CALL_REQUEST.safeParse(value);
  if (read.success) return read.data;
  return {
    problems: read.error.issues.map(({ path, message }) =>
      path.length === 0 ? message : `${path.map((key) => displayName(String(key))).join(".")}: ${message}`
    ),
  };
}

/** A member name from the request, shortened and on one line. */
function displayName(name: string): string {
  return NAME.test(name) ? name : JSON.stringify(name.slice(0, 40));
}
