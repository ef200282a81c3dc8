import type { Stretch } from "../../src/recording/heard_audio.ts";

/** What was heard, for a test to look at later: its arrays are used again otherwise. */
export function kept({ atMs, caller, assistant }: Stretch): Stretch {
  return { atMs, caller: caller.slice(), assistant: assistant.slice() };
}
