import type { Cancel } from "../../clock.ts";
import { AwaitedTexts } from "./awaited_texts.ts";
import { isBackchannel, normalizePhrase } from "./backchannel.ts";
import type { InterruptionsOptions, Verdict } from "./interruptions_options.ts";
import { TurnItems } from "./turn_items.ts";
import { VoicedTime } from "./voiced_time.ts";

/** Quieter than the caller's usual speech by this much (dB): a sound, or not meant for the assistant. */
const QUIET_DB = -12;
/** Silence, by our own measurement, that ends speech whose end the model's server has not reported (ms). */
const OWN_SILENCE_MS = 500;
/** Speech without any verdict is a turn after this long (ms). */
const UNDECIDED_MS = 3_000;
/** Loud speech whose text does not come this long after its commit either is a turn (ms). */
const LATE_TEXT_MS = 3_000;
const CHECK_MS = 20;

/** Speech that has no verdict yet, or waits for other speech to get one. */
interface Utterance {
  readonly itemId: string | undefined;
  why?: Exclude<Verdict, "turn">;
}

/**
 * Decides whether speech of the caller interrupts the assistant. In mode `pause`, the assistant pauses and the speech becomes
 * a turn, or is dismissed: by its length, its level and its text. `docs/design/survival.md`, "Interruptions", has the rules.
 */
export class Interruptions {
  readonly #options: InterruptionsOptions;
  readonly #voiced: VoicedTime;
  readonly #items = new TurnItems();
  /** The speech of the present decision; empty if there is none. */
  #undecided: Utterance[] = [];
  /** The session of that speech was lost: the next one may report it again. */
  #repeated = false;
  /** The response that is paused was cut off by the loss of its session. */
  #cutOff = false;
  /** A text has arrived: the model's server transcribes the caller. */
  #hasText = false;
  /** Committed items that are `late`. */
  readonly #lateTexts: AwaitedTexts;
  #paused = false;
  #speaking = false;
  /** The last item the server reported. */
  #itemId: string | undefined;
  #startedAt = 0;
  /** When the speech ended, by the server's report or by our own measurement. */
  #endedAt: number | undefined;
  #cancelCheck: Cancel | undefined;

  constructor(options: InterruptionsOptions) {
    this.#options = options;
    const { mode, level, clock, isProtected } = options;
    this.#voiced = new VoicedTime(level);
    this.#lateTexts = new AwaitedTexts(clock, LATE_TEXT_MS, (itemId) => {
      if (this.#items.read(itemId)) this.#confirm(itemId, !isProtected());
    });
    // The server reports no other start while the item goes on.
    level.onEdge((speaking) => {
      const goesOn = speaking && this.#speaking && !this.deciding && this.#items.isUnread(this.#itemId);
      if (mode === "pause" && goesOn) this.speechStarted(this.#itemId);
    });
  }

  /** Whether the caller's speech may still turn out not to be a turn. */
  get deciding(): boolean {
    return this.#undecided.length > 0;
  }

  speechStarted(itemId?: string): void {
    const { mode, on, unheard, isProtected, clock } = this.#options;
    this.#speaking = true;
    this.#itemId = itemId;
    this.#items.started(itemId);
    if (mode !== "pause") return on.turn(itemId, mode === "stop" && !isProtected());
    const { deciding } = this;
    if (!deciding && !unheard()) return this.#confirm(itemId, !isProtected());
    if (this.#repeated) this.#undecided = [];
    this.#repeated = false;
    this.#undecided.push({ itemId });
    if (!deciding) {
      this.#startedAt = clock.now();
      this.#voiced.start();
      if (!isProtected()) this.#pause();
    }
    this.#check();
  }

  speechStopped(): void {
    this.#speaking = false;
    this.#check();
  }

  /** The caller's turn is in the model's conversation. */
  committed(itemId?: string): void {
    const { mode, on } = this.#options;
    if (mode !== "pause") return;
    const undecided = this.#undecided.some((utterance) => utterance.itemId === itemId);
    const verdict = this.#items.commit(itemId, undecided);
    // A turn without speech was committed by the server's idle timeout, for the model to speak.
    if (!undecided && (verdict ?? "turn") === "turn") on.answer();
    if (verdict === "late" && itemId !== undefined) this.#lateTexts.add(itemId);
  }

  /** The text of the caller's speech has arrived. */
  transcribed(itemId: string, text: string): void {
    const verdict = this.#read(text);
    this.#hasText = true;
    const utterance = this.#undecided.find((each) => each.itemId === itemId) ??
      this.#undecided.find((each) => each.itemId === undefined && !this.#repeated);
    if (utterance) {
      if (verdict === "turn") return this.#decideTurn();
      utterance.why = verdict;
      return this.#check();
    }
    this.#lateTexts.remove(itemId);
    if (!this.#items.read(itemId)) return;
    // It was dismissed without its text.
    const { isProtected, endsSoon, on } = this.#options;
    if (verdict === "turn") return this.#confirm(itemId, !isProtected());
    if (verdict === "backchannel" && endsSoon()) return this.#confirm(itemId, false);
    this.#items.decided(itemId, verdict);
    on.dismissed(itemId, verdict);
  }

  /**
   * The session was lost: no report and no text of it will follow. Our own measurement goes on.
   *
   * @param cutOff Whether the rest of its response is missing.
   */
  sessionLost(cutOff = false): void {
    this.#speaking = false;
    this.#forgetItems();
    if (!this.deciding) return;
    this.#cutOff ||= cutOff;
    this.#undecided = [{ itemId: undefined }];
    this.#repeated = true;
    this.#check();
  }

  /**
   * Protected audio has ended: the caller may interrupt what is left.
   *
   * @returns whether a caller who is speaking stops it. Otherwise it may be paused.
   */
  protectionEnded(): boolean {
    const { mode, unheard } = this.#options;
    if (mode === "off" || !this.#speaking) return false;
    if (!this.deciding) return true;
    if (unheard() && !this.#paused) this.#pause();
    return false;
  }

  /** Forgets everything, because a goodbye starts or the line has ended. Nobody is notified. */
  reset(): void {
    this.#end();
    this.#forgetItems();
    this.#paused = false;
    this.#speaking = false;
  }

  #forgetItems(): void {
    this.#items.clear();
    this.#lateTexts.clear();
  }

  #pause(): void {
    this.#paused = true;
    this.#options.on.pause();
  }

  #read(text: string): Verdict {
    if (normalizePhrase(text) === "") return "empty";
    return isBackchannel(text, this.#options.backchannels) ? "backchannel" : "turn";
  }

  /** Decides now, or looks again in 20 ms. */
  #check(): void {
    this.#cancelCheck?.();
    if (!this.deciding) return;
    const { clock, minMs, decideMs, level } = this.#options;
    const voicedMs = this.#voiced.ms;
    if (voicedMs >= minMs) return this.#decideTurn();
    const now = clock.now();
    const goesOn = this.#speaking ? voicedMs === 0 || level.silentForMs < OWN_SILENCE_MS : level.speaking;
    if (goesOn) {
      this.#endedAt = undefined;
      if (now - this.#startedAt >= UNDECIDED_MS) return this.#decideTurn();
    } else {
      this.#endedAt ??= now;
      const last = this.#undecided.at(-1);
      if (last && voicedMs > 0 && level.relativeDb <= QUIET_DB) last.why ??= "quiet";
      if (this.#undecided.every(({ why }) => why)) return this.#dismiss();
      if (now - this.#endedAt >= decideMs) return this.#decideWithoutText(voicedMs);
    }
    this.#cancelCheck = clock.after(CHECK_MS, () => this.#check());
  }

  /** Goes on if words can stop the assistant later, because most short sounds have none. */
  #decideWithoutText(voicedMs: number): void {
    // The next session reports the speech again if it is a turn.
    const canWait = this.#repeated || this.#hasText && !this.#options.endsSoon() &&
        this.#undecided.every(({ itemId }) => itemId !== undefined);
    if (voicedMs > 0 && !canWait) return this.#decideTurn();
    for (const utterance of this.#undecided) utterance.why ??= voicedMs > 0 ? "late" : "quiet";
    this.#dismiss();
  }

  #decideTurn(): void {
    const interrupts = this.#paused;
    this.#paused = false;
    for (const [index, { itemId }] of this.#end().entries()) this.#confirm(itemId, interrupts && index === 0);
  }

  #dismiss(): void {
    const { on, endsSoon } = this.#options;
    // "Yes" at the end of a question is its answer.
    const isAnswer = this.#undecided.at(-1)?.why === "backchannel" && endsSoon();
    const cutOff = this.#cutOff;
    const utterances = this.#end();
    if (this.#paused) on.resume(cutOff);
    this.#paused = false;
    for (const { itemId, why = "quiet" } of utterances) {
      if (isAnswer) {
        this.#confirm(itemId, false);
        continue;
      }
      const committed = this.#items.decided(itemId, why);
      on.dismissed(itemId, why);
      if (committed && why === "late" && itemId !== undefined) this.#lateTexts.add(itemId);
    }
  }

  /** Ends the decision; returns what it was about. */
  #end(): Utterance[] {
    this.#cancelCheck?.();
    this.#endedAt = undefined;
    this.#repeated = this.#cutOff = false;
    return this.#undecided.splice(0);
  }

  #confirm(itemId: string | undefined, interrupts: boolean): void {
    const { mode, on } = this.#options;
    const committed = this.#items.decided(itemId, "turn");
    on.turn(itemId, interrupts);
    if (committed && mode === "pause") on.answer();
  }
}
