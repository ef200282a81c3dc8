import type { Cancel, Clock } from "../../clock.ts";
import type { ResponseOutcome, SessionFailure } from "../../model/model_interface.ts";
import type { CallEventStream } from "../call_event_stream.ts";
import type { ModelLink } from "./model_link.ts";

/** Pause before requesting a failed response again (ms). */
const WAITS_MS: readonly number[] = [1_000];
/** The same after the vendor's rate limit, which may last longer. */
const RATE_LIMIT_WAITS_MS: readonly number[] = [1_000, 2_000, 4_000, 8_000];
/** Failures by a rate limit. Source: errors seen in `response.done.status_details` */
const RATE_LIMITS = new Set(["rate_limit_exceeded", "inference_rate_limit_exceeded"]);
const FINISH = "Your last answer was cut off. Finish what you were saying in one or two short sentences.";

/**
 * Requests a failed or incomplete response again. The retry is cancelled when the caller has spoken again or another
 * response has succeeded: the model has answered then.
 */
export class ResponseRetry {
  readonly #clock: Clock;
  readonly #model: Pick<ModelLink, "requestResponse">;
  #cancelTimer: Cancel | undefined;
  /** Responses requested again since the last one that succeeded. */
  #retries = 0;
  #enabled = false;

  constructor(clock: Clock, model: Pick<ModelLink, "requestResponse">, events: CallEventStream) {
    this.#clock = clock;
    this.#model = model;
    events.on("turn confirmed", () => this.#cancel());
  }

  /** Whether a retry is waiting. */
  get due(): boolean {
    return this.#cancelTimer !== undefined;
  }

  /** A session was opened. */
  start(): void {
    this.#enabled = true;
  }

  /** Requests nothing until {@linkcode start} is called again. */
  stop(): void {
    this.#enabled = false;
    this.#cancel();
  }

  /** @returns the failure when the last retry has failed and the caller hears nothing. */
  responseFinished({ status, reason, hasAudio }: ResponseOutcome): SessionFailure | undefined {
    if (status === "completed" || status === "cancelled") {
      this.#retries = 0;
      this.#cancel();
      return undefined;
    }
    if (!this.#enabled) return undefined;
    const waits = reason !== undefined && RATE_LIMITS.has(reason) ? RATE_LIMIT_WAITS_MS : WAITS_MS;
    const waitMs = waits[this.#retries];
    if (waitMs === undefined) {
      // A second response that is cut short is still an answer.
      return hasAudio
        ? undefined
        : { code: reason ?? status, message: "The model failed to answer repeatedly" };
    }
    this.#retries++;
    this.#cancel();
    this.#cancelTimer = this.#clock.after(waitMs, () => {
      this.#cancelTimer = undefined;
      this.#model.requestResponse({ instructions: hasAudio ? FINISH : undefined, yieldsToCaller: true });
    });
    return undefined;
  }

  #cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
