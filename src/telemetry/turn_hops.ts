/**
 * How long each hop of one turn took (ms), one after the other: each counts from the end of the one before it. A hop
 * that did not come, or has no meaning, is left out: a greeting answers nobody.
 */
export interface TurnHops {
  /** From the moment the model heard the caller stop to its first audio. */
  readonly modelMs?: number | undefined;
  /** From there to the first frame sent to the caller. */
  readonly sentMs?: number | undefined;
  /** From there to the first mark back: the caller hears it. */
  readonly heardMs?: number | undefined;
}

/** The hops that came, in order, by name. */
export function hopsOf({ modelMs, sentMs, heardMs }: TurnHops): readonly (readonly [Hop, number])[] {
  const hops = [["model", modelMs], ["sent", sentMs], ["heard", heardMs]] as const;
  return hops.flatMap(([hop, ms]) => ms === undefined ? [] : [[hop, ms] as const]);
}

export type Hop = "model" | "sent" | "heard";
