/** What is asked for to place a call: the body of `POST /calls`. */

import { z } from "zod";
import { E164 } from "./phone_number.ts";

/** A call somebody wants placed. */
export interface CallRequest {
  /** E.164. */
  readonly to: string;
  /** The assistant that makes it; left out, the default one. */
  readonly assistant?: string | undefined;
  /** What it is to achieve, `{{objective}}` in its instructions. */
  readonly objective?: string | undefined;
  /** Further values for `{{name}}` in its instructions and greeting. */
  readonly variables?: Readonly<Record<string, string>> | undefined;
}

/** Names that mean something already. */
const TAKEN: readonly string[] = ["caller", "called", "now", "objective", "secret"];
/** What a variable may be called. */
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,39}$/;

/** Why a variable may not be called so; undefined when it may. */
export function variableNameProblem(name: string): string | undefined {
  if (!NAME.test(name)) return "allowed: a letter, then letters, digits and _, at most 40";
  if (TAKEN.includes(name)) return `allowed: other names than ${TAKEN.join(", ")}, which Parley sets itself`;
  return undefined;
}

function text(most: number) {
  return z.string(`allowed: a text of 1 to ${most} characters`).min(1, `allowed: 1 to ${most} characters`)
    .max(most, `allowed: at most ${most} characters`);
}

const SCHEMA: z.ZodType<CallRequest> = z.strictObject({
  to: z.string("allowed: a number such as +15551230000").regex(
    E164,
    "allowed: a number such as +15551230000",
  ),
  assistant: text(100).optional(),
  objective: text(2_000).optional(),
  variables: z.record(z.string(), text(2_000), "allowed: an object of names and texts")
    .superRefine((variables, context) => {
      const names = Object.keys(variables);
      if (names.length > 50) context.addIssue("allowed: at most 50 variables");
      for (const name of names) {
        const problem = variableNameProblem(name);
        if (problem) context.addIssue({ code: "custom", path: [name], message: problem });
      }
    })
    .optional(),
}, {
  error: (issue) =>
    issue.code === "unrecognized_keys"
      ? `allowed: to, assistant, objective and variables; found ${issue.keys.map(shown).join(", ")}`
      : 'allowed: a JSON object such as {"to": "+15551230000"}',
});

/**
 * Reads the body of `POST /calls`.
 *
 * @returns the request, or every problem it has, each naming the member, such as `variables.name: allowed: …`.
 */
export function readCallRequest(body: string): CallRequest | { readonly problems: readonly string[] } {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { problems: ["the body is no JSON"] };
  }
  const read = SCHEMA.safeParse(value);
  if (read.success) return read.data;
  return {
    problems: read.error.issues.map(({ path, message }) =>
      path.length === 0 ? message : `${path.map((key) => shown(String(key))).join(".")}: ${message}`
    ),
  };
}

/** A stranger's name for a member, short and on one line. */
function shown(name: string): string {
  return NAME.test(name) ? name : JSON.stringify(name.slice(0, 40));
}
