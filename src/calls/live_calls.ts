import type { Stretch } from "../recording/heard_audio.ts";
import type { CallEvent } from "../records/call_record.ts";
import type { TurnHops } from "../telemetry/turn_hops.ts";
import type { Cost, Happening } from "../call/call_feed.ts";
import type { Said } from "../call/conversation/transcript.ts";

/** A call that is announced or in progress, for those who look on. */
export interface LiveCall {
  readonly callSid: string;
  /** What the network said: E.164, or `anonymous`, `client:…`, `sip:…`. */
  readonly from: string;
  readonly to: string;
  /** Name of the assistant that answers. */
  readonly assistant: string;
  readonly state: "announced" | "connected" | "transferring" | "ending";
  /** When it was announced, ISO 8601. */
  readonly startedAt: string;
  /** How many turns the caller had so far. */
  readonly turns: number;
  /** What it has cost so far, as far as prices are known (US dollars). */
  readonly costUsd: number;
  /** Whether it is recorded now, where it is at all. */
  readonly recording?: "on" | "paused";
  /** Why it ended, once it has. */
  readonly reason?: string;
}

/** Something happened to a call. */
export interface CallChange {
  readonly type: "announced" | "connected" | "changed" | "ended";
  readonly call: LiveCall;
}

/** The calls of this process, to look at. */
export interface LiveCalls {
  list(): readonly LiveCall[];
  /** Hands every change to `listener`, from now until what it returned is called. */
  watch(listener: (change: CallChange) => void): () => void;
  /** One call, to look into; undefined when it is not in progress. */
  find(callSid: string): CallInProgress | undefined;
}

/** A call as far as it has gone. */
export interface CallState extends Cost {
  /** From the start of its stream until now (ms). */
  readonly atMs: number;
  readonly said: readonly Said[];
  readonly events: readonly CallEvent[];
  /** How long each answer took, hop by hop. */
  readonly turns: readonly TurnHops[];
}

/** One call in progress, in the hands of whoever administers. */
export interface CallInProgress {
  readonly state: CallState;
  /** Tells everything that happens from now on, until what it returned is called. */
  watch(watcher: (happening: Happening) => void): () => void;
  /** Hands on what both sides hear, about half a second late, until what it returned is called. */
  listen(listener: (stretch: Stretch) => void): () => void;
  /** Tells the assistant something the caller does not hear. */
  whisper(text: string): void;
  hangUp(): void;
  /** Passes the caller on, to a destination by name or to a number; false while nobody is on the line. */
  transfer(to: string): boolean;
  /** Pauses the recording, or goes on with it; false where there is none. */
  record(on: boolean): boolean;
}
