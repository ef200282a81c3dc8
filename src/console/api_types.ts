/** Types of the API's responses, for the console's JSDoc. */

import type { Cost, Level } from "../call/call_feed.ts";
import type { EndReason } from "../call/end_reason.ts";
import type { CallActivity } from "../http/admin/api/call_activity.ts";
import type { CallChange } from "../calls/live_calls.ts";
import type { CallEvent, CallOverview, CallRecord, Turn } from "../records/call_record.ts";
import type { INTERRUPTED } from "../records/open_calls.ts";
import type { TurnLatency } from "../telemetry/turn_latency.ts";

export type { Cost, Level } from "../call/call_feed.ts";
export type { Finding } from "../check/finding.ts";
export type { CallActivity } from "../http/admin/api/call_activity.ts";
export type { Setup } from "../http/admin/api/setup.ts";
export type { Levels } from "../recording/levels.ts";
export type {
  CallEvent,
  CallMessage,
  CallOverview,
  CallRecord,
  ListedCall,
  Span,
  Tokens,
  Turn,
} from "../records/call_record.ts";
export type { DayStats } from "../records/call_stats.ts";
export type { Hop, TurnLatency } from "../telemetry/turn_latency.ts";

/** Why a recorded call ended. */
export type RecordEndReason = EndReason | typeof INTERRUPTED;

/** Events of `/api/events`, by name. `now` is the service's clock (ISO 8601). */
export interface CallListEvents {
  calls: { readonly now: string; readonly calls: readonly CallOverview[] };
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
  changed: CallOverview;
  ended: { readonly endReason: string };
}

/** Handlers of server-sent events, each with the parsed JSON. */
export type EventHandlers<Events> = { readonly [Name in keyof Events]?: (data: Events[Name]) => void };
