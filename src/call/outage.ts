import type { OutagePlan } from "../assistants/call_assistant.ts";
import { voicemailBeep } from "../audio/beep.ts";
import { isCallable } from "../phone_number.ts";
import type { CallMessage, Span } from "../records/call_record.ts";
import { maxSpeechMs } from "../twilio/speech_length.ts";
import { type CallLine, CONNECT_MS } from "./call_line.ts";
import type { CallParts } from "./call_parts.ts";
import { Voicemail } from "./outage_voicemail.ts";
import type { Transfers } from "./phone/transfer.ts";

const SORRY = "We are sorry. The assistant cannot be reached at the moment.";
/** What Twilio says before the caller is transferred, or leaves a message. */
const TRANSFERRING = `${SORRY} You are being connected.`;
const AFTER_THE_TONE = `${SORRY} Please leave a message after the tone.`;
const BEEP = voicemailBeep();

export interface OutageOptions
  extends Pick<CallParts, "conversation" | "ending" | "events" | "timeline" | "clock" | "log"> {
  /** Missing: the call ends. */
  readonly plan: OutagePlan | undefined;
  /** The other party's number, or what Twilio sends instead. */
  readonly party: string;
  readonly transfers: Pick<Transfers, "start">;
  readonly line: Pick<CallLine, "detach">;
  /** Records the call from now on, if it is not recorded; undefined: it cannot be recorded. */
  readonly record: (() => void) | undefined;
}

/**
 * `announced`: the owner's audio plays, or Twilio speaks between two streams.
 * `away`: the caller is being transferred.
 */
type State = "models work" | "announced" | "voicemail" | "away";

/** Serves the caller when all models are down: plays a recorded sentence, then does what the assistant's file says. */
export class Outage {
  readonly #options: OutageOptions;
  #state: State = "models work";
  #sentence: string | undefined;
  #voicemail: { readonly listener: Voicemail; readonly fromMs: number } | undefined;

  constructor(options: OutageOptions) {
    this.#options = options;
    const { events } = options;
    events.on("models down", () => this.#start());
    events.on(["transfer started", "call ending"], () => this.#saveVoicemail());
    events.on("transfer started", () => {
      if (this.#state !== "models work") this.#state = "away";
    });
    events.on("transfer failed", () => {
      if (this.#state === "away") this.#requestCallback();
    });
  }

  /** What Twilio says before the caller's transfer or next stream; undefined if there is nothing to say. */
  get sentence(): string | undefined {
    return this.#sentence;
  }

  #start(): void {
    const { conversation: { speech }, ending, log, plan } = this.#options;
    // An answering machine gets no explanation.
    if (!plan || ending.machineAnswered) return ending.end("model failed");
    this.#state = "announced";
    const then = this.#possible(plan);
    log.warn("outage", { then });
    // Before the audio that promises it.
    if (then === "callback") this.#leaveMessage("callback");
    // The audio says what follows, so it must be what the file says.
    if (!plan.audio || then !== plan.then) return this.#act(then, false);
    speech.playProtected("outage", plan.audio).then(() => {
      if (this.#state === "announced" && !ending.ended) this.#act(then, true);
    });
  }

  /** What can be done: nobody can call a hidden number, and a voicemail needs a recording. */
  #possible({ then }: OutagePlan): OutagePlan["then"] {
    const { party, record } = this.#options;
    const possible = then === "voicemail" && !record ? "callback" : then;
    return possible === "callback" && !isCallable(party) ? "hang up" : possible;
  }

  /** @param informed Whether the caller has heard the owner's audio. */
  #act(then: OutagePlan["then"], informed: boolean): void {
    const { ending, line, plan, transfers } = this.#options;
    switch (then) {
      case "hang up":
        return ending.end("model failed", informed);
      case "callback":
        return ending.end("callback requested", informed);
      case "transfer": {
        if (!informed) this.#sentence = TRANSFERRING;
        if (!plan?.to || !transfers.start(plan.to, maxSpeechMs(this.#sentence ?? ""))) {
          this.#requestCallback();
        }
        return;
      }
      case "voicemail": {
        if (informed) return this.#takeVoicemail();
        this.#sentence = AFTER_THE_TONE;
        return line.detach(maxSpeechMs(AFTER_THE_TONE) + CONNECT_MS);
      }
    }
  }

  /** The caller is on the line, or back on it. */
  callerBack(): void {
    if (this.#options.ending.ended) return;
    // Twilio has said it. If the stream was lost instead, the audio goes on by itself.
    const spoken = this.#sentence !== undefined;
    this.#sentence = undefined;
    if (this.#state === "away") this.#requestCallback();
    else if (this.#state === "announced" && spoken) this.#takeVoicemail();
  }

  #takeVoicemail(): void {
    const { clock, conversation, ending, record, timeline } = this.#options;
    this.#state = "voicemail";
    record?.();
    // The caller speaks for the recording now.
    timeline.setPaused(false);
    conversation.muteCaller(false);
    conversation.speech.playProtected("beep", BEEP).then(() => {
      if (this.#state !== "voicemail" || ending.ended) return;
      const onEnd = () => ending.end(listener.heard ? "voicemail" : "model failed", true);
      const listener = new Voicemail({ level: conversation.level, clock, onEnd });
      this.#voicemail = { listener, fromMs: timeline.atMs };
    });
  }

  #saveVoicemail(): void {
    if (!this.#voicemail) return;
    const { listener, fromMs } = this.#voicemail;
    this.#voicemail = undefined;
    listener.stop();
    const toMs = this.#options.timeline.atMs;
    if (listener.heard) this.#leaveMessage("voicemail", { fromMs, toMs });
  }

  /** The transfer failed: the caller's number is kept, if it can be called. */
  #requestCallback(): void {
    const { ending, party } = this.#options;
    if (!isCallable(party)) return ending.end("model failed");
    this.#leaveMessage("callback");
    ending.end("callback requested");
  }

  #leaveMessage(kind: CallMessage["kind"], recorded?: Span): void {
    const { events, party, plan } = this.#options;
    const message = {
      kind,
      name: "",
      number: party,
      message: "",
      urgent: false,
      ...(recorded && { recorded }),
    };
    events.emit({ type: "message taken", message });
    plan?.saveMessage(message);
  }
}
