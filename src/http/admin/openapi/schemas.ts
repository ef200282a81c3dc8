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

const { CallSummary, Tokens } = RECORD_SCHEMAS;

const Problem = z.strictObject({
  title: z.string().describe("Name of the HTTP status."),
  status: z.int().describe("HTTP status code."),
  detail: z.string().describe("What is wrong and what to do."),
}).describe("Problem details (RFC 9457).");

const CallList = z.strictObject({
  now: time("The service's clock"),
  calls: z.array(CallSummary).describe("Calls in progress."),
  ended: z.array(CallSummary).describe("A page of ended calls, newest first."),
  next: z.string().optional().describe("`before` of the next page; absent on the last page."),
});

const latencyStatsShape = {
  answers: count("Answers measured."),
  p50: z.number(),
  p95: z.number(),
  p99: z.number(),
} satisfies Shape<LatencyStats>;
const statsShape = {
  day: z.string().regex(/^\d{4}-\d\d-\d\d$/),
  assistant: z.string(),
  calls: count("Number of calls."),
  minutes: z.number().describe("Length of the calls (min)."),
  carrierMinutes: count("Billed minutes."),
  costUsd: usd("Cost of the model"),
  endings: z.record(z.string(), z.int()).describe("Number of calls by end reason."),
  answers: count("Number of the assistant's turns."),
  bargeIns: count("Number of barge-ins."),
  bargeInRate: z.number().describe("Barge-ins per answer."),
  latency: z.strictObject(latencyStatsShape).optional().describe(
    "Percentiles of the response latency (ms), all hops together; absent without measured answers.",
  ),
} satisfies Shape<DayStats>;
const DayStats = z.strictObject(statsShape).describe("The calls of one assistant on one day.");

const levelsShape = {
  everyMs: ms("Time that one value covers"),
  caller: z.array(z.int().min(0).max(255)),
  assistant: z.array(z.int().min(0).max(255)),
} satisfies Shape<Levels>;
const Levels = z.strictObject(levelsShape).describe("Peak levels of a recording, 0 to 255, for a waveform.");

const setupShape = {
  standInModel: z.boolean().describe("Whether the embedded stand-in model answers."),
  signatureRequired: z.boolean().describe("Whether webhooks need Twilio's signature (TWILIO_AUTH_TOKEN)."),
  signInRequired: z.boolean().describe("Whether the console needs ADMIN_TOKEN."),
  publicUrl: z.string(),
  command: z.enum(["parley", "deno task"]).describe("How commands start where this service runs."),
  phoneNumber: z.string().optional().describe("TWILIO_PHONE_NUMBER."),
  recording: z.boolean().describe("Whether calls are recorded by default."),
  assistants: z.array(z.strictObject({ name: z.string(), languages: z.array(z.string()) })),
  destinations: z.array(z.strictObject({ name: z.string(), number: z.string(), about: z.string() })).describe(
    "Transfer destinations.",
  ),
} satisfies Shape<Setup>;
const Setup = z.strictObject(setupShape).describe("How this service is set up. Contains no secret.");

const findingShape = {
  check: z.string().describe("What was checked."),
  level: z.enum(["ok", "warning", "failed"]),
  message: z.string(),
  remedy: z.string().optional(),
} satisfies Shape<Finding>;
const Finding = z.strictObject(findingShape).describe("One finding of `parley check`.");

const changeShape = {
  type: z.enum(["announced", "connected", "changed", "ended"]),
  call: CallSummary,
} satisfies Shape<CallChange>;
const CallChange = z.strictObject(changeShape).describe("A change of a call.");

const activityShape = {
  callSid: z.string(),
  caller: z.int().min(0).max(255).describe("The highest peak since the event before."),
  assistant: z.int().min(0).max(255).describe("The highest peak since the event before."),
  speaker: z.enum(["caller", "assistant"]).optional().describe("Of the turn that changed last."),
  text: z.string().optional().describe("The end of that turn."),
} satisfies Shape<CallActivity>;
const CallActivity = z.strictObject(activityShape).describe("What is said in a call at this moment.");

const costShape = {
  costUsd: usd("Cost of the model so far"),
  tokens: Tokens,
} satisfies Shape<Cost>;
const Cost = z.strictObject(costShape).describe("What a call has cost so far.");

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
