import { z } from "zod";
import deno from "../../../../deno.json" with { type: "json" };
import { CALL_OPERATIONS } from "./call_operations.ts";
import { LIVE_OPERATIONS } from "./live_operations.ts";
import type { Paths } from "./operation.ts";
import { SCHEMAS } from "./schemas.ts";
import { SERVICE_OPERATIONS } from "./service_operations.ts";

export interface OpenApiDocument {
  readonly openapi: "3.1.1";
  readonly info: Readonly<Record<string, unknown>>;
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly paths: Paths;
  readonly components: {
    readonly schemas: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly securitySchemes: Readonly<Record<string, unknown>>;
  };
}

let cached: OpenApiDocument | undefined;

/** The API as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), as plain JSON data. */
export function openApiDocument(): OpenApiDocument {
  return cached ??= JSON.parse(JSON.stringify(
    {
      openapi: "3.1.1",
      info: {
        title: "Parley",
        version: deno.version,
        summary: "Parley answers the phone with an AI.",
        description:
          "Calls, records, recordings and live events. Times are ISO 8601. Names that end in Ms are " +
          "milliseconds. Errors are problem details (RFC 9457).",
        license: { name: "MIT", identifier: "MIT" },
      },
      tags: [
        { name: "Calls", description: "Calls in progress, ended and to be placed." },
        { name: "Live calls", description: "Watch, hear and control calls in progress." },
        { name: "Recordings", description: "Recordings of calls." },
        { name: "Service", description: "Health, metrics and set-up." },
      ],
      security: [{ token: [] }, { session: [] }, {}],
      paths: { ...CALL_OPERATIONS, ...LIVE_OPERATIONS, ...SERVICE_OPERATIONS },
      components: { schemas: componentSchemas(), securitySchemes: SECURITY_SCHEMES },
    } satisfies OpenApiDocument,
  ));
}

const SECURITY_SCHEMES = {
  token: {
    type: "http",
    scheme: "bearer",
    description:
      "ADMIN_TOKEN. When it is not set, requests from the service's own machine need no authentication, " +
      "and all others are refused.",
  },
  session: {
    type: "apiKey",
    in: "cookie",
    name: "__Host-parley",
    description: "The cookie of the console's sign-in.",
  },
};

function componentSchemas(): Record<string, Record<string, unknown>> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(SCHEMAS)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    uri: (id) => `#/components/schemas/${id}`,
    override: ({ jsonSchema }) => {
      // Zod's limits for safe integers, of no interest to readers.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $id: _id, $schema: _schema, ...schema }]) => [id, schema]),
  );
}
