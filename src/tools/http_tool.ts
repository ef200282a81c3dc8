import { z } from "zod";
import { isObject, type JsonObject } from "../json.ts";
import type { Log } from "../telemetry/log.ts";
import { FetchError, type GuardedAnswer, guardedFetch } from "./guarded_fetch.ts";
import { addToQuery, fillJson, fillText, fillUrl, type Lookup, namesIn } from "./template.ts";
import { checked, type Tool, ToolError } from "./tool.ts";

/** Most of a refusal that the model is told (characters). */
const MAX_REFUSAL = 1_000;

/** Something an assistant may ask over HTTP. In texts, `{{name}}` is an argument and `{{secret.name}}` collected digits. */
export interface HttpToolOptions {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its arguments, an object's. */
  readonly parameters: JsonObject;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `{{…}}` in path and query only. Arguments of a GET that are not in it go to the query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Any JSON value. Without it, the arguments are the body of every method but GET. */
  readonly body?: unknown;
  readonly timeoutSeconds: number;
  readonly maxResponseBytes: number;
  /** Whether its host may be one of a private network. */
  readonly allowPrivate: boolean;
  /** What it answers: JSON unless it is text. */
  readonly answer?: "json" | "text" | undefined;
}

/** What a tool needs of the call it is used in. */
export interface HttpToolContext {
  /** Digits the caller entered under a name; undefined while there are none. */
  readonly secret: (name: string) => string | undefined;
  readonly log: Log;
  /** Values the model must not see, if the service repeats them: what the headers have of the environment. */
  readonly hidden?: readonly string[] | undefined;
  /** PEM certificates to trust beside the usual ones. */
  readonly caCerts?: readonly string[] | undefined;
}

/**
 * A tool that asks a service over HTTP.
 *
 * @throws {Error} when its schema cannot be used; `httpToolProblems` says so, and all else, beforehand.
 */
export function httpTool(options: HttpToolOptions, context: HttpToolContext): Tool {
  const { name, description, parameters, url: template, method, allowPrivate, answer } = options;
  const schema = argumentsSchema(parameters);
  const guard = {
    hosts: [new URL(template).host],
    allowPrivate,
    maxBytes: options.maxResponseBytes,
    caCerts: context.caCerts,
  };
  const inUrl = namesIn(template);
  return {
    declaration: { name, description, parameters },
    timeoutMs: options.timeoutSeconds * 1000,
    async run(given, signal) {
      const args = checked(schema, given);
      // A shorter one, such as a number of a shop, would blank out half of every answer.
      const used = new Set(context.hidden?.filter(({ length }) => length >= 6));
      const lookup = lookupIn(args, context.secret, used);
      const url = fillUrl(template, lookup);
      if (method === "GET") {
        addToQuery(url, Object.fromEntries(Object.entries(args).filter(([name]) => !inUrl.includes(name))));
      }
      const body = method === "GET" ? undefined : JSON.stringify(
        options.body === undefined ? args : fillJson(options.body, lookup),
      );
      const headers = fillHeaders(options.headers, lookup);
      if (body !== undefined) headers["content-type"] ??= "application/json";
      try {
        return result(await guardedFetch({ method, url, headers, body, answer }, guard, signal), used);
      } catch (error) {
        if (!(error instanceof FetchError)) throw error;
        if (!signal.aborted) context.log.warn("tool request failed", { tool: name, problem: error.detail });
        throw new ToolError(error.message);
      }
    },
  };
}

/** Made once for each schema, and not for each call. */
const CHECKS = new WeakMap<JsonObject, z.ZodType<JsonObject>>();

/**
 * A check for a tool's arguments. What the schema does not name is refused unless it allows more, so that nothing the model
 * makes up goes out.
 *
 * @throws {Error} when the schema is none that can be checked.
 */
export function argumentsSchema(parameters: JsonObject): z.ZodType<JsonObject> {
  const known = CHECKS.get(parameters);
  if (known) return known;
  const { type, properties = {} } = parameters;
  if (type !== "object" || !isObject(properties)) throw new Error('it has to be of the type "object"');
  const check = z.fromJSONSchema({ additionalProperties: false, ...parameters, type })
    .pipe(z.record(z.string(), z.unknown()));
  CHECKS.set(parameters, check);
  return check;
}

function lookupIn(args: JsonObject, secret: HttpToolContext["secret"], used: Set<string>): Lookup {
  return (name) => {
    const [, secretName] = /^secret\.(.+)$/.exec(name) ?? [];
    if (secretName === undefined) return args[name];
    const digits = secret(secretName);
    if (!digits) throw new ToolError(`The caller has not entered "${secretName}" yet: collect it first`);
    used.add(digits);
    return digits;
  };
}

function fillHeaders(templates: HttpToolOptions["headers"], lookup: Lookup): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, template] of Object.entries(templates)) {
    const value = fillText(template, lookup);
    if (!/^[\t\x20-\x7e]*$/.test(value)) {
      throw new ToolError(
        `${namesIn(template).join(", ")}: only plain letters, digits and signs are possible`,
      );
    }
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

/** What the model is told. */
function result({ status, content }: GuardedAnswer, secrets: ReadonlySet<string>): unknown {
  const shown = withoutSecrets(content, [...secrets]);
  if (status >= 200 && status < 300) return shown ?? { done: true };
  const said = shown === undefined ? "" : `: ${JSON.stringify(shown)}`;
  throw new ToolError(
    `The service answered ${status}${said}`.slice(0, MAX_REFUSAL),
    `the service answered ${status}`,
  );
}

/** A service may repeat what it was sent. */
function withoutSecrets(content: unknown, secrets: readonly string[]): unknown {
  if (content === undefined || secrets.length === 0) return content;
  const shown: unknown = JSON.parse(JSON.stringify(content), (_, value: unknown) => {
    if (typeof value === "number" && secrets.includes(String(value))) return "[secret]";
    if (typeof value !== "string") return value;
    return secrets.reduce((text, secret) => text.replaceAll(secret, "[secret]"), value);
  });
  return shown;
}
