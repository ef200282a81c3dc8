import { dtmfTones } from "../../audio/dtmf.ts";
import type { CallControl, CollectedDigits } from "../../tools/call_control.ts";
import type { AfterPlayback } from "./after_playback.ts";
import type { Transfers } from "./transfer.ts";
import type { CallParts } from "../call_parts.ts";

const SAY_GOODBYE = "You are about to hang up. Say goodbye in one short sentence. Ask no question.";

export interface PhoneControlOptions extends Pick<CallParts, "speech" | "ending" | "events" | "timeline"> {
  readonly afterPlayback: AfterPlayback;
  readonly collectSecret: (name: string) => Promise<CollectedDigits>;
  readonly transfers: Transfers;
  readonly recorded: boolean;
}

/** Actions on the call for the assistant's tools. */
export function createPhoneControl(options: PhoneControlOptions): CallControl {
  const { afterPlayback, collectSecret, transfers, recorded, speech, ending, events, timeline } = options;
  let tones = 0;
  return {
    hangUp: () => afterPlayback.schedule(SAY_GOODBYE, () => ending.end("assistant hung up", true)),
    transfer: (name) => {
      const destination = transfers.find(name);
      // The assistants file may have been reloaded since the tool was made.
      if (!destination) return;
      const instructions =
        `You are about to transfer the caller to "${name}". Tell them in one short sentence.`;
      afterPlayback.schedule(instructions, () => transfers.start(destination));
    },
    sendDigits: async (digits) => {
      events.emit({ type: "tones started" });
      await speech.playProtected(`digits-${++tones}`, dtmfTones(digits));
    },
    collectDigits: collectSecret,
    addMessage: (message) => events.emit({ type: "message taken", message }),
    setRecording: (on) => {
      if (recorded) timeline.setPaused(!on);
    },
    switchLanguage: (language, summary) => events.emit({ type: "language requested", language, summary }),
  };
}
