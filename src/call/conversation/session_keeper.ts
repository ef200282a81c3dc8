import type { Cancel, Clock } from "../../clock.ts";
import type {
  FunctionDeclaration,
  ModelObserver,
  ModelSession,
  SessionOptions,
} from "../../model/session.ts";
import type { CallAssistant, Persona } from "../call_assistant.ts";
import type { CallEvents } from "../call_events.ts";
import type { Conversation } from "./conversation.ts";
import { Reconnect } from "./reconnect.ts";
import type { Transcript } from "./transcript.ts";

const GO_ON =
  "You were cut off. Finish what you were saying, or do what you were about to do, in one or two short sentences.";

export interface SessionKeeperOptions {
  readonly assistant: CallAssistant;
  readonly functions: readonly FunctionDeclaration[];
  readonly openSession: (
    options: Omit<SessionOptions, "safetyIdentifier">,
    observer: ModelObserver,
  ) => ModelSession;
  readonly conversation: Conversation;
  readonly transcript: Transcript;
  readonly events: CallEvents;
  readonly clock: Clock;
}

/** Keeps a call in a model session: opens it, another one for another language, and another where one is lost. */
export class SessionKeeper {
  readonly #options: SessionKeeperOptions;
  readonly #reconnect: Reconnect;
  #persona: Persona;
  /** A lost session is about to be dialled again. */
  #redial: Cancel | undefined;

  constructor(options: SessionKeeperOptions) {
    this.#options = options;
    this.#persona = options.assistant;
    this.#reconnect = new Reconnect(options.clock);
  }

  /**
   * Opens a session. It is told what was said before, and goes on where another broke off; or it greets the caller.
   *
   * @param speaks Whether it says anything by itself.
   */
  open(speaks = true): void {
    const { conversation, transcript } = this.#options;
    const { greeting } = this.#persona;
    const before = transcript.retold();
    const { owing } = conversation;
    this.#dial(before && `You go on with a call that has begun. So far:\n${before}`);
    if (!speaks) return;
    if (greeting && !transcript.begun) conversation.say({ instructions: greeting });
    else if (owing) conversation.say({ instructions: GO_ON, lapses: true });
  }

  /**
   * Goes on in another language: a voice cannot be changed once it has spoken, so another session has the other one.
   *
   * @returns false when the assistant does not speak it.
   */
  speak(language: string, summary: string): boolean {
    const { assistant, conversation, events } = this.#options;
    const persona = assistant.languages.get(language);
    if (!persona) return false;
    events.add("language", language);
    this.#persona = persona;
    conversation.drop();
    const before = `You go on with a call that has begun. So far: ${summary}`;
    this.#dial(before);
    // Instructions hold for one answer; what it was told stays.
    conversation.say({ instructions: before });
    return true;
  }

  /** The session was lost: another goes on in a moment, if that is any use. */
  lost(code: string): boolean {
    const waitMs = this.#reconnect.afterLoss(code);
    if (waitMs === undefined) return false;
    this.#options.events.add("reconnect", code);
    this.#redial = this.#options.clock.after(waitMs, () => this.open());
    return true;
  }

  /** Dials no more by itself. */
  stop(): void {
    this.#redial?.();
  }

  #dial(before: string): void {
    const { functions, conversation, openSession } = this.#options;
    const { session } = this.#persona;
    const options = functions.length > 0 ? { ...session, functions } : session;
    conversation.open((observer) => openSession(options, observer), before);
  }
}
