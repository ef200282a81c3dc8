/** The report of a rehearsal: the timeline, then the measurements. */

import { counted } from "../../counted.ts";
import type { Rehearsal } from "./rehearse.ts";
import { formatTimeline } from "./timeline.ts";

/** @param recordedTo Path of the written recording; undefined without one. */
export function formatReport(rehearsal: Rehearsal, recordedTo?: string): string {
  const { timeline, turns, bargeIn, lead, counts, problem } = rehearsal;
  const lines = [formatTimeline(timeline), ""];
  for (const [i, { startMs, endMs, latencyMs }] of turns.entries()) {
    const latency = latencyMs === undefined ? "no answer" : `answered after ${Math.round(latencyMs)} ms`;
    lines.push(`Turn ${i + 1}: caller spoke from ${seconds(startMs)} to ${seconds(endMs)}, ${latency}`);
  }
  if (bargeIn) {
    const { atMs, stoppedAfterMs } = bargeIn;
    const end = stoppedAfterMs === undefined
      ? "did not stop"
      : `stopped after ${Math.round(stoppedAfterMs)} ms`;
    lines.push(`Barge-in at ${seconds(atMs)}: assistant ${end}`);
  }
  if (counts.framesSent + counts.mediaReceived > 0) {
    lines.push(
      `Audio buffered at Twilio: median ${Math.round(lead.typicalMs)} ms, maximum ${
        Math.round(lead.maxMs)
      } ms`,
      `Sent: ${counts.framesSent} frames`,
      `Received: ${counts.mediaReceived} media messages (${seconds(counts.mediaMs)} of audio), ` +
        `${counts.marksReceived} marks (${counts.marksReturned} returned), ${
          counted(counts.clears, "clear")
        }`,
    );
  }
  if (recordedTo) lines.push(`Recording: ${recordedTo} (left: caller, right: assistant as heard)`);
  lines.push(problem ? `Call failed: ${problem}` : "Call completed");
  return lines.join("\n") + "\n";
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
