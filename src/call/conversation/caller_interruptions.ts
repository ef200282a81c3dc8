import type { HeardItem } from "../../model/model_interface.ts";
import type { Playout } from "../../playout/playout.ts";
import type { AssistantSpeechOptions } from "./assistant_speech.ts";
import type { InterruptionGuard } from "./interruption_guard.ts";
import { Interruptions } from "./interruptions.ts";
import type { PlaybackPause } from "./playback_pause.ts";
import { isRecordedItem } from "./recorded_speech.ts";

/** A backchannel within this much of the end of the assistant's speech (ms) is an answer. */
const ENDS_SOON_MS = 1_000;
const GO_ON =
  "A sound of the caller cut you off, but the caller did not mean to interrupt you. Continue exactly where you " +
  "stopped. Do not mention the interruption.";

export interface CallerInterruptionsOptions extends
  Pick<
    AssistantSpeechOptions,
    "clock" | "events" | "interruptions" | "level" | "model" | "timeline" | "transcript"
  > {
  readonly playout: Playout;
  readonly pause: PlaybackPause;
  readonly guard: InterruptionGuard;
  /** Stops the playback; returns how much was heard of each interrupted item. */
  readonly interrupt: () => readonly HeardItem[];
  /** Whether the assistant says goodbye. */
  readonly isGoodbye: () => boolean;
}

/** Decides about interruptions in one call. Emits "turn confirmed" and "turn dismissed". */
export function watchInterruptions(options: CallerInterruptionsOptions): Interruptions {
  const { clock, events, guard, interrupt, isGoodbye, level, model, pause, playout, timeline, transcript } =
    options;
  const settings = options.interruptions;
  const bargeIn = () => {
    const heard = interrupt();
    model.session?.interrupt(heard);
    // In the other modes, the server has cancelled it.
    if (settings.mode === "pause") model.session?.cancelResponse();
    if (heard[0]) timeline.add("barge-in", heard[0].itemId);
    events.emit({ type: "playback interrupted", heard: heard[0] });
  };
  let serverCancelled = false;
  const pending = () => model.session?.hasPendingResponse === true;
  const interruptions = new Interruptions({
    ...settings,
    level,
    clock,
    unheard: () => playout.progress.unheardMs >= 1 || pending(),
    endsSoon: () => !pending() && playout.progress.unheardMs <= ENDS_SOON_MS,
    isProtected: () => !guard.interruptible || isGoodbye(),
    on: {
      pause: () => {
        serverCancelled = false;
        pause.add("speech");
      },
      resume: (cutOff) => {
        pause.remove("speech");
        // The session was lost, or the server cancelled its response although told not to: the rest is missing.
        if (serverCancelled || cutOff) model.requestResponse({ instructions: GO_ON, yieldsToCaller: true });
      },
      turn: (itemId, interrupts) => {
        if (interrupts) bargeIn();
        pause.remove("speech");
        events.emit({ type: "turn confirmed", itemId, interrupts });
      },
      dismissed: (itemId, why) => {
        if (why === "empty" && itemId !== undefined) {
          model.session?.deleteItem(itemId);
          transcript.revert(itemId);
        }
        events.emit({ type: "turn dismissed", itemId, why });
      },
      answer: () => {
        if (!isGoodbye()) model.requestResponse({ yieldsToCaller: true });
      },
    },
  });
  events.on("caller started speaking", ({ itemId }) => interruptions.speechStarted(itemId));
  events.on("caller stopped speaking", () => interruptions.speechStopped());
  events.on("interruption allowed", () => {
    if (model.session && interruptions.protectionEnded()) bargeIn();
  });
  events.on("response finished", ({ response: { status, reason } }) => {
    if (interruptions.deciding && status === "cancelled" && reason === "turn_detected") {
      serverCancelled = true;
    }
  });
  if (settings.protectGreeting) protectGreeting(options);
  return interruptions;
}

/** Protects the first response of the call until it has been heard. */
function protectGreeting({ events, guard, playout }: CallerInterruptionsOptions): void {
  let release: (() => void) | undefined;
  let attached = false;
  let greeted = false;
  events.on("stream attached", () => attached = true);
  events.on("assistant started speaking", ({ itemId }) => {
    // Recorded speech has a protection of its own.
    if (greeted || isRecordedItem(itemId)) return;
    greeted = true;
    release = guard.protect();
  });
  events.on(["response finished", "session failed"], ({ type }) => {
    // Before the caller is on the line, the next session starts over.
    if (type === "session failed" && !attached) greeted = false;
    if (release) playout.whenPlayed(release);
    release = undefined;
  });
}
