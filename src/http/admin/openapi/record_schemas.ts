/** JSON schemas of a call's record. Each is checked at compile time against the type that the code uses. */

import { z } from "zod";
import { CALL_REQUEST } from "../../../dialer/call_request.ts";
import type { PlacedCall } from "../../../dialer/dialer.ts";
import {
  type CallCosts,
  type CallEvent,
  type CallMessage,
  type CallOverview,
  type CallRecord,
  type CallRecording,
  EVENT_KINDS,
  MESSAGE_KINDS,
  type Span,
  type Tokens,
  type Turn,
} from "../../../records/call_record.ts";
import type { TurnLatency } from "../../../telemetry/turn_latency.ts";
import { ANSWERED_BY, CALL_STATUSES } from "../../../twilio/call_status.ts";
import { count, ms, type Shape, time, usd } from "./field_schemas.ts";

const spanShape = { fromMs: z.number(), toMs: z.number() } satisfies Shape<Span>;
const Span = z.strictObject(spanShape).describe(
  "Start and end, in milliseconds from the stream's start.",
);

const TurnLatency = z.strictObject(
  {
    modelMs: ms("From the detected end of the caller's speech to the model's first audio").optional(),
    sendMs: ms("From the first audio to the first frame sent to Twilio").optional(),
    playbackMs: ms("From the first frame sent to the first mark that Twilio echoes").optional(),
  } satisfies Shape<TurnLatency>,
).describe(
  "Response latency by hop. Each hop starts at the end of the previous one; an unmeasured hop is left out.",
);

const Turn = z.strictObject(
  {
    id: z.string().optional().describe(
      "The model's conversation item; only while the call runs, like the next three.",
    ),
    previous: z.string().optional().describe("Id of the turn before it."),
    done: z.boolean().optional().describe("Whether the transcript is complete."),
    unheard: z.string().optional().describe(
      "The part of an interrupted answer that the caller did not hear.",
    ),
    speaker: z.enum(["caller", "assistant"]),
    text: z.string().optional().describe(
      "Transcript, truncated at what the caller heard; absent when none arrived, `[not recorded]` when the " +
        "recording was paused.",
    ),
    atMs: ms("Start, from the stream's start"),
    heardMs: ms("How much of the assistant's audio the caller heard").optional(),
    totalMs: ms("Length of the assistant's audio").optional(),
    interrupted: z.boolean().optional().describe("Whether the caller barged in."),
    latency: TurnLatency.optional(),
    spoken: Span.optional().describe("The caller's speech, as voice activity detection reports it."),
    generated: Span.optional().describe("From the model's first audio to its last."),
    played: Span.optional().describe(
      "From the first frame sent to the last mark echoed, or to the barge-in.",
    ),
  } satisfies Shape<Turn>,
).describe("One turn of the conversation.");

const CallEvent = z.strictObject(
  {
    atMs: ms("When, from the stream's start"),
    kind: z.enum(EVENT_KINDS),
    name: z.string().describe("Such as a tool's name or a transfer's destination."),
    ok: z.boolean().optional().describe("Whether it succeeded."),
    ms: ms("Duration; of the recording's `on`: length of the pause").optional(),
    detail: z.string().optional(),
    arguments: z.string().optional().describe("Of a tool call, as JSON text, shortened."),
    result: z.string().optional().describe("Of a tool call, as JSON text, shortened."),
  } satisfies Shape<CallEvent>,
).describe("Something that happened in a call.");

const Tokens = z.strictObject(
  {
    textIn: count("Text input, cached included."),
    textCached: count("Cached text input."),
    textOut: count("Text output."),
    audioIn: count("Audio input, cached included."),
    audioCached: count("Cached audio input."),
    audioOut: count("Audio output."),
  } satisfies Shape<Tokens>,
).describe("Billed tokens.");

const CallCosts = z.strictObject(
  {
    modelUsd: usd("The model's responses"),
    transcriptionUsd: usd("Transcription of the caller"),
    summaryUsd: usd("The summary written after the call"),
    carrierUsd: usd("Legs, media streams and answering-machine detection"),
  } satisfies Shape<CallCosts>,
).describe("The parts of a call's cost.");

const CallMessage = z.strictObject(
  {
    kind: z.enum(MESSAGE_KINDS).describe(
      "`message`: the assistant took it. `callback`: no model and no person could answer. `voicemail`: the caller spoke it " +
        "after a tone, because no model could answer.",
    ),
    name: z.string().describe("Empty unless the assistant took the message, like `message`."),
    number: z.string().describe(
      "Number to call back, as the caller said it; of other kinds, the one of the call.",
    ),
    message: z.string(),
    urgent: z.boolean(),
    recorded: Span.optional().describe("Place of a voicemail in the call's recording."),
  } satisfies Shape<CallMessage>,
).describe("A message for the people whom the assistant answers for.");

const CallRecording = z.strictObject(
  {
    state: z.enum(["on", "paused", "stored"]).describe("`stored` once the call has ended."),
    ms: ms("Length, once stored").optional(),
  } satisfies Shape<Omit<CallRecording, "path">>,
).describe("State of a call's recording.");

const overviewShape = {
  callSid: z.string().describe("Twilio's id of the call."),
  direction: z.enum(["inbound", "outbound"]),
  from: z.string().describe("E.164, or `anonymous`, `client:…`, `sip:…`, as Twilio sends it."),
  to: z.string(),
  assistant: z.string().describe("Name of the assistant."),
  model: z.string(),
  state: z.enum(["announced", "connected", "reconnecting", "transferring", "ending", "ended"]),
  startedAt: time("When the call was announced"),
  endedAt: time("When the call ended").optional(),
  seconds: z.number().describe("Length of the stream so far (s); 0 before it starts."),
  endReason: z.string().optional().describe("Why the call ended, such as `caller hung up`."),
  callerTurns: count("Number of the caller's turns, those without a transcript included."),
  bargeIns: count("How often the caller interrupted the assistant."),
  costUsd: usd("Cost of the call, the sum of `costs`"),
  costs: CallCosts,
  carrierMinutes: count("Minutes that the carrier bills: of each leg, those that have begun."),
  summary: z.string().optional().describe("Summary written by the model, where summaries are on."),
  recording: CallRecording.optional(),
} satisfies Shape<CallOverview>;
const CallOverview = z.strictObject(overviewShape).describe(
  "A call without its turns, events, tokens and messages.",
);

export const recordShape = {
  ...overviewShape,
  turns: z.array(Turn).describe("In the order of the conversation."),
  events: z.array(CallEvent),
  tokens: Tokens,
  messages: z.array(CallMessage),
} satisfies Shape<CallRecord>;
const CallRecord = z.strictObject(recordShape).describe(
  "A call. The fields are the same while it runs, after it ended, and in the `call.ended` webhook.",
);

const placementShape = {
  callSid: z.string(),
  to: z.string().describe("E.164."),
  status: z.enum(CALL_STATUSES).describe("Twilio's status of the call."),
  answeredBy: z.enum(ANSWERED_BY).optional().describe("Twilio's answering-machine detection."),
  seconds: z.int().optional().describe("Length (s), once the call has ended."),
} satisfies Shape<PlacedCall>;
const PlacedCall = z.strictObject(placementShape).describe(
  "A call that this service placed and that has no record: it rings, or nobody answered.",
);

const { status, answeredBy } = placementShape;
const Call = z.strictObject({ ...recordShape, status: status.optional(), answeredBy }).describe(
  "A CallRecord; calls that this service placed recently also have Twilio's `status` and `answeredBy`.",
);

export const RECORD_SCHEMAS = {
  Call,
  CallRecord,
  CallOverview,
  PlacedCall,
  CallRequest: CALL_REQUEST.describe("An outbound call to place."),
  Turn,
  TurnLatency,
  Span,
  CallEvent,
  CallCosts,
  Tokens,
  CallMessage,
  CallRecording,
};
