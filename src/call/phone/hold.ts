import { holdTone } from "../../audio/hold_tone.ts";
import type { Cancel, Clock } from "../../clock.ts";
import type { CallEventStream } from "../call_event_stream.ts";
import type { AssistantSpeech } from "../conversation/assistant_speech.ts";
import type { ModelLink } from "../conversation/model_link.ts";
import { SilenceTimer } from "./silence_timer.ts";

/** Length of the tone, which is repeated (ms): one swell. */
const LOOP_MS = 2_000;
const LOOP = holdTone(LOOP_MS);

export interface HoldToneOptions {
  /** Silence before the caller hears anything (ms). */
  readonly afterMs: number;
  /** A phrase the model says instead of the tone. */
  readonly say?: string | undefined;
  readonly model: Pick<ModelLink, "say">;
  readonly speech: Pick<AssistantSpeech, "playHold" | "stopHold">;
  readonly events: CallEventStream;
  readonly clock: Clock;
}

/**
 * Fills the silence while tools run: a phrase, once, or a tone until the tools are done. Speech of either side stops the
 * tone.
 */
export class HoldTone {
  readonly #options: HoldToneOptions;
  readonly #timer: SilenceTimer;
  #holding = false;
  #phraseSaid = false;
  #tone: Cancel | undefined;

  constructor(options: HoldToneOptions) {
    this.#options = options;
    const { afterMs, clock, events } = options;
    // Subscribed before the timer: the tone stops before the assistant's audio is queued behind it.
    events.on(["caller started speaking", "assistant started speaking"], () => this.#stopTone());
    this.#timer = new SilenceTimer(clock, afterMs, events, () => this.#onSilence());
    events.on("tool started", () => this.#start());
    events.on(
      ["tools idle", "tones started", "secret entry started", "goodbye started", "call ending"],
      () => this.#stop(),
    );
  }

  #start(): void {
    if (this.#holding) return;
    this.#holding = true;
    this.#phraseSaid = false;
    this.#timer.start();
  }

  #stop(): void {
    this.#holding = false;
    this.#timer.stop();
    this.#stopTone();
  }

  #onSilence(): void {
    const { say, model } = this.#options;
    if (!say) return this.#playTone();
    if (this.#phraseSaid) return;
    this.#phraseSaid = true;
    model.say({ instructions: `Say exactly this and nothing else: ${say}`, yieldsToCaller: true });
  }

  // A late timer leaves a gap between two swells, which begin and end in silence.
  #playTone(): void {
    const { clock, speech } = this.#options;
    this.#tone = clock.after(LOOP_MS, () => this.#playTone());
    speech.playHold(LOOP);
  }

  #stopTone(): void {
    if (!this.#tone) return;
    this.#tone();
    this.#tone = undefined;
    this.#options.speech.stopHold();
  }
}
