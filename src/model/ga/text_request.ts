import type { Cancel, Clock } from "../../clock.ts";
import type { TextResponse } from "../model_interface.ts";
import { isFatal } from "../session_failure.ts";
import { TEXT_EVENT_ID } from "./ga_client_events.ts";
import type { IgnoredEvent, ServerEvent } from "./server_event.ts";

/** Timeout for the text (ms). */
const TEXT_TIMEOUT_MS = 8_000;

/** Waits for the text of a closing session: `ModelSession.closeWithText`. */
export class TextRequest {
  readonly #cancelTimeout: Cancel;
  readonly #done: (written: TextResponse | undefined) => void;

  /** @param done Called once, with the text or without one. */
  constructor(clock: Clock, done: (written: TextResponse | undefined) => void) {
    this.#done = done;
    this.#cancelTimeout = clock.after(TEXT_TIMEOUT_MS, () => this.finish(undefined));
  }

  /** The end of a spoken response is ignored. */
  handle(event: ServerEvent | IgnoredEvent): void {
    if (event.type === "error" && (event.eventId === TEXT_EVENT_ID || isFatal(event.code))) {
      return this.finish(undefined);
    }
    if (event.type !== "response.done" || event.text === undefined) return;
    this.finish(event.text === "" ? undefined : { text: event.text, usage: event.usage });
  }

  finish(written: TextResponse | undefined): void {
    this.#cancelTimeout();
    this.#done(written);
  }
}
