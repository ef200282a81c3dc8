/**
 * The response latency of one turn by hop (ms). Each hop is measured from the end of the hop before. A hop
 * that did not happen is absent: a greeting has no `modelMs`.
 */
export interface TurnLatency {
  /** From the model's detection of the end of speech to its first audio. */
  readonly modelMs?: number | undefined;
  /** From the first audio to the first frame sent to the caller. */
  readonly sendMs?: number | undefined;
  /** From the first frame sent to the first mark returned: the caller hears the answer. */
  readonly playbackMs?: number | undefined;
}

export type Hop = "model" | "send" | "playback";

/** The hops that were measured, in order. */
export function measuredHops(
  { modelMs, sendMs, playbackMs }: TurnLatency,
): readonly (readonly [hop: Hop, ms: number])[] {
  const hops = [["model", modelMs], ["send", sendMs], ["playback", playbackMs]] as const;
  return hops.flatMap(([hop, ms]) => ms === undefined ? [] : [[hop, ms] as const]);
}
