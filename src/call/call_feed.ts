import type { CallEvent } from "../records/call_record.ts";
import type { Stretch } from "../recording/heard_audio.ts";
import { peaks } from "../recording/peaks.ts";
import type { TurnHops } from "../telemetry/turn_hops.ts";
import type { LineTap } from "../recording/line_tap.ts";
import type { Said } from "./conversation/transcript.ts";

/** A level goes out for as much audio (bytes of one side, µ-law at 8 kHz): 100 ms. */
const LEVEL_BYTES = 800;

/** What a call has cost so far. */
export interface Cost {
  readonly costUsd: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Where the audio of a call is at this moment. */
export interface Playhead {
  readonly callerSpeaks: boolean;
  readonly assistantSpeaks: boolean;
  /** Audio of the assistant's that waits here, and at Twilio (ms). */
  readonly queuedMs: number;
  readonly twilioMs: number;
  /** What the caller hears, and how much of it they have heard (ms). */
  readonly item?: string | undefined;
  readonly heardMs?: number | undefined;
}

/** How loud both sides were for a tenth of a second, and where the audio is. */
export interface Level extends Playhead {
  /** From the start of the stream (ms). */
  readonly atMs: number;
  /** Peaks from 0 to 255, one for each 20 ms. */
  readonly caller: readonly number[];
  readonly assistant: readonly number[];
}

/** Something happened in a call. */
export type Happening =
  | { readonly type: "said"; readonly data: Said }
  | { readonly type: "level"; readonly data: Level }
  | { readonly type: "turn"; readonly data: TurnHops }
  | { readonly type: "event"; readonly data: CallEvent }
  | { readonly type: "cost"; readonly data: Cost }
  | { readonly type: "ended"; readonly data: { readonly reason: string } };

/** Tells those who watch one call what happens in it. Levels are measured only while somebody does. */
export class CallFeed {
  readonly #tap: Pick<LineTap, "listen">;
  readonly #playhead: () => Playhead;
  readonly #watchers = new Set<(happening: Happening) => void>();
  readonly #turns: TurnHops[] = [];
  #unlisten: (() => void) | undefined;
  /** What was heard since the last one went out. */
  #level: { readonly atMs: number; bytes: number; caller: number[]; assistant: number[] } | undefined;

  constructor(tap: Pick<LineTap, "listen">, playhead: () => Playhead) {
    this.#tap = tap;
    this.#playhead = playhead;
  }

  /** How long each answer took so far, hop by hop. */
  get turns(): readonly TurnHops[] {
    return this.#turns;
  }

  tell(happening: Happening): void {
    if (happening.type === "turn") this.#turns.push(happening.data);
    for (const watcher of this.#watchers) watcher(happening);
  }

  /** Tells `watcher` from now on, until what it returned is called. */
  watch(watcher: (happening: Happening) => void): () => void {
    this.#watchers.add(watcher);
    this.#unlisten ??= this.#tap.listen((stretch) => this.#hear(stretch));
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) this.#stop();
    };
  }

  /** The call is over. */
  end(reason: string): void {
    this.tell({ type: "ended", data: { reason } });
    this.#watchers.clear();
    this.#stop();
  }

  #stop(): void {
    this.#unlisten?.();
    this.#unlisten = undefined;
    this.#level = undefined;
  }

  #hear({ atMs, caller, assistant }: Stretch): void {
    const level = this.#level ??= { atMs, bytes: 0, caller: [], assistant: [] };
    level.bytes += caller.length;
    level.caller.push(...peaks(caller));
    level.assistant.push(...peaks(assistant));
    if (level.bytes < LEVEL_BYTES) return;
    this.#level = undefined;
    const { bytes: _, ...heard } = level;
    this.tell({ type: "level", data: { ...heard, ...this.#playhead() } });
  }
}
