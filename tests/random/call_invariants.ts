import { BYTES_PER_MS } from "../../src/audio/line_format.js";
import type { HeardItem } from "../../src/model/model_interface.ts";
import type { StillSession } from "../support/still_session.ts";
import type { RandomLine } from "./random_line.ts";
import type { RandomServer } from "./random_server.ts";

/** A heard position may be this far ahead of what was played: a mark in transit, and the clock's whole milliseconds. */
const HEARD_TOLERANCE_MS = 100;

/** Sent again after a pause at most: what is repeated, and what Twilio had not played (ms). */
const REPEATED_MS = 500 + 250;

/** The caller's audio is kept for an outage of 10 s; less what a single step may take (ms). */
const KEPT_MS = 9_500;

/** What the call has done so far, read after each step. */
export interface CallState {
  readonly sessions: readonly StillSession[];
  readonly servers: readonly RandomServer[];
  readonly line: RandomLine;
  /** Runs of the tool by the number in its arguments. */
  readonly toolRuns: ReadonlyMap<number, number>;
  readonly records: number;
  readonly ended: boolean;
  /** Time without a ready session (ms). */
  readonly outageMs: number;
}

/** Progress of one session that was checked already. */
interface Checked {
  frames: number;
  lastFrame: number;
  interruptions: number;
  requests: number;
  results: number;
  truncated: Set<string>;
}

/** A rule that the call broke. */
export class BrokenInvariant extends Error {
  override readonly name = "BrokenInvariant";
}

/** What must be true after every step, whatever happened. */
export class CallInvariants {
  readonly #checked = new Map<StillSession, Checked>();
  /** Sessions that were over at the last check. */
  readonly #gone = new Set<StillSession>();
  /** The newest frame that any session has received. */
  #newestFrame = -1;
  readonly #resultsOf = new Map<string, number>();

  /** @throws {BrokenInvariant} */
  check(state: CallState): void {
    const receivers = state.sessions.filter((session, index) => this.#checkSession(session, state, index));
    require(receivers.length <= 1, "two sessions received the caller in one step");
    this.#checkAudio(state);
    for (const [id, runs] of state.toolRuns) require(runs <= 1, `function call ${id} ran ${runs} times`);
    require(state.records <= 1, `${state.records} records of one call`);
    require(state.records === 0 || state.ended, "a record before the call's end");
  }

  /** @throws {BrokenInvariant} */
  checkEnd({ records, sessions, servers }: CallState): void {
    require(records === 1, `${records} records at the end`);
    sessions.forEach((session, index) =>
      require(session.closed || servers[index]?.lost === true, `session ${index} left open`)
    );
  }

  /** @returns Whether the session received a frame of the caller that no earlier session had. */
  #checkSession(session: StillSession, { servers, line, outageMs }: CallState, index: number): boolean {
    const checked = this.#checked.get(session) ?? {
      frames: 0,
      lastFrame: -1,
      interruptions: 0,
      requests: 0,
      results: 0,
      truncated: new Set(),
    };
    const wasGone = this.#gone.has(session);
    const isReceiving = this.#checkFrames(session, checked, wasGone ? "gone" : outageMs, index);
    require(
      !wasGone || session.requests.length === checked.requests,
      `a request to session ${index}, which is gone`,
    );
    require(
      !wasGone || session.functionResults.length === checked.results,
      `a result to session ${index}, which is gone`,
    );
    for (const { callId } of session.functionResults.slice(checked.results)) this.#checkResult(callId);
    for (const item of session.interruptions.slice(checked.interruptions)) {
      const receivedMs = servers[index]?.sentMs.get(item.itemId);
      // A session ignores an item of an earlier one.
      if (receivedMs === undefined) continue;
      require(!checked.truncated.has(item.itemId), `item ${item.itemId} truncated twice in session ${index}`);
      checked.truncated.add(item.itemId);
      checkTruncation(item, receivedMs, line);
    }
    checked.interruptions = session.interruptions.length;
    checked.requests = session.requests.length;
    checked.results = session.functionResults.length;
    this.#checked.set(session, checked);
    if (session.closed || servers[index]?.lost) this.#gone.add(session);
    return isReceiving;
  }

  #checkResult(callId: string): void {
    const results = (this.#resultsOf.get(callId) ?? 0) + 1;
    this.#resultsOf.set(callId, results);
    require(results === 1, `${results} results of ${callId}`);
  }

  #checkFrames(session: StillSession, checked: Checked, outageMs: number | "gone", index: number): boolean {
    const before = this.#newestFrame;
    for (const payload of session.frames.slice(checked.frames)) {
      const number = frameNumber(payload);
      if (number === undefined) continue;
      require(outageMs !== "gone", `frame ${number} to session ${index}, which is gone`);
      require(number > checked.lastFrame, `frame ${number} after ${checked.lastFrame} in session ${index}`);
      const isNext = number <= this.#newestFrame + 1;
      require(isNext || Number(outageMs) > KEPT_MS, `frames ${this.#newestFrame + 1} to ${number - 1} lost`);
      checked.lastFrame = number;
      this.#newestFrame = Math.max(this.#newestFrame, number);
    }
    checked.frames = session.frames.length;
    return this.#newestFrame > before;
  }

  #checkAudio({ servers, line }: CallState): void {
    const receivedMs = new Map<string, number>();
    for (const { sentMs } of servers) {
      for (const [itemId, ms] of sentMs) receivedMs.set(itemId, (receivedMs.get(itemId) ?? 0) + ms);
    }
    for (const [itemId, ms] of receivedMs) {
      const [sent = 0, played = 0] = [line.sent[Number(itemId)], line.played[Number(itemId)]];
      const repeatedMs = line.clears * REPEATED_MS;
      require(
        sent <= (ms + repeatedMs) * BYTES_PER_MS,
        `item ${itemId}: more sent than received and repeated`,
      );
      require(played <= sent, `item ${itemId}: more played than sent`);
    }
  }
}

/** heard <= received, and heard is what the line has played. */
function checkTruncation({ itemId, heardMs }: HeardItem, receivedMs: number, line: RandomLine): void {
  require(heardMs <= receivedMs, `item ${itemId}: ${heardMs} ms heard of ${receivedMs} ms`);
  const playedMs = (line.played[Number(itemId)] ?? 0) / BYTES_PER_MS;
  require(
    heardMs <= playedMs + HEARD_TOLERANCE_MS,
    `item ${itemId}: ${heardMs} ms heard, ${playedMs} ms played`,
  );
}

const FRAME_BYTES = 160;

/** A caller's frame with its number in the first four bytes. @returns Base64. */
export function callerFrame(number: number): string {
  const frame = new Uint8Array(FRAME_BYTES).fill(0x80);
  new DataView(frame.buffer).setUint32(0, number);
  return frame.toBase64();
}

/** Undefined for the silence that Parley puts into gaps. */
function frameNumber(payload: string): number | undefined {
  const frame = Uint8Array.fromBase64(payload);
  return frame.at(-1) === 0x80 ? new DataView(frame.buffer).getUint32(0) : undefined;
}

function require(isTrue: boolean, rule: string): void {
  if (!isTrue) throw new BrokenInvariant(rule);
}
