import { dtmfTones } from "../../audio/dtmf.ts";
import type { CallMessage } from "../../records/call_record.ts";
import type { CallControl, CollectedDigits } from "../../tools/call_control.ts";
import type { CallRecording } from "../call_recording.ts";
import type { AfterPlayback } from "./after_playback.ts";
import type { SecretEntry } from "./secret_entry.ts";
import type { Transfers } from "./transfer.ts";
import type { CallParts } from "../call_parts.ts";

const SAY_GOODBYE = "You are about to hang up. Say goodbye in one short sentence. Ask nothing.";

export interface PhoneControlOptions extends Pick<CallParts, "speech" | "ending" | "events"> {
  readonly afterPlayback: AfterPlayback;
  readonly secrets: SecretEntry;
  readonly transfers: Transfers;
  readonly recording: CallRecording | undefined;
}

/** Actions on the call for the assistant's tools. */
export class PhoneControl implements CallControl {
  readonly #options: PhoneControlOptions;
  #tones = 0;

  constructor(options: PhoneControlOptions) {
    this.#options = options;
  }

  hangUp(): void {
    const { afterPlayback, ending } = this.#options;
    afterPlayback.schedule(SAY_GOODBYE, () => ending.end("assistant hung up", true));
  }

  /** Does nothing for an unknown name: the assistants file may have been reloaded since the tool was made. */
  transfer(name: string): void {
    const { afterPlayback, transfers } = this.#options;
    const destination = transfers.find(name);
    if (!destination) return;
    const instructions =
      `You are about to pass the caller on to "${name}". Tell them so in one short sentence.`;
    afterPlayback.schedule(instructions, () => transfers.start(destination));
  }

  async sendDigits(digits: string): Promise<void> {
    const { events, speech } = this.#options;
    events.emit({ type: "tones started" });
    await speech.playProtected(`digits-${++this.#tones}`, dtmfTones(digits));
  }

  async collectDigits(secret: string): Promise<CollectedDigits> {
    return await this.#options.secrets.collect(secret);
  }

  addMessage(message: CallMessage): void {
    this.#options.events.emit({ type: "message taken", message });
  }

  setRecording(on: boolean): void {
    this.#options.recording?.set(on);
  }

  switchLanguage(language: string, summary: string): void {
    this.#options.events.emit({ type: "language requested", language, summary });
  }
}
