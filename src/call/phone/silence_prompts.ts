import type { Clock } from "../../clock.ts";
import type { CallEnding } from "../call_ending.ts";
import type { CallEventStream } from "../call_event_stream.ts";
import type { ModelLink } from "../conversation/model_link.ts";
import { SilenceTimer } from "./silence_timer.ts";

const STILL_THERE =
  "The caller has not said anything for a while. Ask in one short sentence whether they are still there.";

export interface SilencePromptsOptions {
  /** Silence of both sides before each prompt, and before the call ends (ms). */
  readonly afterMs: number;
  /** How often the caller is asked whether they are still there. */
  readonly prompts: number;
  readonly model: Pick<ModelLink, "say">;
  readonly ending: Pick<CallEnding, "sayGoodbye">;
  readonly events: CallEventStream;
  readonly clock: Clock;
}

/** Why silence is not measured. */
type Pause = "away" | "tools" | "secret entry";

/**
 * Asks a silent caller whether they are still there, and ends the call of one who never answers. Speech and keys of the
 * caller reset the count; speech of the assistant, prompts included, only restarts the wait.
 */
export class SilencePrompts {
  readonly #options: SilencePromptsOptions;
  readonly #timer: SilenceTimer;
  readonly #pauses = new Set<Pause>(["away"]);
  #prompted = 0;
  #stopped = false;

  constructor(options: SilencePromptsOptions) {
    this.#options = options;
    const { afterMs, clock, events } = options;
    this.#timer = new SilenceTimer(clock, afterMs, events, () => this.#onSilence());
    events.on("caller started speaking", () => this.#prompted = 0);
    events.on("key pressed", () => {
      this.#prompted = 0;
      this.#update();
    });
    events.on("stream attached", () => this.#resume("away"));
    events.on("stream detached", () => this.#pause("away"));
    events.on("tool started", () => this.#pause("tools"));
    events.on("tools idle", () => this.#resume("tools"));
    events.on("secret entry started", () => this.#pause("secret entry"));
    events.on("secret entry ended", () => this.#resume("secret entry"));
    events.on(["goodbye started", "call ending"], () => this.#stop());
  }

  #pause(reason: Pause): void {
    this.#pauses.add(reason);
    this.#update();
  }

  #resume(reason: Pause): void {
    if (this.#pauses.delete(reason)) this.#update();
  }

  #stop(): void {
    this.#stopped = true;
    this.#update();
  }

  #update(): void {
    if (this.#stopped || this.#pauses.size > 0) this.#timer.stop();
    else this.#timer.start();
  }

  #onSilence(): void {
    const { prompts, model, ending } = this.#options;
    if (this.#prompted >= prompts) {
      this.#stop();
      return ending.sayGoodbye("silence");
    }
    // A prompt the model never speaks is followed by the next one.
    this.#update();
    this.#prompted++;
    model.say({ instructions: STILL_THERE, yieldsToCaller: true });
  }
}
