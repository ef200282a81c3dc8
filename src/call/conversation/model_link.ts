import type { ModelSession, ResponseRequest } from "../../model/model_interface.ts";
import type { PendingReply } from "./pending_reply.ts";
import type { Transcript } from "./transcript.ts";

/** The link to the model: one session at a time. Without one, requests and notes are kept for the next session. */
export class ModelLink {
  readonly #transcript: Transcript;
  readonly #pending: PendingReply;
  /** The session, also while it is not ready. */
  session: ModelSession | undefined;
  /** Whether the session is configured and can speak. */
  ready = false;

  constructor(transcript: Transcript, pending: PendingReply) {
    this.#transcript = transcript;
    this.#pending = pending;
  }

  /** Forgets the session and returns it, still open. */
  release(): ModelSession | undefined {
    const { session } = this;
    this.session = undefined;
    this.ready = false;
    return session;
  }

  /** Makes the model speak, now or when it has finished its current response. */
  requestResponse(request: ResponseRequest): void {
    if (this.session) this.session.requestResponse(request);
    else this.#pending.speechRequested();
  }

  /**
   * Adds a note for the model that the caller does not hear.
   *
   * @param recordable Replaces `text` for later sessions, if `text` must not be recorded.
   */
  addNote(text: string, recordable = text): void {
    this.#transcript.addNote(recordable);
    this.session?.addSystemMessage(text);
  }

  /**
   * Gives the model the result of a function.
   *
   * @param output JSON text.
   * @param caller The session that called it.
   * @param note Text with the call and its result, for a session other than `caller`.
   * @param recordable Replaces `note` for later sessions.
   */
  sendFunctionResult(
    callId: string,
    output: string,
    caller: ModelSession | undefined,
    note: string,
    recordable: string,
  ): void {
    this.#pending.functionAnswered(callId);
    if (!caller || this.session !== caller) return this.addNote(note, recordable);
    this.#transcript.addNote(recordable);
    caller.sendFunctionResult(callId, output);
  }
}
