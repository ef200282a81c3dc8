import { z } from "zod";
import { ClientEventError, invalidValue } from "./server_events.ts";

type Issue = z.core.$ZodIssue;

/**
 * Checks an event strictly, as the vendor's server does: unknown fields are errors.
 *
 * @throws {ClientEventError} `missing_required_parameter`, `unknown_parameter`, `invalid_type` or `invalid_value`, with the
 * path of the field as `param`.
 */
export function readStrictly<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  throw toClientEventError(read.error.issues[0], value, []);
}

function toClientEventError(
  issue: Issue | undefined,
  value: unknown,
  parentPath: PropertyKey[],
): ClientEventError {
  if (!issue) return new ClientEventError("invalid_event", "The event could not be read.");
  const path = [...parentPath, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    const unknown = nameOf([...path, issue.keys[0] ?? ""]);
    return new ClientEventError("unknown_parameter", `Unknown parameter: '${unknown}'.`, unknown);
  }
  const param = nameOf(path);
  const rejected = path.reduce(
    (inside, key) => typeof inside === "object" && inside !== null ? Reflect.get(inside, key) : undefined,
    value,
  );
  if (rejected === undefined) {
    const message = `Missing required parameter: '${param}'.`;
    return new ClientEventError("missing_required_parameter", message, param);
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // The branch that matched deepest is the intended one.
    const intended = issue.errors.map((branch) => branch[0]).reduce((best, next) =>
      depthOf(next) > depthOf(best) ? next : best
    );
    return toClientEventError(intended, value, path);
  }
  if (issue.code === "invalid_type") {
    const expected = issue.expected === "int" ? "integer" : issue.expected;
    return wrongType(param, expected, rejected);
  }
  const allowed = allowedBy(issue);
  if (!allowed) return invalidValue(`Invalid '${param}': ${issue.message}.`, param);
  if (typeof rejected !== typeof allowed[0]) return wrongType(param, typeof allowed[0], rejected);
  const supported = allowed.map((one) => `'${String(one)}'`).join(", ");
  return invalidValue(`Invalid value: '${rejected}'. Supported values are: ${supported}.`, param);
}

/** The allowed values, if the schema lists them. */
function allowedBy(issue: Issue): readonly unknown[] | undefined {
  if (issue.code === "invalid_value") return issue.values;
  return issue.code === "invalid_union" && "options" in issue ? issue.options : undefined;
}

function wrongType(param: string, expected: string, value: unknown): ClientEventError {
  const kind = value === null
    ? "null"
    : Array.isArray(value)
    ? "an array"
    : expected === "integer" && typeof value === "number"
    ? "a decimal number"
    : `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
  const article = /^[aeio]/.test(expected) ? "an" : "a";
  return new ClientEventError(
    "invalid_type",
    `Invalid type for '${param}': expected ${article} ${expected}, but got ${kind} instead.`,
    param,
  );
}

function nameOf(path: PropertyKey[]): string {
  const steps = path.map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`);
  return steps.join("").replace(/^\./, "");
}

function depthOf(issue: Issue | undefined): number {
  return issue ? issue.path.length + (issue.code === "unrecognized_keys" ? 1 : 0) : 0;
}
