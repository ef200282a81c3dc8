import type { Clock } from "../../clock.ts";
import type { CallEnding } from "../call_ending.ts";
import type { CallEventStream } from "../call_event_stream.ts";
import type { ModelLink } from "../conversation/model_link.ts";
import { SilenceTimer } from "./silence_timer.ts";

const STILL_THERE =
  "The caller has been silent for a while. Ask in one short sentence whether they are still there.";

export interface SilencePromptsOptions {
  /** Silence of both sides before each prompt, and before the call ends (ms). */
  readonly afterMs: number;
  /** How often the caller is asked whether they are still there. */
  readonly prompts: number;
  readonly model: Pick<ModelLink, "requestResponse">;
  readonly ending: Pick<CallEnding, "sayGoodbye">;
  readonly events: CallEventStream;
  readonly clock: Clock;
}

/** A reason not to measure silence. */
type Pause = "away" | "tools" | "secret entry" | "call ending";

/**
 * Asks a silent caller whether they are still there, and ends the call of one who never answers. Speech and keys of the
 * caller reset the count; speech of the assistant, prompts included, only restarts the wait.
 */
export function promptSilentCaller(options: SilencePromptsOptions): void {
  const { afterMs, prompts, model, ending, events, clock } = options;
  const pauses = new Set<Pause>(["away"]);
  let prompted = 0;
  const timer = new SilenceTimer(clock, afterMs, events, () => {
    if (prompted >= prompts) {
      pause("call ending");
      return ending.sayGoodbye("silence");
    }
    // If the model does not speak the prompt, the next one follows after the same wait.
    update();
    prompted++;
    model.requestResponse({ instructions: STILL_THERE, yieldsToCaller: true });
  });
  const update = () => pauses.size > 0 ? timer.stop() : timer.start();
  const pause = (reason: Pause) => {
    pauses.add(reason);
    update();
  };
  const resume = (reason: Pause) => {
    if (pauses.delete(reason)) update();
  };
  events.on("caller started speaking", () => prompted = 0);
  events.on("key pressed", () => {
    prompted = 0;
    update();
  });
  events.on("stream attached", () => resume("away"));
  events.on("stream detached", () => pause("away"));
  events.on("tool started", () => pause("tools"));
  events.on("tools idle", () => resume("tools"));
  events.on("secret entry started", () => pause("secret entry"));
  events.on("secret entry ended", () => resume("secret entry"));
  // Without a model, nobody asks.
  events.on(["models down", "goodbye started", "call ending"], () => pause("call ending"));
}
