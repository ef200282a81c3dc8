import { assertEquals } from "@std/assert";
import { Validator } from "@seriousme/openapi-schema-validator";
import { composeService } from "../../../../src/app/compose.ts";
import { serviceRoutes } from "../../../../src/app/service_routes.ts";
import { systemClock } from "../../../../src/clock.ts";
import { openApiDocument } from "../../../../src/http/admin/openapi/openapi_document.ts";
import { gaDialect } from "../../../../src/model/ga/ga_session.ts";
import { createLog } from "../../../../src/telemetry/log.ts";
import { configOf } from "../../../support/service.ts";
import { ApiSchemas, type Json } from "./api_schemas.ts";

/** Twilio's routes, which the document leaves out like those of the console. */
const TWILIO_ROUTES = [
  "/after-stream",
  "/after-transfer",
  "/answered-by",
  "/call-status",
  "/incoming-call",
  "/language-chosen",
  "/media-stream",
  "/stream-status",
];

Deno.test("openApiDocument() is valid OpenAPI 3.1", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone({ ...openApiDocument() }));
  assertEquals([valid, errors, validator.version], [true, undefined, "3.1"]);
});

Deno.test("openApiDocument() has examples that match their schemas, for every JSON body", () => {
  const schemas = new ApiSchemas();
  let examples = 0;
  for (const [path, item] of Object.entries(openApiDocument().paths)) {
    for (const [method, { requestBody, responses }] of Object.entries(item)) {
      const pointer = ["paths", path, method];
      const bodies: [pointer: string[], content: Json | undefined][] = [
        [[...pointer, "requestBody"], requestBody?.content],
        ...Object.entries(responses).map(([status, response]): [string[], Json | undefined] => [
          [...pointer, "responses", status],
          Object(response).content,
        ]),
      ];
      for (const [place, content] of bodies) {
        for (
          const [type, { example }] of Object.entries(Object(content)) as [string, { example?: unknown }][]
        ) {
          if (example === undefined) continue;
          schemas.check([...place, "content", type, "schema"], example);
          examples++;
        }
      }
    }
  }
  assertEquals(examples > 15, true, `${examples} examples`);
});

Deno.test("openApiDocument() describes exactly the routes for programs", () => {
  const log = createLog({ level: "error", format: "json", write() {} });
  const options = { config: configOf(), openSession: gaDialect(systemClock), clock: systemClock, log };
  const parts = composeService(options);
  const { routes, close } = serviceRoutes(options, parts, "https://phone.example.com");
  close();
  parts.metrics.close();
  parts.outbound.dialer.close();
  const forPrograms = (path: string) => !TWILIO_ROUTES.includes(path) && !path.startsWith("/console");
  const served = Object.entries(routes).filter(([path]) => forPrograms(path))
    .flatMap(([path, { methods }]) => methods.map((method) => `${method} ${path}`));
  const described = Object.entries(openApiDocument().paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`)
  );
  assertEquals(described.sort(), served.sort());
  assertEquals(TWILIO_ROUTES.filter((path) => !(path in routes)), []);
});
