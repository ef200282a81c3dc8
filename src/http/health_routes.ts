import { STATUS_CODE } from "@std/http/status";
import type { Calls } from "../calls/calls.ts";
import type { Routes } from "./router.ts";

/**
 * `/healthz` (liveness) and `/readyz` (readiness: 503 while draining).
 *
 * @param instance Random name of this process. `parley check` compares it with the one at PUBLIC_URL, to see
 * whether that address reaches this process.
 */
export function healthRoutes({ admission }: Pick<Calls, "admission">, instance: string): Routes {
  const headers = { "x-parley-instance": instance };
  return {
    "/healthz": { methods: ["GET"], handle: () => Response.json({ status: "ok" }, { headers }) },
    "/readyz": {
      methods: ["GET"],
      handle: () =>
        admission.draining
          ? Response.json({ status: "draining" }, { status: STATUS_CODE.ServiceUnavailable })
          : Response.json({ status: "ready" }),
    },
  };
}
