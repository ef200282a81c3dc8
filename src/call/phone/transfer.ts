import type { Destination } from "../../assistants/assistant.ts";
import type { CallAssistant } from "../../assistants/call_assistant.ts";
import { type CallLine, CONNECT_MS } from "../call_line.ts";
import type { CallParts } from "../call_parts.ts";

/** The `DialCallStatus` of a `<Dial>` that was not answered. Source: https://www.twilio.com/docs/voice/twiml/dial#dialcallstatus */
export type TransferFailure = keyof typeof FAILURES;

const FAILURES = {
  busy: "the line was busy",
  "no-answer": "nobody answered",
  failed: "the call could not be placed",
  canceled: "the call was cancelled",
};

export function isTransferFailure(dialStatus: string): dialStatus is TransferFailure {
  return Object.hasOwn(FAILURES, dialStatus);
}

export interface TransfersOptions
  extends Pick<CallParts, "model" | "ending" | "events" | "timeline" | "log"> {
  readonly assistant: Pick<CallAssistant, "destinations" | "keypad">;
  readonly line: CallLine;
}

/** Transfers the caller to a destination, and takes them back when it does not answer. */
export class Transfers {
  readonly #options: TransfersOptions;
  #current: { readonly destination: Destination; failure?: TransferFailure } | undefined;

  constructor(options: TransfersOptions) {
    this.#options = options;
    const { assistant, events, ending, model, timeline } = options;
    events.on("menu key pressed", ({ key }) => {
      const destination = this.find(assistant.keypad.menu.get(key));
      if (!destination) return;
      timeline.add("keypad", timeline.recordable(key), { detail: destination.name });
      // Without the model: the caller may be trying to get away from it.
      this.start(destination);
    });
    events.on("stream attached", () => {
      const instructions = this.#welcomeBack();
      this.#current = undefined;
      if (instructions && !ending.started) model.requestResponse({ instructions });
    });
  }

  /** The destination of the transfer in progress. */
  get current(): Destination | undefined {
    return this.#current?.destination;
  }

  find(name: string | undefined): Destination | undefined {
    return this.#options.assistant.destinations.find((destination) => destination.name === name);
  }

  /**
   * Closes the stream, so that Twilio requests TwiML and gets a `<Dial>`.
   *
   * @param spokenMs How long Twilio speaks before it dials (ms).
   * @returns false when no caller is on the line, or the call is ending.
   */
  start(destination: Destination, spokenMs = 0): boolean {
    const { ending, events, line } = this.#options;
    if (!line.connected || ending.started) return false;
    events.emit({ type: "transfer started", destination });
    this.#current = { destination };
    line.detach(spokenMs + destination.ringSeconds * 1000 + CONNECT_MS);
    return true;
  }

  /** The destination answered, so the call ends here. */
  destinationAnswered(): void {
    if (!this.#current) return;
    const { ending, timeline } = this.#options;
    timeline.add("transfer", this.#current.destination.name, { ok: true });
    ending.end("transferred", true);
  }

  /** The destination did not answer: the caller comes back, on a new stream. */
  destinationFailed(failure: TransferFailure): void {
    if (!this.#current) return;
    const { events, line, log, timeline } = this.#options;
    const { name } = this.#current.destination;
    log.info("transfer failed", { destination: name, reason: failure });
    this.#current.failure = failure;
    timeline.add("transfer", name, { ok: false, detail: failure });
    line.awaitStream(CONNECT_MS);
    events.emit({ type: "transfer failed" });
  }

  #welcomeBack(): string | undefined {
    if (!this.#current) return undefined;
    const { destination, failure } = this.#current;
    const reason = failure ? FAILURES[failure] : "the caller returned";
    return `You transferred the caller to "${destination.name}", but ${reason}. The caller is on the line with you again. ` +
      "Say so, apologise, and ask what else you can do. Do not try the same transfer again unless they ask for it.";
  }
}
