/** A rehearsal told to a reader: the timeline, then what was measured. */

import type { Rehearsal } from "./rehearse.ts";
import { formatTimeline } from "./timeline.ts";

/** @param recordedTo The file the recording was written to, if it was. */
export function formatReport(rehearsal: Rehearsal, recordedTo?: string): string {
  const { timeline, turns, interruption, lead, counts, problem } = rehearsal;
  const lines = [formatTimeline(timeline), ""];
  for (const [i, turn] of turns.entries()) {
    const answer = turn.latencyMs === undefined
      ? "not answered"
      : `answered after ${Math.round(turn.latencyMs)} ms`;
    lines.push(
      `turn ${i + 1}: spoken ${seconds(turn.spokeAtMs)} to ${seconds(turn.spokeUntilMs)}, ${answer}`,
    );
  }
  if (interruption) {
    const { atMs, stoppedAfterMs } = interruption;
    const end = stoppedAfterMs === undefined
      ? "never stopped"
      : `stopped after ${Math.round(stoppedAfterMs)} ms`;
    lines.push(`interrupted at ${seconds(atMs)}: the assistant ${end}`);
  }
  lines.push(
    `audio waiting at Twilio: ${Math.round(lead.typicalMs)} ms typically, ${
      Math.round(lead.maxMs)
    } ms at most`,
    `${counts.framesSent} frames sent; ${counts.mediaReceived} received with ${
      seconds(counts.mediaMs)
    } of audio; ` +
      `${counts.marksReceived} marks, ${counts.marksReturned} came back; ${counts.clears} clear`,
  );
  if (recordedTo) lines.push(`both sides are in ${recordedTo}: left the caller, right what the caller heard`);
  lines.push(problem ? `the call did not complete: ${problem}` : "the call completed");
  return lines.join("\n") + "\n";
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
