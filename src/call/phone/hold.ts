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
  readonly model: Pick<ModelLink, "requestResponse">;
  readonly speech: Pick<AssistantSpeech, "playHold" | "stopHold">;
  readonly events: CallEventStream;
  readonly clock: Clock;
}

/**
 * Plays something while tools run and nobody speaks: a phrase, once, or the hold tone until the tools are done. Speech of
 * either side stops the tone.
 */
export function playHoldDuringTools({ afterMs, say, model, speech, events, clock }: HoldToneOptions): void {
  let holding = false;
  let phraseSaid = false;
  let cancelNextTone: Cancel | undefined;
  const stopTone = () => {
    if (!cancelNextTone) return;
    cancelNextTone();
    cancelNextTone = undefined;
    speech.stopHold();
  };
  // A late timer leaves a gap between two swells, which begin and end in silence.
  const playTone = () => {
    cancelNextTone = clock.after(LOOP_MS, playTone);
    speech.playHold(LOOP);
  };
  const onSilence = () => {
    if (!say) return playTone();
    if (phraseSaid) return;
    phraseSaid = true;
    model.requestResponse({
      instructions: `Say exactly this and nothing else: ${say}`,
      yieldsToCaller: true,
    });
  };
  // Subscribed before the timer: the tone stops before the assistant's audio is queued behind it.
  events.on(["caller started speaking", "assistant started speaking"], stopTone);
  const timer = new SilenceTimer(clock, afterMs, events, onSilence);
  events.on("tool started", () => {
    if (holding) return;
    holding = true;
    phraseSaid = false;
    timer.start();
  });
  events.on(
    ["tools idle", "tones started", "secret entry started", "models down", "goodbye started", "call ending"],
    () => {
      holding = false;
      timer.stop();
      stopTone();
    },
  );
}
