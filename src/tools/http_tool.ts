import { z } from "zod";
import { isObject, type JsonObject } from "../json.ts";
import type { Log } from "../telemetry/log.ts";
import { FetchError, guardedFetch, type GuardedResponse } from "./guarded_fetch.ts";
import {
  fillJson,
  fillText,
  type PlaceholderLookup,
  placeholderNames,
  replacePlaceholders,
  textOf,
} from "../placeholders.ts";
import { parseArguments, type Tool, ToolError } from "./tool.ts";

/** Valid header values. */
const PRINTABLE = /^[\t\x20-\x7e]*$/;
const NOT_PRINTABLE = /[^\t\x20-\x7e]+/g;
/** Maximum length of an error message for the model (characters). */
const MAX_ERROR = 1_000;

/**
 * A tool that sends an HTTP request. In templates, `{{name}}` is an argument or a variable of the call, and `{{secret.name}}`
 * collected digits. Values are encoded: they cannot change the structure of the URL, a header or the body.
 */
export interface HttpToolOptions {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments, of type `object`. */
  readonly parameters: JsonObject;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Template; placeholders in path and query only. For GET, all other arguments are appended to the query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Template, any JSON value. Default: the arguments; none for GET. */
  readonly body?: unknown;
  readonly timeoutSeconds: number;
  readonly maxResponseBytes: number;
  /** Whether the host may have a private address. */
  readonly allowPrivate: boolean;
  /** Expected content of the response. Default: `json`. */
  readonly answer?: "json" | "text" | undefined;
}

/** The call's context for an HTTP tool. */
export interface HttpToolContext {
  /** Digits the caller entered for a secret; undefined before that. */
  readonly secret: (name: string) => string | undefined;
  /** Variables of the call, such as `caller`. An argument that the tool declares under the same name goes before. */
  readonly variables?: Readonly<Record<string, string>> | undefined;
  readonly log: Log;
  /** Values to redact in responses: environment variables used in headers. */
  readonly hidden?: readonly string[] | undefined;
}

/**
 * Creates a tool that sends an HTTP request.
 *
 * @throws {Error} if its schema is invalid; the check of the assistants file finds this beforehand.
 */
export function httpTool(options: HttpToolOptions, context: HttpToolContext): Tool {
  const { name, description, parameters, url: template, method, allowPrivate, answer } = options;
  const schema = argumentsSchema(parameters);
  const policy = { hosts: [new URL(template).host], allowPrivate, maxBytes: options.maxResponseBytes };
  const urlNames = placeholderNames(template);
  const declared = isObject(parameters.properties) ? parameters.properties : {};
  const { variables = {} } = context;
  const isVariable = (name: string) => !Object.hasOwn(declared, name) && Object.hasOwn(variables, name);
  return {
    declaration: { name, description, parameters },
    timeoutMs: options.timeoutSeconds * 1000,
    async run(rawArgs, signal) {
      const args = parseArguments(schema, rawArgs);
      // Redacting shorter values would also redact unrelated text.
      const redacted = new Set(context.hidden?.filter(({ length }) => length >= 6));
      const lookup = placeholderLookup(
        (name) => isVariable(name) ? variables[name] : args[name],
        context.secret,
        redacted,
      );
      const url = fillUrl(template, lookup);
      if (method === "GET") appendQuery(url, args, urlNames);
      const body = method === "GET" ? undefined : JSON.stringify(
        options.body === undefined ? args : fillJson(options.body, lookup),
      );
      const headers = fillHeaders(options.headers, (name) => {
        const value = lookup(name);
        // Unlike an argument, a variable cannot be corrected by the model.
        return isVariable(name) ? textOf(value).replaceAll(NOT_PRINTABLE, encodeURIComponent) : value;
      });
      if (body !== undefined) headers["content-type"] ??= "application/json";
      try {
        const response = await guardedFetch({ method, url, headers, body, expect: answer }, policy, signal);
        return toolResult(response, redacted);
      } catch (error) {
        if (!(error instanceof FetchError)) throw error;
        if (!signal.aborted) context.log.warn("tool request failed", { tool: name, problem: error.detail });
        throw new ToolError(error.message);
      }
    },
  };
}

/** Cached, because every call creates its tools anew. */
const SCHEMAS = new WeakMap<JsonObject, z.ZodType<JsonObject>>();

/**
 * Converts JSON Schema to a validator. Additional properties are rejected by default, so that arguments the model makes
 * up are not sent.
 *
 * @throws {Error} if the schema is invalid or uses an unsupported keyword.
 */
export function argumentsSchema(parameters: JsonObject): z.ZodType<JsonObject> {
  const cached = SCHEMAS.get(parameters);
  if (cached) return cached;
  const { type, properties = {} } = parameters;
  if (type !== "object" || !isObject(properties)) throw new Error('its type must be "object"');
  const schema = z.fromJSONSchema({ additionalProperties: false, ...parameters, type })
    .pipe(z.record(z.string(), z.unknown()));
  SCHEMAS.set(parameters, schema);
  return schema;
}

/** @param redacted Receives the secrets that were used. */
function placeholderLookup(
  value: PlaceholderLookup,
  secret: HttpToolContext["secret"],
  redacted: Set<string>,
): PlaceholderLookup {
  return (name) => {
    const [, secretName] = /^secret\.(.+)$/.exec(name) ?? [];
    if (secretName === undefined) return value(name);
    const digits = secret(secretName);
    if (!digits) throw new ToolError(`The caller has not entered "${secretName}" yet. Collect it first.`);
    redacted.add(digits);
    return digits;
  };
}

/**
 * Fills the URL template. A value cannot leave its path segment or query value.
 *
 * @throws {ToolError} if a path value is empty or contains `.` or `..` segments.
 */
function fillUrl(template: string, lookup: PlaceholderLookup): URL {
  const queryStart = template.indexOf("?");
  return new URL(replacePlaceholders(template, (name, offset) => {
    const text = textOf(lookup(name));
    if (queryStart >= 0 && offset > queryStart) return encodeURIComponent(text);
    if (text === "") throw new ToolError(`"${name}" is missing. Ask for it.`);
    // Encoding is not enough: some servers decode the path before they resolve it.
    if (text.split(/[/\\]/).some((segment) => segment === "." || segment === "..")) {
      throw new ToolError(`"${name}" may not contain the path segments "." or "..".`);
    }
    return encodeURIComponent(text);
  }));
}

/** Appends all arguments but `except` to the query: one parameter per list item, objects as JSON. */
function appendQuery(url: URL, args: JsonObject, except: readonly string[]): void {
  for (const [name, value] of Object.entries(args)) {
    if (except.includes(name)) continue;
    for (const item of [value].flat()) url.searchParams.append(name, textOf(item));
  }
}

function fillHeaders(
  templates: HttpToolOptions["headers"],
  lookup: PlaceholderLookup,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, template] of Object.entries(templates)) {
    const value = fillText(template, lookup);
    if (!PRINTABLE.test(value)) {
      throw new ToolError(
        `${placeholderNames(template).join(", ")}: use only unaccented letters, digits and punctuation`,
      );
    }
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

/** The result for the model. */
function toolResult({ status, content }: GuardedResponse, secrets: ReadonlySet<string>): unknown {
  const safe = redact(content, [...secrets]);
  if (status >= 200 && status < 300) return safe ?? { done: true };
  const body = safe === undefined ? "" : `: ${JSON.stringify(safe)}`;
  throw new ToolError(
    `The service responded ${status}${body}`.slice(0, MAX_ERROR),
    `the service responded ${status}`,
  );
}

/** Replaces secrets that a service sends back. */
function redact(content: unknown, secrets: readonly string[]): unknown {
  if (content === undefined || secrets.length === 0) return content;
  return JSON.parse(JSON.stringify(content), (_, value: unknown) => {
    if (typeof value === "number" && secrets.includes(String(value))) return "[secret]";
    if (typeof value !== "string") return value;
    return secrets.reduce((text, secret) => text.replaceAll(secret, "[secret]"), value);
  });
}
