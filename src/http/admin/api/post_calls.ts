import { STATUS_CODE, type StatusCode } from "@std/http/status";
import { type CallRequest, readCallRequest } from "../../../dialer/call_request.ts";
import { IdempotencyKeys, type PlacementJournal } from "./idempotency_keys.ts";
import type { Clock } from "../../../clock.ts";
import { problem } from "../../problem.ts";
import { type RequestInputOptions, withRequestInput } from "../../request_input.ts";

const STATUS_OF = {
  "not a number": STATUS_CODE.UnprocessableEntity,
  "unknown assistant": STATUS_CODE.UnprocessableEntity,
  "invalid for Twilio": STATUS_CODE.UnprocessableEntity,
  "not configured": STATUS_CODE.Conflict,
  "not allowed": STATUS_CODE.Conflict,
  "do not call": STATUS_CODE.Conflict,
  "outside hours": STATUS_CODE.Conflict,
  "full": STATUS_CODE.TooManyRequests,
  "budget": STATUS_CODE.TooManyRequests,
  "number day limit": STATUS_CODE.TooManyRequests,
  "draining": STATUS_CODE.ServiceUnavailable,
  "client gone": STATUS_CODE.RequestTimeout,
  "refused by Twilio": STATUS_CODE.BadGateway,
  "unconfirmed": STATUS_CODE.GatewayTimeout,
} as const satisfies Record<string, StatusCode>;

/** Why a call was not placed. `unconfirmed`: Twilio failed, and may have placed it all the same. */
export interface PlacementRefusal {
  readonly refused: keyof typeof STATUS_OF;
  readonly detail: string;
}

type Placement = { readonly callSid: string } | PlacementRefusal;

export interface CallPlacer {
  /** @param signal Aborts when nobody waits for the answer any more. */
  place(request: CallRequest, signal: AbortSignal): Promise<Placement>;
  /** Ends a ringing call. */
  cancel(callSid: string): Promise<void>;
}

export interface PlaceCallOptions extends RequestInputOptions {
  readonly outbound: CallPlacer;
  readonly keys: PlacementKeys;
}

/** The `Idempotency-Key`s of `POST /calls`. */
export type PlacementKeys = IdempotencyKeys<Placement>;

/**
 * Remembers the keys of calls that were, or may have been, placed. A refused request may be sent again with
 * its key.
 */
export function placementKeys(clock: Clock, journal?: PlacementJournal): PlacementKeys {
  return new IdempotencyKeys<Placement>({
    clock,
    isFinal: (placed) => !("refused" in placed) || placed.refused === "unconfirmed",
    interrupted: {
      refused: "unconfirmed",
      detail: "The service stopped while it placed this call; the call may have been placed",
    },
    journal,
  });
}

/** `POST /calls`: places an outbound call. Requests with the same `Idempotency-Key` place one call. */
export function placeCall(request: Request, options: PlaceCallOptions): Promise<Response> {
  return withRequestInput(request, options, async ({ body }) => {
    const read = readCallRequest(new TextDecoder().decode(body));
    if ("problems" in read) return problem(STATUS_CODE.UnprocessableEntity, read.problems.join("; "));
    const key = request.headers.get("idempotency-key");
    if (key !== null && !/^[\x21-\x7e ]{1,255}$/.test(key)) {
      return problem(STATUS_CODE.BadRequest, "Idempotency-Key: allowed: 1 to 255 printable ASCII characters");
    }
    const placed = key === null
      ? await placeOnce(read, request.signal, options.outbound)
      : await options.keys.run(
        { key, request: JSON.stringify(read), signal: request.signal },
        (abandoned) => options.outbound.place(read, abandoned),
      );
    if (!placed) {
      return problem(
        STATUS_CODE.UnprocessableEntity,
        "Idempotency-Key: it was used for another call; use a new one",
      );
    }
    if (!("refused" in placed)) return Response.json(placed, { status: STATUS_CODE.Created });
    const headers: Record<string, string> = placed.refused === "full" ? { "retry-after": "5" } : {};
    return problem(STATUS_OF[placed.refused], placed.detail, headers);
  });
}

/**
 * Places a call without a key. A client that has gone cannot know its call, and would place it again: it is
 * cancelled.
 */
async function placeOnce(read: CallRequest, signal: AbortSignal, outbound: CallPlacer): Promise<Placement> {
  const placed = await outbound.place(read, signal);
  if ("callSid" in placed && signal.aborted) await outbound.cancel(placed.callSid);
  return placed;
}
