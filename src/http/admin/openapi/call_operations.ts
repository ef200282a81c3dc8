import { STATUS_CODE } from "@std/http/status";
import { EXAMPLES } from "./examples.ts";
import {
  BODY_PROBLEMS,
  eventStreamResponse,
  get,
  jsonBody,
  jsonResponse,
  listResponse,
  namedResponse,
  objectSchema,
  type Paths,
  post,
  queryParameter,
  schemaRef,
  SID,
  wavResponse,
} from "./operation.ts";

const { BadRequest, NotFound, RangeNotSatisfiable, ServiceUnavailable } = STATUS_CODE;
const TIME = { type: "string", format: "date-time" };

export const CALL_OPERATIONS: Paths = {
  "/calls": post("Calls", "placeCall", "Place an outbound call", {
    201: jsonResponse(
      "Placed",
      objectSchema({ callSid: { type: "string" } }),
      { callSid: EXAMPLES.CallRecord.callSid },
    ),
  }, {
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
    ...jsonBody(schemaRef("CallRequest"), EXAMPLES.CallRequest),
    problems: [
      ...BODY_PROBLEMS,
      STATUS_CODE.Conflict,
      STATUS_CODE.UnprocessableEntity,
      STATUS_CODE.BadGateway,
      ServiceUnavailable,
      STATUS_CODE.GatewayTimeout,
    ],
  }),
  "/api/calls": get("Calls", "listCalls", "List calls in progress and ended calls", {
    200: namedResponse("CallList", EXAMPLES.CallList),
  }, {
    description: "All conditions must match. They apply to the ended calls.",
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
    problems: [BadRequest],
  }),
  "/api/calls/{sid}": get("Calls", "getCall", "Get one call", {
    200: jsonResponse(
      "The call",
      { anyOf: [schemaRef("Call"), schemaRef("PlacedCall")] },
      EXAMPLES.CallRecord,
    ),
  }, {
    description: "In progress, ended, or placed by this service and not answered.",
    parameters: [SID],
    problems: [NotFound],
  }),
  "/api/calls/{sid}/recording.wav": get("Recordings", "getRecording", "Download a recording", {
    200: wavResponse("The recording"),
    206: wavResponse("The requested range"),
  }, {
    description:
      "8 kHz, 16-bit PCM, stereo: left the caller, right the assistant. While the call runs: the part " +
      "recorded so far.",
    parameters: [SID, {
      name: "range",
      in: "header",
      description: "One byte range (RFC 9110, section 14).",
      schema: { type: "string" },
    }],
    problems: [NotFound, RangeNotSatisfiable],
  }),
  "/api/calls/{sid}/levels": get("Recordings", "getLevels", "Get the peak levels of a recording", {
    200: namedResponse("Levels", EXAMPLES.Levels),
  }, { parameters: [SID], problems: [NotFound] }),
  "/api/events": get("Live calls", "watchCalls", "Watch all calls", {
    200: eventStreamResponse(`event: call\ndata: ${JSON.stringify(EXAMPLES.CallChange)}\n\n`),
  }, {
    description:
      "Server-sent events: first `calls` (`now` and the calls in progress), then `call` (CallChange) for " +
      "every change; with `activity=true` also `activity` (`calls`, a list of CallActivity) twice a second, with " +
      "the calls in which something changed. A stream ends after an hour; reconnect.",
    parameters: [
      queryParameter("activity", "Whether to send what is said.", { type: "boolean", default: false }),
    ],
    problems: [ServiceUnavailable],
  }),
  "/api/assistants": get("Calls", "getAssistants", "List the assistants of all stored calls", {
    200: jsonResponse(
      "Names, sorted",
      objectSchema({ assistants: { type: "array", items: { type: "string" } } }),
      { assistants: ["reception", "sales"] },
    ),
  }, { description: "Removed assistants included." }),
  "/api/stats": get("Calls", "getStats", "Get sums by day and assistant", {
    200: listResponse("days", "DayStats", EXAMPLES.DayStats),
  }, {
    parameters: [
      queryParameter("since", "Calls started at this time or later.", TIME),
      queryParameter("until", "Calls started before this time.", TIME),
      queryParameter("offset", "Time zone of the days, in minutes east of UTC.", {
        type: "integer",
        default: 0,
      }),
    ],
    problems: [BadRequest],
  }),
};
