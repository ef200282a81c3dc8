import { dtmfTones } from "../../audio/dtmf.ts";
import type { Cancel, Clock } from "../../clock.ts";
import type { ApprovalRequest } from "../../model/session.ts";
import type { Log } from "../../telemetry/log.ts";
import type { CollectedDigits, Phone } from "../../tools/phone.ts";
import { AfterSpeech } from "./after_playback.ts";
import type { CallAssistant, Destination } from "../call_assistant.ts";
import type { CallEvents } from "../call_events.ts";
import type { Conversation } from "../conversation/conversation.ts";
import { Keypad } from "./keypad.ts";
import { SilenceWatch } from "./silence_watch.ts";
import { Waiting } from "./waiting.ts";

const SAY_GOODBYE = "You are about to hang up. Say goodbye in one short sentence. Ask nothing.";
const STILL_THERE =
  "The caller has not said anything for a while. Ask in one short sentence whether they are still there.";
const CALLED_OFF =
  "The caller spoke before that happened, so it was called off. Listen to them; do it again if they still want it.";
/** How often it is looked whether the keys of a secret that was given up have ceased (ms). */
const LISTEN_MS = 200;
/** Key by which the caller approves what a remote server wants to do. */
const APPROVE = "1";

export interface CallPhoneOptions {
  readonly assistant: CallAssistant;
  readonly conversation: Conversation;
  readonly events: CallEvents;
  readonly clock: Clock;
  readonly log: Log;
  readonly hangUp: () => void;
  readonly handOver: (destination: Destination) => unknown;
  readonly speak: (language: string, summary: string) => void;
  /** Goes on with the recording, or pauses it. */
  readonly record: (on: boolean) => void;
  /** The caller has been silent for too long. */
  readonly silent: () => void;
}

/** The telephone as the assistant has it in hand: keys in and out, hanging up, passing on, and what silence means. */
export class CallPhone implements Phone {
  readonly #options: CallPhoneOptions;
  readonly #keypad: Keypad;
  readonly #silence: SilenceWatch | undefined;
  readonly #waiting: Waiting | undefined;
  #afterSpeech: AfterSpeech | undefined;
  #approvals: ApprovalRequest[] = [];
  #tones = 0;
  #unmute: Cancel | undefined;
  #over = false;

  constructor(options: CallPhoneOptions) {
    this.#options = options;
    const { assistant: { keypad, silence, waiting }, conversation, clock, silent } = options;
    this.#keypad = new Keypad(clock, { pauseMs: keypad.pauseMs, menu: keypad.menu.keys() }, {
      entered: (digits) => this.#entered(digits),
      chosen: (key) => this.#chosen(key),
    });
    if (silence) {
      this.#silence = new SilenceWatch(clock, silence, {
        prompt: () => conversation.say({ instructions: STILL_THERE, lapses: true }),
        giveUp: silent,
      });
    }
    if (waiting) {
      this.#waiting = new Waiting(clock, waiting, {
        say: (phrase) =>
          conversation.say({ instructions: `Say exactly this and nothing else: ${phrase}`, lapses: true }),
        play: (audio) => conversation.hum("hold tone", audio),
        stop: () => conversation.hush(),
      });
    }
  }

  hangUp(): void {
    this.#after(SAY_GOODBYE, this.#options.hangUp);
  }

  transfer(name: string): void {
    const destination = this.#options.assistant.destinations.find((each) => each.name === name);
    if (!destination) return;
    const instructions =
      `You are about to pass the caller on to "${name}". Tell them so in one short sentence.`;
    this.#after(instructions, () => this.#options.handOver(destination));
  }

  async sendDigits(digits: string): Promise<void> {
    this.#waiting?.done();
    await this.#options.conversation.play(`digits-${++this.#tones}`, dtmfTones(digits));
  }

  async collectDigits(secret: string): Promise<CollectedDigits> {
    const { conversation, assistant, events } = this.#options;
    this.#waiting?.done();
    this.#silence?.pause("keypad");
    conversation.mute(true);
    const collected = await this.#keypad.collect(secret, {
      digits: assistant.keypad.secrets.get(secret) ?? 30,
    });
    // Which keys they were is nobody's business, nor that of the record.
    events.add("keys", secret, { ok: "digits" in collected, detail: "secret" });
    if ("digits" in collected) this.#listenAgain();
    else this.#listenLater();
    return collected;
  }

  /** Another collection may have begun. */
  #listenAgain(): void {
    if (!this.#keypad.listening) return;
    this.#options.conversation.mute(false);
    this.#silence?.resume("keypad");
  }

  /** Where no secret came of it, more of its keys may come, and their tones. */
  #listenLater(): void {
    if (this.#over) return;
    if (this.#keypad.idle || !this.#keypad.listening) return this.#listenAgain();
    this.#unmute?.();
    this.#unmute = this.#options.clock.after(LISTEN_MS, () => this.#listenLater());
  }

  record(on: boolean): void {
    this.#options.record(on);
  }

  switchLanguage(language: string, summary: string): void {
    this.#options.speak(language, summary);
  }

  /** Digits the caller entered under a name, for tools; nobody else sees them. */
  secret(name: string): string | undefined {
    return this.#keypad.secret(name);
  }

  // What happens on the line.

  digit(digit: string): void {
    this.#silence?.digit();
    const approval = this.#approvals[0];
    if (approval && this.#keypad.idle) return this.#decide(approval, digit === APPROVE);
    this.#keypad.digit(digit);
  }

  callerSpeaks(): void {
    this.#silence?.callerSpeaks();
    this.#waiting?.callerSpeaks();
    if (!this.#afterSpeech) return;
    this.#afterSpeech.callOff();
    this.#afterSpeech = undefined;
    this.#options.log.info("called off");
    this.#options.conversation.note(CALLED_OFF);
  }

  callerStopped(): void {
    this.#silence?.callerStopped();
    this.#waiting?.callerStopped();
  }

  assistantSpeaks(): void {
    this.#waiting?.assistantSpeaks();
    this.#silence?.assistantSpeaks();
  }

  assistantHeard(): void {
    this.#silence?.assistantHeard();
    this.#waiting?.assistantHeard();
  }

  answered(spoke: boolean): void {
    this.#afterSpeech?.answered(spoke);
  }

  toolStarted(): void {
    this.#silence?.pause("tools");
    this.#waiting?.started();
  }

  toolsDone(): void {
    this.#silence?.resume("tools");
    this.#waiting?.done();
  }

  /** The session is lost, and with it the tools at work; what was said is heard, and what was to follow it follows. */
  sessionLost(): void {
    this.callerStopped();
    this.toolsStopped(this.#afterSpeech?.said);
  }

  /** Nothing will come of the tools at work: the session they were for is gone. */
  toolsStopped(said = false): void {
    if (!said) {
      this.#afterSpeech?.callOff();
      this.#afterSpeech = undefined;
    }
    this.#approvals = [];
    this.#keypad.cancel();
    this.toolsDone();
  }

  /** The caller is on the line. */
  attached(): void {
    this.#silence?.resume("away");
  }

  /** The caller is elsewhere. */
  detached(): void {
    this.#silence?.pause("away");
  }

  /** A remote server may do something only if the caller says so, by a key nobody can talk them or the model out of. */
  approvalAsked(request: ApprovalRequest): void {
    const { assistant, conversation, log } = this.#options;
    if (!assistant.approvals.get(request.server)?.includes(request.name)) {
      log.warn("tool refused", { server: request.server, tool: request.name });
      return conversation.answerApproval(request.id, false);
    }
    conversation.say({
      // A key pressed before the caller knows what it stands for approves nothing.
      answered: ({ spoke }) => {
        if (spoke) this.#approvals.push(request);
        else conversation.answerApproval(request.id, false);
      },
      instructions:
        `Tell the caller what "${request.name}" is about to do with ${request.arguments.slice(0, 1_000)}, ` +
        "and ask them to press 1 to allow it, or any other key to refuse.",
    });
  }

  /** The call is over, or about to be: no timer is left, and what waits for a key waits no longer. */
  close(): void {
    this.#afterSpeech?.callOff();
    this.#afterSpeech = undefined;
    this.#approvals = [];
    this.#over = true;
    this.#unmute?.();
    this.#keypad.close();
    this.#silence?.stop();
    this.#waiting?.done();
  }

  #decide(request: ApprovalRequest, approved: boolean): void {
    this.#approvals = this.#approvals.filter((each) => each !== request);
    this.#options.log.info("tool approval", { server: request.server, tool: request.name, approved });
    this.#options.events.add("keys", approved ? APPROVE : "another key", {
      ok: approved,
      detail: `${request.server}: ${request.name}`,
    });
    this.#options.conversation.answerApproval(request.id, approved);
    this.#options.conversation.say({ lapses: true });
  }

  #entered(digits: string): void {
    const { conversation, events } = this.#options;
    events.add("keys", digits);
    conversation.note(`The caller pressed these keys: ${digits}`);
    conversation.say({ lapses: true });
  }

  /** At once, without a word of the model: it may be what the caller flees from. */
  #chosen(key: string): void {
    const { assistant: { keypad, destinations }, events, handOver } = this.#options;
    const destination = destinations.find(({ name }) => name === keypad.menu.get(key));
    if (!destination) return;
    events.add("keys", key, { detail: destination.name });
    handOver(destination);
  }

  /** What is being said now may be part of an answer that is not done: its end counts. */
  #after(instructions: string, then: () => void): void {
    const { clock, conversation } = this.#options;
    this.#afterSpeech?.callOff();
    this.#afterSpeech = new AfterSpeech({
      clock,
      instructions,
      say: (request) => conversation.say({ ...request, lapses: true }),
      whenHeard: (done) => conversation.whenHeard(done),
      then,
    });
  }
}
