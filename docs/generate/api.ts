/** docs/openapi.json and docs/api.md, from the OpenAPI document that the service serves. */

import { openApiDocument } from "../../src/http/admin/openapi/openapi_document.ts";
import type { ApiResponse, Content, JsonSchema, Operation } from "../../src/http/admin/openapi/operation.ts";
import { code, type Page, table } from "./page.ts";

export const openApiPage: Page = {
  path: "docs/openapi.json",
  render: () => JSON.stringify(openApiDocument(), null, 2) + "\n",
};

const INTRODUCTION = `# HTTP API

<!-- Generated from src/http/admin/openapi/ by "deno task docs". -->

Programs can do everything that the console does. The service describes this API at \`/api/openapi.json\` (OpenAPI 3.1;
the same file is [openapi.json](openapi.json)).

**Authentication.** Send \`ADMIN_TOKEN\` as \`Authorization: Bearer …\`. Without \`ADMIN_TOKEN\` the API answers its own machine
only. After ten wrong tokens within a minute, an address gets 429 for further wrong ones.

**Bodies** are \`application/json\`. **Errors** are \`application/problem+json\` (RFC 9457), with the reason in \`detail\`.

**Times** are ISO 8601. Names that end in \`Ms\` are milliseconds; within a call they count from the start of its stream.

**A call's record** has the same fields while the call runs, after it ended, in the \`call.ended\` webhook and in
[the database](records.md).

\`\`\`sh
curl -H "Authorization: Bearer $ADMIN_TOKEN" "https://YOUR_HOST/api/calls?search=refund"
curl -H "Authorization: Bearer $ADMIN_TOKEN" https://YOUR_HOST/api/calls/CA0123…/recording.wav -o call.wav
curl -NH "Authorization: Bearer $ADMIN_TOKEN" https://YOUR_HOST/api/calls/CA0123…/audio | ffplay -nodisp -
curl -H "Authorization: Bearer $ADMIN_TOKEN" -H "content-type: application/json" \\
  -d '{"text": "Offer a refund."}' https://YOUR_HOST/api/calls/CA0123…/whisper
\`\`\`

Twilio's own routes (\`/incoming-call\`, \`/media-stream\` and its callbacks) are not part of this API.`;

export const apiPage: Page = {
  path: "docs/api.md",
  render() {
    const { paths, tags, components } = openApiDocument();
    const operations = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]: [string, Operation]) => ({ path, method, operation }))
    );
    const sections = tags.map(({ name, description }) =>
      [
        `## ${name}\n\n${description}`,
        ...operations.filter(({ operation }) => operation.tags.includes(name)).map((
          { path, method, operation },
        ) => renderOperation(method, path, operation)),
      ].join("\n\n")
    );
    const schemas = Object.entries(components.schemas).map(([name, schema]) => renderSchema(name, schema));
    return [INTRODUCTION, ...sections, "## Schemas", ...schemas].join("\n\n") + "\n";
  },
};

function renderOperation(
  method: string,
  path: string,
  { summary, description, security, parameters = [], requestBody, responses }: Operation,
): string {
  const rows = parameters.filter(({ in: place }) => place !== "path").map((
    { name, in: place, schema, description },
  ) => [
    code(name) + (place === "query" ? "" : ` (${place})`),
    typeOf(schema),
    description,
  ]);
  const body = requestBody && Object.values(requestBody.content)[0];
  const isProblem = ({ content = {} }: ApiResponse) => "application/problem+json" in content;
  const successes = Object.entries(responses).filter(([, response]) => !isProblem(response))
    .map(([status, { description, content }]) => `- **${status}** ${description}${contentType(content)}`);
  const problems = Object.entries(responses).filter(([, response]) => isProblem(response))
    .map(([status, { description }]) => `${status} ${description}`);
  const example = Object.values(responses).flatMap(({ content = {} }) => Object.values(content))
    .map(({ example }) => example).find((example) => example !== undefined);
  return [
    `### ${code(`${method.toUpperCase()} ${path}`)}`,
    [`${summary}.`, description, security ? "No authentication." : undefined].filter((text) => text).join(
      " ",
    ),
    rows.length > 0 ? table(["parameter", "type", "description"], rows) : "",
    body ? `Body: ${typeOf(body.schema)}` : "",
    body?.example === undefined ? "" : fenced(body.example),
    [...successes, ...(problems.length > 0 ? [`- Errors: ${problems.join(", ")}`] : [])].join("\n"),
    example === undefined ? "" : `Example response:\n\n${fenced(example)}`,
  ].filter((part) => part !== "").join("\n\n");
}

function contentType(content: Content | undefined): string {
  const [[type, { schema }] = ["", { schema: {} }]] = Object.entries(content ?? {});
  if (type === "") return "";
  return type === "application/json" ? `: ${typeOf(schema)}` : `: ${code(type)}`;
}

function renderSchema(name: string, schema: JsonSchema): string {
  const required = Array.isArray(schema.required) ? schema.required : [];
  const rows = Object.entries(propertiesOf(schema)).map(([field, property]) => [
    code(required.includes(field) ? field : `${field}?`),
    typeOf(property),
    String(property.description ?? ""),
  ]);
  return `### ${name}\n\n${schema.description ?? ""}\n\n${table(["field", "type", "description"], rows)}`;
}

function propertiesOf(schema: JsonSchema): Record<string, JsonSchema> {
  return typeof schema.properties === "object" ? { ...schema.properties } as Record<string, JsonSchema> : {};
}

/** A schema in a few words; named schemas are links. */
function typeOf(schema: JsonSchema): string {
  const { $ref, anyOf, enum: values, type, items, const: constant } = schema;
  if (typeof $ref === "string") {
    const name = $ref.split("/").at(-1) ?? "";
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (Array.isArray(anyOf)) return anyOf.map((each) => typeOf(each)).join(" or ");
  if (Array.isArray(values)) return values.map((value) => code(String(value))).join(", ");
  if (constant !== undefined) return code(String(constant));
  if (type === "array" && typeof items === "object" && items !== null) {
    return `list of ${typeOf({ ...items })}`;
  }
  if (type === "object") {
    const fields = Object.entries(propertiesOf(schema)).map(([name, property]) =>
      `${code(name)}: ${typeOf(property)}`
    );
    return fields.length > 0 ? `{ ${fields.join(", ")} }` : "object";
  }
  return schema.format === "date-time" ? "time" : String(type ?? "any");
}

function fenced(example: unknown): string {
  return typeof example === "string"
    ? "```\n" + example.trimEnd() + "\n```"
    : "```json\n" + JSON.stringify(example, null, 2) + "\n```";
}
