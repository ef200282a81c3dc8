import { z } from "zod";
import { ModelFault } from "./wire.ts";

type Issue = z.core.$ZodIssue;

/**
 * Reads an event of the wire strictly, as the vendor's server does: what a schema does not name is refused.
 *
 * @throws {ModelFault} `missing_required_parameter`, `unknown_parameter`, `invalid_type` or `invalid_value`, with the
 * path of the field as `param`.
 */
export function readStrictly<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  throw faultOf(read.error.issues[0], value, []);
}

function faultOf(issue: Issue | undefined, value: unknown, above: PropertyKey[]): ModelFault {
  if (!issue) return new ModelFault("invalid_event", "The event could not be read.");
  const path = [...above, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    const unknown = nameOf([...path, issue.keys[0] ?? ""]);
    return new ModelFault("unknown_parameter", `Unknown parameter: '${unknown}'.`, unknown);
  }
  const param = nameOf(path);
  const found = path.reduce(
    (inside, key) => typeof inside === "object" && inside !== null ? Reflect.get(inside, key) : undefined,
    value,
  );
  if (found === undefined) {
    return new ModelFault("missing_required_parameter", `Missing required parameter: '${param}'.`, param);
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // The branch that got furthest is the one that was meant.
    const meant = issue.errors.map((branch) => branch[0]).reduce((best, next) =>
      depthOf(next) > depthOf(best) ? next : best
    );
    return faultOf(meant, value, path);
  }
  if (issue.code === "invalid_type") {
    const expected = issue.expected === "int" ? "integer" : issue.expected;
    return wrongType(param, expected, found);
  }
  const allowed = allowedBy(issue);
  if (!allowed) return new ModelFault("invalid_value", `Invalid '${param}': ${issue.message}.`, param);
  if (typeof found !== typeof allowed[0]) return wrongType(param, typeof allowed[0], found);
  const supported = allowed.map((one) => `'${String(one)}'`).join(", ");
  return new ModelFault(
    "invalid_value",
    `Invalid value: '${found}'. Supported values are: ${supported}.`,
    param,
  );
}

/** The values that would have been right, where the schema can name them. */
function allowedBy(issue: Issue): readonly unknown[] | undefined {
  if (issue.code === "invalid_value") return issue.values;
  return issue.code === "invalid_union" && "options" in issue ? issue.options : undefined;
}

function wrongType(param: string, expected: string, found: unknown): ModelFault {
  const kind = found === null
    ? "null"
    : Array.isArray(found)
    ? "an array"
    : expected === "integer" && typeof found === "number"
    ? "a decimal number"
    : `${typeof found === "object" ? "an" : "a"} ${typeof found}`;
  const article = /^[aeio]/.test(expected) ? "an" : "a";
  return new ModelFault(
    "invalid_type",
    `Invalid type for '${param}': expected ${article} ${expected}, but got ${kind} instead.`,
    param,
  );
}

function nameOf(path: PropertyKey[]): string {
  return path.map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`).join("").replace(
    /^\./,
    "",
  );
}

function depthOf(issue: Issue | undefined): number {
  return issue ? issue.path.length + (issue.code === "unrecognized_keys" ? 1 : 0) : 0;
}
