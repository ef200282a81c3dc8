/** The targets that a cell must meet. */

import { RING_MS } from "./call_script.ts";
import { type Cell, cellName } from "./cell.ts";
import type { Fault } from "./fault.ts";
import type { Measurement } from "./measurement.ts";

/** Longest silence that a caller may hear after a fault (ms). */
const SILENCE_MS = 1_200;
/** Tolerance above the same phase without a fault (ms). */
const SILENCE_TOLERANCE_MS = 300;
/** Time until a fault that does not show itself is noticed (ms). */
const NOTICE_MS = 5_000;
/** Time from noticing a loss, or from the end of the outage, to the dial of the next session (ms). */
const RECOVERY_MS = 1_000;
/** An outage beyond this ends the call in a planned way (ms). */
const OUTAGE_MS = 10_000;

/** @param baseline The same side and phase without a fault. */
export function brokenTargets(
  cell: Cell,
  measured: Measurement,
  baseline: Measurement | undefined,
): string[] {
  const broken: string[] = [];
  const check = (kept: boolean, target: string) => kept || broken.push(target);
  const { fault, phase, side } = cell;
  check(measured.outcome !== "fault not reached" && measured.outcome !== "too long", measured.outcome);
  check(measured.records === 1, `${measured.records} records`);
  check(measured.webhooks === 1, `${measured.webhooks} webhooks`);
  check(measured.toolRuns <= 1, `tool ran ${measured.toolRuns} times`);
  check(measured.dials <= 1, `${measured.dials} transfers`);
  check(measured.doubled === 0, `${measured.doubled} frames twice in one session`);
  check(measured.socketsLeft === 0, `${measured.socketsLeft} sockets left`);
  const hasSurvived = measured.outcome === "goes on";
  // Parley cannot know what a line of Twilio's swallows, and a single endpoint that refuses the key is final.
  const isHopeless = side === "twilio" && ["swallow", "throttle"].includes(fault.kind) ||
    fault.kind === "http" && fault.status === 401;
  if (isHopeless) return broken;
  // The assistant's goodbye, and an outage beyond the limit, end the call.
  if (phase === "goodbye" || outageMs(fault) > OUTAGE_MS) {
    check(!hasSurvived, "the call did not end");
    return broken;
  }
  check(hasSurvived, "the call ended");
  check(measured.unanswered === 0, `${measured.unanswered} utterances unanswered`);
  check(measured.unknown.length === 0, `next session does not know: ${measured.unknown.join(", ")}`);
  if (side === "twilio" && fault.kind !== "none") return broken;
  check(measured.recordedTurns <= measured.spokenTurns, "a turn is twice in the record");
  check(measured.lost === 0, `${measured.lost} frames lost`);
  const allowedMs = Math.max(SILENCE_MS, (baseline?.silenceMs ?? 0) + SILENCE_TOLERANCE_MS) + delayMs(fault) +
    measured.lagMs;
  check(measured.silenceMs <= allowedMs, `${measured.silenceMs} ms of silence`);
  // While the caller is away, the next session need not be there yet.
  const awayMs = phase === "transferring" ? RING_MS : 0;
  const { handshakeMs, lagMs, recoveryMs = 0 } = measured;
  const dueMs = noticeMs(fault) + outageMs(fault) + awayMs + RECOVERY_MS + handshakeMs + lagMs;
  check(recoveryMs <= dueMs, `recovered after ${recoveryMs} ms`);
  return broken;
}

/** Sorts cells, and finds the baseline of each. */
export function judge(results: ReadonlyMap<Cell, Measurement>): Map<Cell, readonly string[]> {
  const baselines = new Map(
    [...results].filter(([{ fault }]) => fault.kind === "none")
      .map(([cell, measured]) => [cellName(cell), measured]),
  );
  return new Map([...results].map(([cell, measured]) => {
    const baseline = baselines.get(cellName({ ...cell, fault: { kind: "none" } }));
    return [cell, brokenTargets(cell, measured, baseline)];
  }));
}

function outageMs(fault: Fault): number {
  if (fault.kind === "refuse") return fault.ms;
  return fault.kind === "http" ? 1_000 : 0;
}

function delayMs(fault: Fault): number {
  return fault.kind === "delay" ? fault.ms : 0;
}

/** A closed or broken connection shows itself. */
function noticeMs({ kind }: Fault): number {
  return ["stall", "swallow", "delay", "throttle"].includes(kind) ? NOTICE_MS : 0;
}
