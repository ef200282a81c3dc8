/** JSON schemas of the API's bodies. Each is checked at compile time against the type that the code uses. */

import { z } from "zod";
import type { Finding } from "../../../check/finding.ts";
import type { CallChange } from "../../../calls/live_calls.ts";
import type { Cost, Level } from "../../../call/call_feed.ts";
import type { DayStats, LatencyStats } from "../../../records/call_stats.ts";
import type { Levels } from "../../../recording/levels.ts";
import type { CallActivity } from "../api/call_activity.ts";
import type { Setup } from "../api/setup.ts";
import { count, ms, type Shape, time, usd } from "./field_schemas.ts";
import { RECORD_SCHEMAS, recordShape } from "./record_schemas.ts";

const { CallCosts, CallOverview, Tokens } = RECORD_SCHEMAS;

const Problem = z.strictObject({
  title: z.string().describe("Name of the HTTP status."),
  status: z.int().describe("HTTP status code."),
  detail: z.string().describe("What is wrong and what to do."),
}).describe("Problem details (RFC 9457).");

const CallList = z.strictObject({
  now: time("The service's clock"),
  calls: z.array(CallOverview).describe("Calls in progress."),
  ended: z.array(CallOverview).describe("A page of ended calls, newest first."),
  next: z.string().optional().describe("`before` of the next page; absent on the last page."),
});

const latencyStatsShape = {
  answers: count("Answers measured."),
  p50: z.number(),
  p95: z.number(),
  p99: z.number(),
} satisfies Shape<LatencyStats>;
const DayStats = z.strictObject(
  {
    day: z.string().regex(/^\d{4}-\d\d-\d\d$/),
    assistant: z.string(),
    calls: count("Number of calls."),
    minutes: z.number().describe("Length of the calls (min)."),
    carrierMinutes: count("Minutes that the carrier bills."),
    costUsd: usd("Cost of the calls"),
    endings: z.record(z.string(), z.int()).describe("Number of calls by end reason."),
    answers: count("Number of the assistant's turns."),
    bargeIns: count("Number of barge-ins."),
    bargeInRate: z.number().describe("Barge-ins per answer."),
    latency: z.strictObject(latencyStatsShape).optional().describe(
      "Percentiles of the response latency (ms), all hops together; absent without measured answers.",
    ),
  } satisfies Shape<DayStats>,
).describe("The calls of one assistant on one day.");

const Levels = z.strictObject(
  {
    everyMs: ms("Time that one value covers"),
    caller: z.array(z.int().min(0).max(255)),
    assistant: z.array(z.int().min(0).max(255)),
  } satisfies Shape<Levels>,
).describe("Peak levels of a recording, 0 to 255, for a waveform.");

const Setup = z.strictObject(
  {
    standInModel: z.boolean().describe("Whether the embedded stand-in model answers."),
    signatureRequired: z.boolean().describe("Whether webhooks need Twilio's signature (TWILIO_AUTH_TOKEN)."),
    signInRequired: z.boolean().describe("Whether the console needs ADMIN_TOKEN."),
    publicUrl: z.string(),
    command: z.string().describe("What starts a command where this service runs, such as `deno task`."),
    phoneNumber: z.string().optional().describe("TWILIO_PHONE_NUMBER."),
    recording: z.boolean().describe("Whether calls are recorded by default."),
    assistants: z.array(z.strictObject({ name: z.string(), languages: z.array(z.string()) })),
    destinations: z.array(z.strictObject({ name: z.string(), number: z.string(), about: z.string() }))
      .describe(
        "Transfer destinations.",
      ),
  } satisfies Shape<Setup>,
).describe("How this service is set up. Contains no secret.");

const Finding = z.strictObject(
  {
    check: z.string().describe("What was checked."),
    level: z.enum(["ok", "warning", "failed"]),
    message: z.string(),
    remedy: z.string().optional(),
  } satisfies Shape<Finding>,
).describe("One finding of `parley check`.");

const CallChange = z.strictObject(
  {
    type: z.enum(["announced", "connected", "changed", "ended"]),
    call: CallOverview,
  } satisfies Shape<CallChange>,
).describe("A change of a call.");

const CallActivity = z.strictObject(
  {
    callSid: z.string(),
    caller: z.int().min(0).max(255).describe("The highest peak since the event before."),
    assistant: z.int().min(0).max(255).describe("The highest peak since the event before."),
    speaker: z.enum(["caller", "assistant"]).optional().describe("Of the turn that changed last."),
    text: z.string().optional().describe("The end of that turn."),
  } satisfies Shape<CallActivity>,
).describe("What is said in a call at this moment.");

const Cost = z.strictObject(
  {
    costUsd: usd("Cost so far, the sum of `costs`"),
    costs: CallCosts,
    tokens: Tokens,
  } satisfies Shape<Cost>,
).describe("What a call has cost so far.");

const levelShape = {
  atMs: ms("From the stream's start"),
  caller: z.array(z.int().min(0).max(255)).describe("Peaks, one per 20 ms."),
  assistant: z.array(z.int().min(0).max(255)).describe("Peaks, one per 20 ms."),
  callerSpeaks: z.boolean(),
  assistantSpeaks: z.boolean(),
  queuedMs: ms("Assistant audio queued here"),
  twilioMs: ms("Assistant audio queued at Twilio"),
  item: z.string().optional().describe("The conversation item that plays."),
  heardMs: ms("How much of that item the caller has heard").optional(),
} satisfies Shape<Level>;
const LiveCall = z.strictObject({ now: time("The service's clock"), ...recordShape }).describe(
  "First event of `GET /api/calls/{sid}/events`: the record so far.",
);
const CallEnd = z.strictObject({ endReason: z.string() }).describe("The call ended.");

const Level = z.strictObject(levelShape).describe(
  "Levels of both sides for a tenth of a second, and the playhead.",
);

/** Named schemas of the document, `#/components/schemas/…`. */
export const SCHEMAS = {
  ...RECORD_SCHEMAS,
  Problem,
  CallList,
  DayStats,
  Levels,
  Setup,
  Finding,
  CallChange,
  CallActivity,
  LiveCall,
  Cost,
  Level,
  CallEnd,
};
export type SchemaName = keyof typeof SCHEMAS;
