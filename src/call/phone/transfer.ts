import type { Destination } from "../call_assistant.ts";

/** Why nobody took a call: what Twilio says of a `<Dial>`. Source: https://www.twilio.com/docs/voice/twiml/dial#dialcallstatus */
export type TransferFailure = keyof typeof REASONS;

const REASONS = {
  busy: "the line was busy",
  "no-answer": "nobody answered",
  failed: "the call could not be placed",
  canceled: "the call was given up",
};

/** Whether it says that nobody took the call. */
export function isTransferFailure(dialStatus: string): dialStatus is TransferFailure {
  return Object.hasOwn(REASONS, dialStatus);
}

/** A caller on the way to somebody else, who may come back. */
export class Transfer {
  #why: TransferFailure | undefined;

  constructor(readonly destination: Destination) {}

  failed(why: TransferFailure): void {
    this.#why = why;
  }

  /** What the assistant is told when the caller is back. */
  welcomeBack(): string {
    const why = this.#why ? REASONS[this.#why] : "the caller came back";
    return `You had passed the caller on to "${this.destination.name}", but ${why}, and they are back with you. Tell them so, ` +
      "apologise, and ask what else you can do. Do not try the same again unless they ask for it.";
  }
}
