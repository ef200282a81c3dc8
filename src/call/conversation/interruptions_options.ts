import type { Clock } from "../../clock.ts";
import type { CallerLevel } from "./caller_level.ts";

/** What speech of the caller turned out to be. `quiet` and `late` were decided before its text, which may make it a turn. */
export type Verdict = "turn" | "quiet" | "late" | "empty" | "backchannel";
/** What the assistant does when the caller speaks: pauses and decides, stops, or finishes. */
export type InterruptionMode = "pause" | "stop" | "off";

export interface InterruptionsOptions {
  readonly mode: InterruptionMode;
  /** Voice after which speech is a turn, without waiting for its text (ms). */
  readonly minMs: number;
  /** Maximum wait for the text after the speech has ended (ms). */
  readonly decideMs: number;
  /** From `backchannelSet`. */
  readonly backchannels: ReadonlySet<string>;
  readonly level: CallerLevel;
  readonly clock: Clock;
  /** Whether the assistant speaks, or is about to. */
  unheard(): boolean;
  /** Whether hardly anything of the assistant's speech is left. A backchannel is an answer then. */
  endsSoon(): boolean;
  /** Whether the assistant must not be interrupted now. */
  isProtected(): boolean;
  readonly on: {
    pause(): void;
    /** Nothing interrupts the assistant any more. */
    resume(cutOff: boolean): void;
    /** @param interrupts Whether the assistant stops. */
    turn(itemId: string | undefined, interrupts: boolean): void;
    dismissed(itemId: string | undefined, why: Exclude<Verdict, "turn">): void;
    /** A confirmed turn is in the model's conversation. Mode `pause` only. */
    answer(): void;
  };
}
