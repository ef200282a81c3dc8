import { billedModel } from "../../model/model_endpoint.ts";
import type { ModelSession, ResponseRequest, SessionFailure } from "../../model/model_interface.ts";
import type { PendingReply } from "./pending_reply.ts";
import type { SessionOwner } from "../succession/session_owner.ts";
import type { Transcript } from "./transcript.ts";

/** The link to the session that serves the caller. Without one, requests and notes are kept for the next session. */
export class ModelLink {
  readonly #transcript: Transcript;
  readonly #pending: PendingReply;
  #owner: SessionOwner | undefined;

  constructor(transcript: Transcript, pending: PendingReply) {
    this.#transcript = transcript;
    this.#pending = pending;
  }

  /** Set once, before the first session is opened. */
  connect(owner: SessionOwner): void {
    this.#owner = owner;
  }

  /** The session that serves the caller: it is configured and can speak. */
  get session(): ModelSession | undefined {
    return this.#owner?.serving?.session;
  }

  /** Name of the serving session's model in prices and metrics. */
  get billedModel(): string | undefined {
    const endpoint = this.#owner?.serving?.endpoint;
    return endpoint && billedModel(endpoint);
  }

  /** Whether a session serves or is being prepared. */
  get opened(): boolean {
    return (this.#owner?.serving ?? this.#owner?.successor) !== undefined;
  }

  /** Gives the session away, still open. */
  release(): ModelSession | undefined {
    return this.#owner?.release();
  }

  /** Closes all sessions. The caller's audio waits for the next one. */
  drop(): void {
    this.#owner?.drop();
  }

  /** The session answers no more, although its line is open. */
  fail(failure: SessionFailure): void {
    this.#owner?.fail(failure);
  }

  /** Makes the model speak, now or when it has finished its current response. */
  requestResponse(request: ResponseRequest): void {
    if (!this.session) return this.#pending.speechRequested(request);
    this.#owner?.responseDue();
    this.session.requestResponse(request);
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
   * Gives the model the result of a function: JSON text. A session that did not call the function has the call in its
   * history; without a session, the next one gets both.
   */
  sendFunctionResult(callId: string, output: string): void {
    this.#pending.functionAnswered(callId);
    this.#transcript.setFunctionResult(callId, output);
    this.session?.sendFunctionResult(callId, output);
  }
}
