/** The caller's side of a script. */

import { encodeMulaw, MULAW_SILENCE } from "../../audio/g711.js";
import type { Handset, Role } from "../caller/simulated_caller.ts";
import type { CallerTurn } from "./script.ts";
import type { ScriptProgress } from "./script_progress.ts";

/** Silence after which the assistant's answer counts as ended (ms). */
const ANSWER_GAP_MS = 600;
/** A pause between two words is shorter (ms). */
const WORD_GAP_MS = 200;
/** From one key to the next (ms). */
const KEY_INTERVAL_MS = 200;

/** Plays the caller's turns, each when it is due. */
export class ScriptedCaller implements Role {
  hangUpReason: string | undefined;
  readonly #progress: ScriptProgress;
  readonly #handset: Handset;
  /** The turn in progress. */
  #turn: CallerTurn | undefined;
  #nextActionMs = 0;
  #remainingSpeech: Uint8Array = new Uint8Array();
  #keys: string[] = [];

  constructor(progress: ScriptProgress, handset: Handset) {
    this.#progress = progress;
    this.#handset = handset;
  }

  get status(): string {
    if (this.#turn) return this.#turn.title;
    return this.#progress.turn ? `waits (${this.#progress.turn.location})` : "waits for the end";
  }

  nextFrame(nowMs: number, bytes: number): Uint8Array | undefined {
    const { assistantSpeech: { audibleUntilMs }, startedAt } = this.#handset;
    if (audibleUntilMs !== undefined) this.#progress.assistantAudibleUntil = startedAt + audibleUntilMs;
    if (!this.#turn) this.#startTurnIfDue(nowMs);
    const frame = new Uint8Array(bytes).fill(MULAW_SILENCE);
    if (this.#turn && nowMs >= this.#nextActionMs) this.#act(this.#turn, nowMs, frame);
    return this.hangUpReason === undefined ? frame : undefined;
  }

  /** Also hangs up at the end of a script that expects the caller to. */
  #startTurnIfDue(nowMs: number): void {
    const { turn, script, settled, followsCaller } = this.#progress;
    if (turn?.actor === "caller") {
      const { interruptMs } = turn;
      const isDue = interruptMs !== undefined
        ? this.#hasHeard(interruptMs, nowMs)
        : followsCaller || this.#hasAnswerEnded(nowMs);
      if (!isDue) return;
      this.#turn = turn;
      this.#nextActionMs = nowMs + turn.pauseMs;
      this.#remainingSpeech = turn.speech ? encodeMulaw(turn.speech) : new Uint8Array();
      this.#keys = [...turn.keys];
      this.#progress.startCallerTurn();
    } else if (!turn && !this.#progress.stopped.aborted && (script.expect.ending ?? "caller") === "caller") {
      if (settled && this.#hasAnswerEnded(nowMs)) this.hangUpReason = "end of the script";
    }
  }

  /** Speech, then keys, then the end of the turn. */
  #act(turn: CallerTurn, nowMs: number, frame: Uint8Array): void {
    if (this.#remainingSpeech.length > 0) {
      frame.set(this.#remainingSpeech.subarray(0, frame.length));
      this.#remainingSpeech = this.#remainingSpeech.subarray(frame.length);
      return;
    }
    const key = this.#keys.shift();
    if (this.#keys.length === 0) {
      // Before the key is sent, because the model may respond to it immediately.
      this.#turn = undefined;
      this.#progress.endCallerTurn();
      if (turn.hangsUp) this.hangUpReason = "as the script says";
    }
    if (key === undefined) return;
    this.#handset.press(key);
    this.#nextActionMs = nowMs + KEY_INTERVAL_MS;
  }

  #hasAnswerEnded(nowMs: number): boolean {
    const { startedAt } = this.#handset;
    const now = startedAt + nowMs;
    const { answer, assistantAudibleUntil } = this.#progress;
    if (!answer) return now - Math.max(assistantAudibleUntil, startedAt) >= ANSWER_GAP_MS;
    const { speechStartedAt, sentAt } = answer;
    if (sentAt === undefined || speechStartedAt !== undefined && assistantAudibleUntil <= speechStartedAt) {
      return false;
    }
    return now - Math.max(assistantAudibleUntil, sentAt, startedAt) >= ANSWER_GAP_MS;
  }

  /** Whether the caller has heard `ms` of the answer and it continues. */
  #hasHeard(ms: number, nowMs: number): boolean {
    const { answer, assistantAudibleUntil } = this.#progress;
    const { assistantSpeech: { startedAtMs, speaking }, startedAt } = this.#handset;
    const since = answer?.speechStartedAt;
    if (since === undefined || assistantAudibleUntil <= since || startedAtMs === undefined) return false;
    const now = startedAt + nowMs;
    const from = Math.max(startedAt + startedAtMs, since);
    if (now - from >= ms && now - assistantAudibleUntil < WORD_GAP_MS) return true;
    if (!speaking && answer?.sentAt !== undefined) {
      this.#progress.failCallerTurn(
        `could not interrupt after ${ms} ms: the answer ended after ${
          Math.round(assistantAudibleUntil - from)
        } ms`,
      );
    }
    return false;
  }
}
