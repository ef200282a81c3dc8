import type { AudioSlice } from "../recording/audio_aligner.ts";
import type { LineTap } from "../recording/line_tap.ts";
import { peakHeights } from "../recording/peaks.ts";
import type { CallCosts, CallEvent, Tokens } from "../records/call_record.ts";
import type { TurnLatency } from "../telemetry/turn_latency.ts";
import type { CallEventStream } from "./call_event_stream.ts";
import type { CallUsage } from "./call_usage.ts";
import type { LiveTurn } from "./conversation/transcript.ts";

/** Audio of one "level" event (bytes of one side, µ-law at 8 kHz): 100 ms. */
const LEVEL_BYTES = 800;

/** A call's cost so far. */
export interface Cost {
  readonly costUsd: number;
  readonly costs: CallCosts;
  readonly tokens: Tokens;
}

/** Current audio positions of a call. */
export interface AudioPositions {
  readonly callerSpeaks: boolean;
  readonly assistantSpeaks: boolean;
  /** Assistant audio not sent to Twilio yet (ms). */
  readonly queuedMs: number;
  /** Assistant audio sent to Twilio and not played yet (ms). */
  readonly twilioMs: number;
  /** The item being played. */
  readonly item?: string | undefined;
  /** How much of `item` the caller has heard (ms). */
  readonly heardMs?: number | undefined;
}

/** The loudness of both sides over 100 ms, and the audio positions at their end. */
export interface Level extends AudioPositions {
  /** From the start of the stream (ms). */
  readonly atMs: number;
  /** Peaks from 0 to 255, one for each 20 ms. */
  readonly caller: readonly number[];
  readonly assistant: readonly number[];
}

/** An event of a call in progress, for its watchers. */
export type LiveEvent =
  | { readonly type: "turn"; readonly data: LiveTurn }
  | { readonly type: "latency"; readonly data: TurnLatency }
  | { readonly type: "level"; readonly data: Level }
  | { readonly type: "event"; readonly data: CallEvent }
  | { readonly type: "cost"; readonly data: Cost }
  | { readonly type: "ended"; readonly data: { readonly endReason: string } };

export interface CallFeedOptions {
  readonly events: CallEventStream;
  readonly tap: Pick<LineTap, "listen">;
  readonly usage: Pick<CallUsage, "costUsd" | "costs" | "tokens">;
  readonly conversation: { readonly audioPositions: AudioPositions };
}

/** Sends a call's events to its watchers. Levels are measured only while there are watchers. */
export class CallFeed {
  readonly #options: CallFeedOptions;
  readonly #watchers = new Set<(event: LiveEvent) => void>();
  #stopListening: (() => void) | undefined;
  /** The next "level" event, computed from the audio received so far. */
  #level: { readonly atMs: number; bytes: number; caller: number[]; assistant: number[] } | undefined;

  constructor(options: CallFeedOptions) {
    this.#options = options;
    const { events, usage } = options;
    events.on("turn changed", ({ turn }) => this.#publish({ type: "turn", data: turn }));
    events.on("turn answered", ({ latency }) => this.#publish({ type: "latency", data: latency }));
    events.on("event recorded", ({ event }) => this.#publish({ type: "event", data: event }));
    events.on(["response finished", "caller transcribed", "carrier charged"], () => {
      if (this.#watchers.size === 0) return;
      const { costUsd, costs, tokens } = usage;
      this.#publish({ type: "cost", data: { costUsd, costs, tokens } });
    });
    events.on("call ended", ({ end }) => {
      this.#publish({ type: "ended", data: { endReason: end.reason } });
      this.#watchers.clear();
      this.#stop();
    });
  }

  /** Calls `watcher` for each event, until the returned function is called. */
  watch(watcher: (event: LiveEvent) => void): () => void {
    this.#watchers.add(watcher);
    this.#stopListening ??= this.#options.tap.listen((slice) => this.#measure(slice));
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) this.#stop();
    };
  }

  #publish(event: LiveEvent): void {
    for (const watcher of this.#watchers) watcher(event);
  }

  #stop(): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#level = undefined;
  }

  #measure({ atMs, caller, assistant }: AudioSlice): void {
    const level = this.#level ??= { atMs, bytes: 0, caller: [], assistant: [] };
    level.bytes += caller.length;
    level.caller.push(...peakHeights(caller));
    level.assistant.push(...peakHeights(assistant));
    if (level.bytes < LEVEL_BYTES) return;
    this.#level = undefined;
    const { bytes: _, ...peaks } = level;
    this.#publish({ type: "level", data: { ...peaks, ...this.#options.conversation.audioPositions } });
  }
}
