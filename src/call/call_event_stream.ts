import type {
  ApprovalRequest,
  FunctionCall,
  HeardItem,
  McpCall,
  McpCallResult,
  ResponseOutcome,
  SessionFailure,
} from "../model/model_interface.ts";
import type { TokenUsage } from "../model/token_usage.ts";
import type { SuccessionReason } from "../model/model_endpoint.ts";
import type { CallEvent, WrittenSummary } from "../records/call_record.ts";
import type { TurnLatency } from "../telemetry/turn_latency.ts";
import type { CallMessage } from "../records/call_record.ts";
import type { ToolOutcome } from "../tools/tool_runner.ts";
import type { Destination } from "../assistants/assistant.ts";
import type { LiveTurn } from "./conversation/transcript.ts";
import type { AccountUse } from "./call_limits.ts";
import type { CallEnd, EndReason } from "./end_reason.ts";

/**
 * An event of a call, from one of its parts to the others. `docs/design/call-events.md` lists emitters and subscribers.
 *
 * Audio frames and keypad digits never pass through the stream: frames come 50 times a second, and digits may be secret.
 */
export type CallStreamEvent =
  // The line to Twilio.
  | { readonly type: "stream attached" }
  | { readonly type: "stream detached" }
  | { readonly type: "key pressed" }
  // Speech.
  | { readonly type: "caller started speaking"; readonly itemId?: string | undefined }
  | { readonly type: "caller stopped speaking"; readonly itemId?: string | undefined }
  /** Speech of the caller counts as a turn; `interrupts`: it stopped the assistant. */
  | { readonly type: "turn confirmed"; readonly itemId?: string | undefined; readonly interrupts: boolean }
  /** Speech of the caller does not count as a turn. */
  | {
    readonly type: "turn dismissed";
    readonly itemId?: string | undefined;
    readonly why: "quiet" | "late" | "empty" | "backchannel";
  }
  | { readonly type: "caller transcribed"; readonly text: string; readonly costUsd: number }
  /** The first audio of an item arrived and is not queued yet. */
  | { readonly type: "assistant started speaking"; readonly itemId: string }
  /** The caller heard all audio queued when a response finished. */
  | { readonly type: "assistant audio played" }
  /** Playback stopped for the caller; `heard` is the item that was playing, if any. */
  | { readonly type: "playback interrupted"; readonly heard: HeardItem | undefined }
  | { readonly type: "playback paused" }
  | { readonly type: "playback resumed"; readonly repeatedMs: number }
  /** The last protected audio was played: the caller can interrupt again. */
  | { readonly type: "interruption allowed" }
  | { readonly type: "mark lost"; readonly mark: string }
  | {
    readonly type: "turn answered";
    readonly itemId: string;
    /** Number of the caller's turn, from 1. */
    readonly turn: number;
    /** When the caller stopped speaking (ms of the clock). */
    readonly stoppedAt: number;
    readonly latency: TurnLatency;
  }
  // The model.
  | { readonly type: "session ready"; readonly afterMs: number }
  | { readonly type: "session failed"; readonly failure: SessionFailure }
  /** A connected caller has no serving session. */
  | { readonly type: "service lost"; readonly reason: SuccessionReason }
  | { readonly type: "service restored"; readonly afterMs: number }
  /** The model's server has not answered a probe in time, or has answered again. */
  | { readonly type: "line suspect"; readonly suspect: boolean }
  /** A requested answer has not begun within the usual time. */
  | { readonly type: "answer late" }
  | { readonly type: "session swapped"; readonly reason: SuccessionReason; readonly endpoint: string }
  /** No model can serve the caller. */
  | { readonly type: "models down"; readonly code: string }
  | { readonly type: "model error"; readonly code: string }
  | { readonly type: "model event malformed" }
  | {
    readonly type: "response finished";
    readonly response: ResponseOutcome;
    /** Name of the model in prices and metrics. */
    readonly model: string;
    readonly costUsd: number;
  }
  /** A response ended whose session was replaced meanwhile. */
  | {
    readonly type: "replaced response finished";
    readonly usage: TokenUsage;
    readonly model: string;
    readonly costUsd: number;
  }
  | {
    readonly type: "summary written";
    readonly usage: TokenUsage;
    readonly model: string;
    readonly costUsd: number;
  }
  | { readonly type: "function called"; readonly call: FunctionCall }
  | { readonly type: "approval requested"; readonly request: ApprovalRequest }
  | { readonly type: "mcp call started"; readonly call: McpCall }
  | { readonly type: "mcp call ended"; readonly call: McpCall; readonly result: McpCallResult }
  | { readonly type: "language requested"; readonly language: string; readonly summary: string }
  | { readonly type: "language switched"; readonly language: string }
  // Tools and keys.
  | { readonly type: "tool started" }
  | { readonly type: "tool finished"; readonly outcome: ToolOutcome }
  | { readonly type: "tools idle" }
  /** The results of running tools are discarded, because the caller is being transferred. */
  | { readonly type: "tools cancelled" }
  | { readonly type: "digits entered"; readonly digits: string }
  | { readonly type: "menu key pressed"; readonly key: string }
  | { readonly type: "tones started" }
  | { readonly type: "secret entry started" }
  | { readonly type: "secret entry ended" }
  | { readonly type: "message taken"; readonly message: CallMessage }
  // The record.
  | { readonly type: "turn changed"; readonly turn: LiveTurn }
  | { readonly type: "event recorded"; readonly event: CallEvent }
  // The call itself.
  /** The carrier bills something, such as a started minute. A transfer is billed even after the call has ended. */
  | { readonly type: "carrier charged"; readonly charge: CarrierCharge }
  /** The call is billed from now on. */
  | { readonly type: "account opened"; readonly account: AccountUse }
  | { readonly type: "transfer started"; readonly destination: Destination }
  /** The destination did not answer. The caller comes back, unless the call ends. */
  | { readonly type: "transfer failed" }
  | { readonly type: "goodbye started"; readonly reason: EndReason }
  /** A field that call lists show has changed. */
  | { readonly type: "state changed" }
  /** Timers and tools stop. The heard part of the audio is recorded after this event. */
  | { readonly type: "call ending"; readonly reason: EndReason }
  /** The conversation is closed and the record complete, except for a summary the model may still write. */
  | {
    readonly type: "call ended";
    readonly end: CallEnd;
    readonly summary: Promise<WrittenSummary | undefined> | undefined;
  };

/** One charge by the carrier. */
export interface CarrierCharge {
  /** US dollars. */
  readonly usd: number;
  /** Minutes of a leg; 0 for charges that are not per minute of a leg. */
  readonly minutes: number;
}

type EventType = CallStreamEvent["type"];
type EventOf<Type extends EventType> = Extract<CallStreamEvent, { readonly type: Type }>;

interface Subscriber {
  handle(event: CallStreamEvent): void;
}

/**
 * The event stream of one call. Synchronous: `emit` returns when every handler has run, in the order of subscription. An
 * event emitted by a handler is delivered before the next handler of the outer event runs.
 *
 * @example
 * ```ts
 * const events = new CallEventStream();
 * events.on("response finished", ({ costUsd = 0 }) => console.log(costUsd));
 * events.emit({ type: "tools idle" });
 * ```
 */
export class CallEventStream {
  readonly #subscribers = new Map<EventType, Subscriber[]>();

  /** Calls `handler` for every event of these types, for the life of the call. Handlers must not throw. */
  on<Type extends EventType>(types: Type | readonly Type[], handler: (event: EventOf<Type>) => void): void {
    const subscriber: Subscriber = { handle: handler };
    for (const type of typeof types === "string" ? [types] : types) {
      const subscribers = this.#subscribers.get(type);
      if (subscribers) subscribers.push(subscriber);
      else this.#subscribers.set(type, [subscriber]);
    }
  }

  emit(event: CallStreamEvent): void {
    const subscribers = this.#subscribers.get(event.type);
    if (!subscribers) return;
    for (const subscriber of subscribers) subscriber.handle(event);
  }
}
