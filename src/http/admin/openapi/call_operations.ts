import { STATUS_CODE } from "@std/http/status";
import { EXAMPLES } from "./examples.ts";
import {
  BODY_PROBLEMS,
  eventStreamResponse,
  jsonBody,
  jsonResponse,
  listResponse,
  namedResponse,
  objectSchema,
  type Paths,
  problemResponses,
  queryParameter,
  schemaRef,
  SID,
  wavResponse,
} from "./operation.ts";

const TIME = { type: "string", format: "date-time" };

export const CALL_OPERATIONS: Paths = {
  "/calls": {
    post: {
      operationId: "placeCall",
      summary: "Place an outbound call",
      description:
        "Poll `GET /api/calls/{sid}` for its progress. After a 504 Twilio may have placed the call: do not " +
        "simply repeat the request. With an `Idempotency-Key`, repeating it is safe. A client that closes its " +
        "request before the answer places no call.",
      parameters: [{
        name: "Idempotency-Key",
        in: "header",
        description:
          "Identifies the call for 24 h: requests with the same key place one call and get the same answer, " +
          "also 504. With another body, the answer is 422. After a refusal, the key may be used again.",
        schema: { type: "string", minLength: 1, maxLength: 255 },
      }],
      tags: ["Calls"],
      ...jsonBody(schemaRef("CallRequest"), EXAMPLES.CallRequest),
      responses: {
        201: jsonResponse(
          "Placed",
          objectSchema({ callSid: { type: "string" } }),
          { callSid: EXAMPLES.CallRecord.callSid },
        ),
        ...problemResponses(
          ...BODY_PROBLEMS,
          STATUS_CODE.Conflict,
          STATUS_CODE.UnprocessableEntity,
          STATUS_CODE.BadGateway,
          STATUS_CODE.ServiceUnavailable,
          STATUS_CODE.GatewayTimeout,
        ),
      },
    },
  },
  "/api/calls": {
    get: {
      operationId: "listCalls",
      summary: "List calls in progress and ended calls",
      description: "All conditions must match. They apply to the ended calls.",
      tags: ["Calls"],
      parameters: [
        queryParameter("search", "Words of the transcript, part of a number, or a CallSid."),
        queryParameter("from", "Caller."),
        queryParameter("to", "Called number."),
        queryParameter("assistant", "Name of the assistant."),
        queryParameter("endReason", "Why the call ended."),
        queryParameter("since", "Started at this time or later.", TIME),
        queryParameter("until", "Started before this time.", TIME),
        queryParameter("before", "`next` of the previous page."),
        queryParameter("limit", "Length of the page.", {
          type: "integer",
          minimum: 1,
          maximum: 500,
          default: 50,
        }),
      ],
      responses: {
        200: namedResponse("CallList", EXAMPLES.CallList),
        ...problemResponses(STATUS_CODE.BadRequest),
      },
    },
  },
  "/api/calls/{sid}": {
    get: {
      operationId: "getCall",
      summary: "Get one call",
      description: "In progress, ended, or placed by this service and not answered.",
      tags: ["Calls"],
      parameters: [SID],
      responses: {
        200: jsonResponse(
          "The call",
          { anyOf: [schemaRef("Call"), schemaRef("PlacedCall")] },
          EXAMPLES.CallRecord,
        ),
        ...problemResponses(STATUS_CODE.NotFound),
      },
    },
  },
  "/api/calls/{sid}/recording.wav": {
    get: {
      operationId: "getRecording",
      summary: "Download a recording",
      description:
        "8 kHz, 16-bit PCM, stereo: left the caller, right the assistant. While the call runs: the part " +
        "recorded so far.",
      tags: ["Recordings"],
      parameters: [SID, {
        name: "range",
        in: "header",
        description: "One byte range (RFC 9110, section 14).",
        schema: { type: "string" },
      }],
      responses: {
        200: wavResponse("The recording"),
        206: wavResponse("The requested range"),
        ...problemResponses(STATUS_CODE.NotFound, STATUS_CODE.RangeNotSatisfiable),
      },
    },
  },
  "/api/calls/{sid}/levels": {
    get: {
      operationId: "getLevels",
      summary: "Get the peak levels of a recording",
      tags: ["Recordings"],
      parameters: [SID],
      responses: { 200: namedResponse("Levels", EXAMPLES.Levels), ...problemResponses(STATUS_CODE.NotFound) },
    },
  },
  "/api/events": {
    get: {
      operationId: "watchCalls",
      summary: "Watch all calls",
      description:
        "Server-sent events: first `calls` (`now` and the calls in progress), then `call` (CallChange) for " +
        "every change; with `activity=true` also `activity` (`calls`, a list of CallActivity) twice a second, with " +
        "the calls in which something changed. A stream ends after an hour; reconnect.",
      tags: ["Live calls"],
      parameters: [
        queryParameter("activity", "Whether to send what is said.", { type: "boolean", default: false }),
      ],
      responses: {
        200: eventStreamResponse(`event: call\ndata: ${JSON.stringify(EXAMPLES.CallChange)}\n\n`),
        ...problemResponses(STATUS_CODE.ServiceUnavailable),
      },
    },
  },
  "/api/assistants": {
    get: {
      operationId: "getAssistants",
      summary: "List the assistants of all stored calls",
      description: "Removed assistants included.",
      tags: ["Calls"],
      responses: {
        200: jsonResponse(
          "Names, sorted",
          objectSchema({ assistants: { type: "array", items: { type: "string" } } }),
          { assistants: ["reception", "sales"] },
        ),
        ...problemResponses(),
      },
    },
  },
  "/api/stats": {
    get: {
      operationId: "getStats",
      summary: "Get sums by day and assistant",
      tags: ["Calls"],
      parameters: [
        queryParameter("since", "Calls started at this time or later.", TIME),
        queryParameter("until", "Calls started before this time.", TIME),
        queryParameter("offset", "Time zone of the days, in minutes east of UTC.", {
          type: "integer",
          default: 0,
        }),
      ],
      responses: {
        200: listResponse("days", "DayStats", EXAMPLES.DayStats),
        ...problemResponses(STATUS_CODE.BadRequest),
      },
    },
  },
};
