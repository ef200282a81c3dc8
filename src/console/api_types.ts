/** Types of the API's responses, for the console's JSDoc. */

import type { Cost, Level } from "../call/call_feed.ts";
import type { CallActivity } from "../http/admin/api/call_activity.ts";
import type { CallChange } from "../calls/live_calls.ts";
import type { CallEvent, CallRecord, CallSummary, Turn } from "../records/call_record.ts";
import type { TurnLatency } from "../telemetry/turn_latency.ts";

export type { Cost, Level } from "../call/call_feed.ts";
export type { Finding } from "../check/finding.ts";
export type { CallActivity } from "../http/admin/api/call_activity.ts";
export type { Setup } from "../http/admin/api/setup.ts";
export type { Levels } from "../recording/levels.ts";
export type { ListedCall } from "../records/call_list.ts";
export type {
  CallEvent,
  CallMessage,
  CallRecord,
  CallSummary,
  Span,
  Tokens,
  Turn,
} from "../records/call_record.ts";
export type { DayStats } from "../records/call_stats.ts";
export type { Hop, TurnLatency } from "../telemetry/turn_latency.ts";

/** Events of `/api/events`, by name. `now` is the service's clock (ISO 8601). */
export interface CallListEvents {
  calls: { readonly now: string; readonly calls: readonly CallSummary[] };
  call: CallChange;
  /** Only with `?activity=true`: twice a second, the calls in which something changed. */
  activity: { readonly calls: readonly CallActivity[] };
}

/** Events of `/api/calls/{sid}/events`, by name: first `call`, the record so far, then changes. */
export interface LiveCallEvents {
  call: CallRecord & { readonly now: string };
  turn: Turn;
  latency: TurnLatency;
  level: Level;
  event: CallEvent;
  cost: Cost;
  changed: CallSummary;
  ended: { readonly endReason: string };
}

/** Handlers of server-sent events, each with the parsed JSON. */
export type EventHandlers<Events> = { readonly [Name in keyof Events]?: (data: Events[Name]) => void };
