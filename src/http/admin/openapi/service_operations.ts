import { STATUS_CODE } from "@std/http/status";
import { EXAMPLES } from "./examples.ts";
import {
  jsonResponse,
  listResponse,
  namedResponse,
  objectSchema,
  type Paths,
  problemResponses,
} from "./operation.ts";

export const SERVICE_OPERATIONS: Paths = {
  "/": {
    get: {
      operationId: "getRoot",
      summary: "Whether Parley runs here",
      description: "Browsers are redirected to the console.",
      tags: ["Service"],
      security: [],
      responses: {
        200: jsonResponse(
          "Running",
          objectSchema({ message: { type: "string" } }),
          { message: "Parley is running" },
        ),
        303: { description: "To the console, for browsers" },
      },
    },
  },
  "/healthz": {
    get: {
      operationId: "getHealth",
      summary: "Liveness",
      tags: ["Service"],
      security: [],
      responses: {
        200: {
          ...jsonResponse("Alive", objectSchema({ status: { const: "ok" } }), { status: "ok" }),
          headers: {
            "x-parley-instance": { description: "Random name of this process.", schema: { type: "string" } },
          },
        },
      },
    },
  },
  "/readyz": {
    get: {
      operationId: "getReadiness",
      summary: "Readiness",
      tags: ["Service"],
      security: [],
      responses: Object.fromEntries(
        ([[200, "ready", "Takes calls"], [503, "draining", "Draining: takes no new calls"]] as const).map((
          [code, status, description],
        ) => [
          code,
          jsonResponse(
            description,
            objectSchema({ status: { const: status } }),
            { status },
          ),
        ]),
      ),
    },
  },
  "/metrics": {
    get: {
      operationId: "getMetrics",
      summary: "Prometheus metrics",
      description: "Without authentication when METRICS_PUBLIC is true.",
      tags: ["Service"],
      responses: {
        200: {
          description: "Prometheus text format",
          content: {
            "text/plain": { schema: { type: "string" }, example: 'parley_calls{state="connected"} 2\n' },
          },
        },
        ...problemResponses(),
      },
    },
  },
  "/api/setup": {
    get: {
      operationId: "getSetup",
      summary: "How this service is set up",
      tags: ["Service"],
      responses: { 200: namedResponse("Setup", EXAMPLES.Setup), ...problemResponses() },
    },
  },
  "/api/check": {
    get: {
      operationId: "runCheck",
      summary: "Run the checks of `parley check`",
      description: "The findings are reused for a minute.",
      tags: ["Service"],
      responses: {
        200: listResponse("findings", "Finding", EXAMPLES.Finding),
        ...problemResponses(STATUS_CODE.NotFound),
      },
    },
  },
  "/api/openapi.json": {
    get: {
      operationId: "getOpenApi",
      summary: "This document",
      tags: ["Service"],
      responses: { 200: jsonResponse("OpenAPI 3.1", { type: "object" }), ...problemResponses() },
    },
  },
};
