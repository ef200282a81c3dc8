/** The caller's side of a script. */

import { encodeMulaw, MULAW_SILENCE } from "../../audio/g711.ts";
import type { Handset, Part } from "../caller/part.ts";
import type { Prompter } from "./prompter.ts";
import type { CallerTurn } from "./script.ts";

/** How long the assistant must be quiet for its answer to be over. */
const QUIET_MS = 600;
/** A pause between two words is shorter. */
const WORD_GAP_MS = 200;
/** From one key to the next. */
const KEY_EVERY_MS = 200;

/** Does what the script says when its moment has come. */
export class ScriptedPart implements Part {
  hangUpReason: string | undefined;
  readonly #prompter: Prompter;
  readonly #handset: Handset;
  /** The turn that has begun. */
  #turn: CallerTurn | undefined;
  #nextMs = 0;
  #saying: Uint8Array = new Uint8Array();
  #keys: string[] = [];

  constructor(prompter: Prompter, handset: Handset) {
    this.#prompter = prompter;
    this.#handset = handset;
  }

  get doing(): string {
    if (this.#turn) return this.#turn.title;
    return this.#prompter.turn ? `waits (${this.#prompter.turn.where})` : "waits for the end";
  }

  next(nowMs: number, bytes: number): Uint8Array | undefined {
    const { ear, startedAt } = this.#handset;
    if (ear.heardUntil !== undefined) this.#prompter.heardUntil = startedAt + ear.heardUntil;
    if (!this.#turn) this.#comeIn(nowMs);
    const frame = new Uint8Array(bytes).fill(MULAW_SILENCE);
    if (this.#turn && nowMs >= this.#nextMs) this.#act(this.#turn, nowMs, frame);
    return this.hangUpReason === undefined ? frame : undefined;
  }

  /** Begins the caller's turn if it has come; hangs up if all is said. */
  #comeIn(nowMs: number): void {
    const { turn, script, settled, followsCaller } = this.#prompter;
    if (turn?.who === "caller") {
      const { interruptMs } = turn;
      if (
        interruptMs !== undefined
          ? !this.#isDeepIn(interruptMs, nowMs)
          : !followsCaller && !this.#isQuiet(nowMs)
      ) {
        return;
      }
      this.#turn = turn;
      this.#nextMs = nowMs + turn.pauseMs;
      this.#saying = turn.speech ? encodeMulaw(turn.speech) : new Uint8Array();
      this.#keys = [...turn.keys];
      this.#prompter.beginCaller();
    } else if (!turn && !this.#prompter.stopped.aborted && (script.expect.ending ?? "caller") === "caller") {
      if (settled && this.#isQuiet(nowMs)) this.hangUpReason = "all is said";
    }
  }

  /** Words, then keys, then the end of the turn. */
  #act(turn: CallerTurn, nowMs: number, frame: Uint8Array): void {
    if (this.#saying.length > 0) {
      frame.set(this.#saying.subarray(0, frame.length));
      this.#saying = this.#saying.subarray(frame.length);
      return;
    }
    const key = this.#keys.shift();
    if (this.#keys.length === 0) {
      // Before the key is out: the answer to it may come at once.
      this.#turn = undefined;
      this.#prompter.callerIsDone();
      if (turn.hangsUp) this.hangUpReason = "the script says so";
    }
    if (key === undefined) return;
    this.#handset.press(key);
    this.#nextMs = nowMs + KEY_EVERY_MS;
  }

  /** Whether what the model said was heard to its end. */
  #isQuiet(nowMs: number): boolean {
    const now = this.#handset.startedAt + nowMs;
    const { answer, heardUntil } = this.#prompter;
    if (!answer) return now - Math.max(heardUntil, this.#handset.startedAt) >= QUIET_MS;
    const { speaksSince, doneAt } = answer;
    if (doneAt === undefined || speaksSince !== undefined && heardUntil <= speaksSince) return false;
    return now - Math.max(heardUntil, doneAt, this.#handset.startedAt) >= QUIET_MS;
  }

  /** Whether so much of the answer was heard. */
  #isDeepIn(interruptMs: number, nowMs: number): boolean {
    const { answer, heardUntil } = this.#prompter;
    const { ear, startedAt } = this.#handset;
    const since = answer?.speaksSince;
    if (since === undefined || heardUntil <= since || ear.beganAt === undefined) return false;
    const now = startedAt + nowMs;
    const heardMs = now - Math.max(startedAt + ear.beganAt, since);
    if (heardMs >= interruptMs && now - heardUntil < WORD_GAP_MS) return true;
    if (!ear.speaking && answer?.doneAt !== undefined) {
      const ms = Math.round(heardUntil - Math.max(startedAt + ear.beganAt, since));
      this.#prompter.giveUpOnCaller(
        `could not interrupt after ${interruptMs} ms: the answer was over after ${ms} ms`,
      );
    }
    return false;
  }
}
