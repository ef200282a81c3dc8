import { STATUS_CODE, type StatusCode } from "@std/http/status";
import { z } from "zod";
import { RECORDING_REQUEST, TRANSFER_REQUEST, WHISPER_REQUEST } from "../api/live_call_api.ts";
import { EXAMPLES } from "./examples.ts";
import {
  BODY_PROBLEMS,
  eventStreamResponse,
  jsonBody,
  type JsonSchema,
  type Operation,
  type PathItem,
  type Paths,
  problemResponses,
  SID,
  wavResponse,
} from "./operation.ts";

const WITH_BODY = [
  ...BODY_PROBLEMS,
  STATUS_CODE.UnsupportedMediaType,
  STATUS_CODE.UnprocessableEntity,
] as const;

/** An action on a call in progress. */
function action(
  operationId: string,
  summary: string,
  more: Partial<Operation>,
  ...statuses: readonly StatusCode[]
): PathItem {
  return {
    post: {
      operationId,
      summary,
      tags: ["Live calls"],
      parameters: [SID],
      ...more,
      responses: { 204: { description: "Done" }, ...problemResponses(STATUS_CODE.NotFound, ...statuses) },
    },
  };
}

function bodySchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...body } = z.toJSONSchema(schema, { io: "input" });
  return body;
}

export const LIVE_OPERATIONS: Paths = {
  "/api/calls/{sid}/events": {
    get: {
      operationId: "watchCall",
      summary: "Watch one call in progress",
      description:
        "Server-sent events. First `call` (LiveCall), the record so far. Then `turn` (Turn; replaces the " +
        "turn with the same `id`), `latency` (TurnLatency), `level` (Level, ten a second), `event` " +
        "(CallEvent), `cost` (Cost), `changed` (CallSummary), and at last `ended` (CallEnd). A reader that is too slow is disconnected; reconnect.",
      tags: ["Live calls"],
      parameters: [SID],
      responses: {
        200: eventStreamResponse(`event: turn\ndata: ${JSON.stringify(EXAMPLES.CallRecord.turns[0])}\n\n`),
        ...problemResponses(STATUS_CODE.NotFound, STATUS_CODE.ServiceUnavailable),
      },
    },
  },
  "/api/calls/{sid}/audio": {
    get: {
      operationId: "listenToCall",
      summary: "Listen to one call in progress",
      description:
        "An endless WAV, half a second late: 8 kHz, 16-bit PCM, stereo, left the caller, right the " +
        "assistant.",
      tags: ["Live calls"],
      parameters: [SID],
      responses: {
        200: wavResponse("Audio"),
        ...problemResponses(STATUS_CODE.NotFound, STATUS_CODE.ServiceUnavailable),
      },
    },
  },
  "/api/calls/{sid}/whisper": action(
    "whisper",
    "Give the assistant an instruction that the caller does not hear",
    jsonBody(bodySchema(WHISPER_REQUEST), { text: "Offer a call back tomorrow." }),
    ...WITH_BODY,
  ),
  "/api/calls/{sid}/transfer": action(
    "transferCall",
    "Transfer the caller",
    {
      description: "To a destination by name, or to a phone number (E.164).",
      ...jsonBody(bodySchema(TRANSFER_REQUEST), { to: "sales" }),
    },
    ...WITH_BODY,
    STATUS_CODE.Conflict,
  ),
  "/api/calls/{sid}/recording": action(
    "setRecording",
    "Pause or resume the recording",
    jsonBody(bodySchema(RECORDING_REQUEST), { state: "paused" }),
    ...WITH_BODY,
    STATUS_CODE.Conflict,
  ),
  "/api/calls/{sid}/hangup": action("hangUp", "Hang up", {}),
};
