import { STATUS_CODE } from "@std/http/status";
import { z } from "zod";
import { RECORDING_REQUEST, TRANSFER_REQUEST, WHISPER_REQUEST } from "../api/live_call_api.ts";
import { EXAMPLES } from "./examples.ts";
import {
  BODY_PROBLEMS,
  eventStreamResponse,
  get,
  jsonBody,
  type OperationDetails,
  type PathItem,
  type Paths,
  post,
  SID,
  wavResponse,
} from "./operation.ts";

const { Conflict, NotFound, ServiceUnavailable, UnprocessableEntity, UnsupportedMediaType } = STATUS_CODE;
const TAG = "Live calls";

/** An action on a call in progress. */
function action(operationId: string, summary: string, details: OperationDetails = {}): PathItem {
  const problems = [NotFound, ...details.problems ?? []];
  return post(TAG, operationId, summary, { 204: { description: "Done" } }, {
    ...details,
    parameters: [SID],
    problems,
  });
}

/** A JSON request body with its schema, and the error responses it can cause. */
function body(
  schema: z.ZodType,
  example: unknown,
): OperationDetails & { problems: OperationDetails["problems"] & object } {
  const { $schema: _, ...input } = z.toJSONSchema(schema, { io: "input" });
  return {
    ...jsonBody(input, example),
    problems: [...BODY_PROBLEMS, UnsupportedMediaType, UnprocessableEntity],
  };
}

const whisper = body(WHISPER_REQUEST, { text: "Offer a call back tomorrow." });
const transfer = body(TRANSFER_REQUEST, { to: "sales" });
const recording = body(RECORDING_REQUEST, { state: "paused" });

export const LIVE_OPERATIONS: Paths = {
  "/api/calls/{sid}/events": get(TAG, "watchCall", "Watch one call in progress", {
    200: eventStreamResponse(`event: turn\ndata: ${JSON.stringify(EXAMPLES.CallRecord.turns[0])}\n\n`),
  }, {
    description:
      "Server-sent events. First `call` (LiveCall), the record so far. Then `turn` (Turn; replaces the " +
      "turn with the same `id`), `latency` (TurnLatency), `level` (Level, ten a second), `event` " +
      "(CallEvent), `cost` (Cost), `changed` (CallOverview), and finally `ended` (CallEnd). A reader that is too " +
      "slow is disconnected; reconnect.",
    parameters: [SID],
    problems: [NotFound, ServiceUnavailable],
  }),
  "/api/calls/{sid}/audio": get(TAG, "listenToCall", "Listen to one call in progress", {
    200: wavResponse("Audio"),
  }, {
    description:
      "An endless WAV, half a second late: 8 kHz, 16-bit PCM, stereo, left the caller, right the " +
      "assistant.",
    parameters: [SID],
    problems: [NotFound, ServiceUnavailable],
  }),
  "/api/calls/{sid}/whisper": action(
    "whisper",
    "Give the assistant an instruction that the caller does not hear",
    whisper,
  ),
  "/api/calls/{sid}/transfer": action("transferCall", "Transfer the caller", {
    description: "To a destination by name, or to a phone number (E.164).",
    ...transfer,
    problems: [...transfer.problems, Conflict],
  }),
  "/api/calls/{sid}/recording": action("setRecording", "Pause or resume the recording", {
    ...recording,
    problems: [...recording.problems, Conflict],
  }),
  "/api/calls/{sid}/hangup": action("hangUp", "Hang up"),
};
