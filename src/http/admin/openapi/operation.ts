/** OpenAPI 3.1 operations, and the parts they are built from. */

import { STATUS_CODE, STATUS_TEXT, type StatusCode } from "@std/http/status";
import type { SchemaName } from "./schemas.ts";

/** A JSON schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Parameter {
  readonly name: string;
  readonly in: "query" | "path" | "header";
  readonly required?: boolean;
  readonly description: string;
  readonly schema: JsonSchema;
}

/** The content of a body, by media type. */
export type Content = Readonly<
  Record<string, { readonly schema: JsonSchema; readonly example?: unknown }>
>;

export interface ApiResponse {
  readonly description: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Content;
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly [string];
  /** Empty: no authentication. Absent: as the document says. */
  readonly security?: readonly [];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: true; readonly content: Content };
  readonly responses: Readonly<Record<string, ApiResponse>>;
}

export type PathItem = { readonly get: Operation } | { readonly post: Operation };

/** Path items by path template, as the router spells it. */
export type Paths = Readonly<Record<string, PathItem>>;

export function schemaRef(name: SchemaName): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** A schema of an object with exactly these fields. */
export function objectSchema(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: "object", properties, required: Object.keys(properties), additionalProperties: false };
}

export function jsonResponse(description: string, schema: JsonSchema, example?: unknown): ApiResponse {
  return { description, content: jsonContent(schema, example) };
}

/** A response with a body of a named schema. */
export function namedResponse(name: SchemaName, example: unknown): ApiResponse {
  return jsonResponse(name, schemaRef(name), example);
}

/** A response with an object that has one field, a list of a named schema. */
export function listResponse(field: string, name: SchemaName, example: unknown): ApiResponse {
  const schema = objectSchema({ [field]: { type: "array", items: schemaRef(name) } });
  return jsonResponse(`List of ${name}`, schema, { [field]: [example] });
}

export function eventStreamResponse(example: string): ApiResponse {
  return {
    description: "Server-sent events",
    content: { "text/event-stream": { schema: { type: "string" }, example } },
  };
}

export function wavResponse(description: string): ApiResponse {
  return { description, content: { "audio/wav": { schema: {} } } };
}

export function jsonBody(schema: JsonSchema, example: unknown): Pick<Operation, "requestBody"> {
  return { requestBody: { required: true, content: jsonContent(schema, example) } };
}

function jsonContent(schema: JsonSchema, example?: unknown): Content {
  return { "application/json": { schema, ...(example === undefined ? {} : { example }) } };
}

/** Statuses with which a body may be rejected. */
export const BODY_PROBLEMS = [
  STATUS_CODE.BadRequest,
  STATUS_CODE.RequestTimeout,
  STATUS_CODE.ContentTooLarge,
] as const;

/** The optional parts of an operation. */
export interface OperationDetails extends Pick<Operation, "description" | "parameters" | "requestBody"> {
  /** Statuses of problems, beside those of authentication. */
  readonly problems?: readonly StatusCode[];
}

/** A `GET` operation of an authenticated route. */
export function get(...operation: Parameters<typeof authenticated>): PathItem {
  return { get: authenticated(...operation) };
}

/** A `POST` operation of an authenticated route. */
export function post(...operation: Parameters<typeof authenticated>): PathItem {
  return { post: authenticated(...operation) };
}

function authenticated(
  tag: string,
  operationId: string,
  summary: string,
  responses: Operation["responses"],
  { problems = [], ...details }: OperationDetails = {},
): Operation {
  const access = [STATUS_CODE.Unauthorized, STATUS_CODE.Forbidden, STATUS_CODE.TooManyRequests];
  const problemResponses = [...access, ...problems].map((status) => [status, {
    description: STATUS_TEXT[status],
    content: { "application/problem+json": { schema: schemaRef("Problem") } },
  }]);
  return {
    operationId,
    summary,
    tags: [tag],
    ...details,
    responses: { ...responses, ...Object.fromEntries(problemResponses) },
  };
}

/** The path parameter `{sid}`. */
export const SID: Parameter = {
  name: "sid",
  in: "path",
  required: true,
  description: "CallSid.",
  schema: { type: "string" },
};

export function queryParameter(
  name: string,
  description: string,
  schema: JsonSchema = { type: "string" },
): Parameter {
  return { name, in: "query", description, schema };
}
