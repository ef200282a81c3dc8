import type { AudioSlice } from "../../src/recording/audio_aligner.ts";

/** A copy of a slice, whose arrays are reused otherwise. */
export function copySlice({ atMs, caller, assistant }: AudioSlice): AudioSlice {
  return { atMs, caller: caller.slice(), assistant: assistant.slice() };
}
