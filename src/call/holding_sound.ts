import { holdTone } from "../audio/hold_tone.ts";
import { BYTES_PER_MS } from "../audio/line_format.js";
import type { Cancel } from "../clock.ts";
import type { CallParts } from "./call_parts.ts";
import type { AssistantSpeech } from "./conversation/assistant_speech.ts";
import type { CallerLevel } from "./conversation/caller_level.ts";

/** Length of the tone, which is repeated (ms): one swell. */
const TONE_MS = 2_000;
const TONE = holdTone(TONE_MS);
const DEFAULT_AFTER_MS = 800;
/** A lost session that is replaced sooner is not heard (ms). A suspect line has been silent for longer. */
const SHORT_FAULT_MS = 400;
/** A caller who is back on another stream has heard nothing for about this long (ms): Twilio opened it meanwhile. */
const RETURN_MS = 400;
/** The assistant's audio waits for a phrase with at most this much left (ms); a longer one is cut. */
const FINISH_PHRASE_MS = 3_000;
/** How long after a fault the sound waits for the answer (ms). */
const RECOVERY_MS = 5_000;
/** How far the playout is behind the sound's length at most (ms). */
const LAG_MS = 500;
/** Delay before another look, while the caller speaks or no line is there (ms). */
const RETRY_MS = 100;

type Fault = "no session" | "suspect line" | "no answer";

export interface HoldingSoundOptions extends Pick<CallParts, "events" | "clock"> {
  readonly speech: Pick<AssistantSpeech, "attached" | "playHold" | "stopHold"> & {
    readonly playout: Pick<AssistantSpeech["playout"], "paused" | "status">;
  };
  readonly level: CallerLevel;
  /** Whether the caller waits for an answer. */
  readonly isDue: () => boolean;
  /** Silence before the sound (ms). Default: 800. */
  readonly afterMs?: number | undefined;
  /** A phrase (µ-law) that is played once in each fault, before the tone. */
  readonly audio?: Uint8Array | undefined;
}

/**
 * Plays a phrase and then a quiet tone while the model's session is lost, its line stands still or its answer is late, and
 * until the answer that is due afterwards. It never plays over either side's speech.
 */
export class HoldingSound {
  readonly #options: HoldingSoundOptions;
  readonly #faults = new Set<Fault>();
  /** The fault is not heard before. */
  #soundFrom = 0;
  /** The fault is over; the answer may take until then. */
  #recoveringUntil = -Infinity;
  /** The call's first session is not ready. */
  #awaitsFirst = false;
  #phrasePlayed = false;
  /** When either side was last heard. */
  #heardAt = -Infinity;
  /** End of the sound in the playout, and of its phrase. */
  #soundUntil = -Infinity;
  #phraseUntil = -Infinity;
  #cancelCheck: Cancel | undefined;

  constructor(options: HoldingSoundOptions) {
    this.#options = options;
    const { events, level } = options;
    events.on("service lost", ({ reason }) => {
      this.#awaitsFirst = reason === "first";
      this.#begin("no session");
    });
    events.on("service restored", () => this.#end("no session"));
    events.on(
      "line suspect",
      ({ suspect }) => suspect ? this.#begin("suspect line") : this.#end("suspect line"),
    );
    events.on("answer late", () => this.#begin("no answer"));
    events.on(["function called", "response finished"], () => this.#faults.delete("no answer"));
    // Subscribed before the audio is queued: it is not played behind the tone.
    events.on("assistant started speaking", () => this.#assistantSpeaks());
    let attached = false;
    events.on("stream attached", () => {
      this.#heard(attached ? RETURN_MS : 0);
      attached = true;
    });
    events.on(["assistant audio played", "playback interrupted"], () => this.#heard());
    level.onEdge((speaking) => {
      if (speaking) this.#stopSound();
      this.#heard(speaking ? 0 : level.silentForMs);
    });
    events.on(
      ["stream detached", "transfer started", "goodbye started", "models down", "call ending"],
      () => {
        this.#faults.clear();
        this.#stop();
      },
    );
  }

  #begin(fault: Fault): void {
    if (this.#faults.size === 0 && !this.#recovering) {
      this.#soundFrom = this.#options.clock.now() + (fault === "no session" ? SHORT_FAULT_MS : 0);
      // The phrase is for a fault: an answer that is late may come in the middle of it.
      this.#phrasePlayed = fault === "no answer";
    }
    this.#faults.add(fault);
    this.#check();
  }

  #end(fault: Fault): void {
    this.#faults.delete(fault);
    // The first session may be ready shortly after the caller's stream. That is not a fault.
    if (this.#awaitsFirst && fault === "no session" && this.#soundUntil === -Infinity) return;
    this.#recoveringUntil = this.#options.clock.now() + RECOVERY_MS;
  }

  get #recovering(): boolean {
    return this.#options.clock.now() < this.#recoveringUntil && this.#options.isDue();
  }

  #heard(agoMs = 0): void {
    this.#heardAt = Math.max(this.#heardAt, this.#options.clock.now() - agoMs);
  }

  #assistantSpeaks(): void {
    const phraseMs = this.#phraseUntil - this.#options.clock.now();
    if (phraseMs <= 0 || phraseMs > FINISH_PHRASE_MS) this.#stopSound();
    // Otherwise the assistant's audio is queued behind the phrase: it must not be stopped here any more.
    this.#soundUntil = this.#phraseUntil = -Infinity;
    this.#recoveringUntil = -Infinity;
    this.#faults.delete("no answer");
    this.#heard();
  }

  /** Looks whether the sound is due, and when to look again. */
  #check(): void {
    this.#cancelCheck?.();
    this.#cancelCheck = undefined;
    if (!this.#options.isDue()) this.#faults.delete("no answer");
    if (this.#faults.size === 0 && !this.#recovering) return;
    const { clock } = this.#options;
    const waitMs = Math.max(this.#silentAt(), this.#soundUntil) - clock.now();
    if (waitMs <= 0) this.#play();
    this.#cancelCheck = clock.after(
      waitMs <= 0 ? this.#soundUntil - clock.now() : waitMs,
      () => this.#check(),
    );
  }

  /** When neither side will have been heard for long enough. */
  #silentAt(): number {
    const { afterMs = DEFAULT_AFTER_MS, clock, level, speech } = this.#options;
    const now = clock.now();
    if (level.speaking || !speech.attached || speech.playout.paused) return now + RETRY_MS;
    const { leadMs, queuedMs } = speech.playout.status;
    const ownMs = now - this.#soundUntil < LAG_MS ? LAG_MS : 0;
    if (leadMs + queuedMs > ownMs) this.#heardAt = now + leadMs + queuedMs;
    return Math.max(this.#heardAt + afterMs, this.#soundFrom);
  }

  #play(): void {
    const { audio, clock, speech } = this.#options;
    const phrase = this.#phrasePlayed ? undefined : audio;
    this.#phrasePlayed = true;
    const sound = phrase ?? TONE;
    speech.playHold(sound);
    this.#soundUntil = clock.now() + sound.length / BYTES_PER_MS;
    if (phrase) this.#phraseUntil = this.#soundUntil;
  }

  #stop(): void {
    this.#cancelCheck?.();
    this.#cancelCheck = undefined;
    this.#recoveringUntil = -Infinity;
    this.#stopSound();
  }

  #stopSound(): void {
    if (this.#soundUntil > this.#options.clock.now()) this.#options.speech.stopHold();
    this.#soundUntil = this.#phraseUntil = -Infinity;
  }
}
