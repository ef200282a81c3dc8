import { STATUS_CODE } from "@std/http/status";
import { EXAMPLES } from "./examples.ts";
import { get, jsonResponse, listResponse, namedResponse, objectSchema, type Paths } from "./operation.ts";

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
      responses: {
        200: readiness("ready", "Takes calls"),
        503: readiness("draining", "Draining: takes no new calls"),
      },
    },
  },
  "/metrics": get("Service", "getMetrics", "Prometheus metrics", {
    200: {
      description: "Prometheus text format",
      content: {
        "text/plain": { schema: { type: "string" }, example: 'parley_calls{state="connected"} 2\n' },
      },
    },
  }, { description: "Without authentication when METRICS_PUBLIC is true." }),
  "/api/setup": get("Service", "getSetup", "How this service is set up", {
    200: namedResponse("Setup", EXAMPLES.Setup),
  }),
  "/api/check": get("Service", "runCheck", "Run the checks of `parley check`", {
    200: listResponse("findings", "Finding", EXAMPLES.Finding),
  }, { description: "The findings are reused for a minute.", problems: [STATUS_CODE.NotFound] }),
  "/api/openapi.json": get("Service", "getOpenApi", "This document", {
    200: jsonResponse("OpenAPI 3.1", { type: "object" }),
  }),
};

function readiness(status: string, description: string) {
  return jsonResponse(description, objectSchema({ status: { const: status } }), { status });
}
