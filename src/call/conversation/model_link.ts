import type { HeardItem, ModelSession, ResponseRequest } from "../../model/model_interface.ts";
import type { CallTimeline } from "../call_timeline.ts";
import type { PendingReply } from "./pending_reply.ts";
import type { Transcript } from "./transcript.ts";

/** The link to the model: one session at a time. Without one, requests and notes are kept for the next session. */
export class ModelLink {
  readonly #transcript: Transcript;
  readonly #pending: PendingReply;
  readonly #timeline: CallTimeline;
  #session: ModelSession | undefined;
  #ready = false;

  constructor(transcript: Transcript, pending: PendingReply, timeline: CallTimeline) {
    this.#transcript = transcript;
    this.#pending = pending;
    this.#timeline = timeline;
  }

  get session(): ModelSession | undefined {
    return this.#session;
  }

  /** Whether the session is configured and can speak. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Bytes of caller audio waiting in the session's socket. */
  get bufferedBytes(): number {
    return this.#session?.bufferedBytes ?? 0;
  }

  open(session: ModelSession): void {
    this.#session = session;
  }

  setReady(): void {
    this.#ready = true;
  }

  /** Forgets the session and returns it, still open. */
  release(): ModelSession | undefined {
    const session = this.#session;
    this.#session = undefined;
    this.#ready = false;
    return session;
  }

  /** Makes the model speak, now or when it has finished its present response. */
  say(request: ResponseRequest): void {
    if (this.#session) this.#session.requestResponse(request);
    else this.#pending.addUnspoken();
  }

  /** Adds a note for the model that the caller does not hear. Later sessions get it too. */
  note(text: string): void {
    this.#transcript.addNote(text, this.#timeline.atMs);
    this.#session?.addSystemMessage(text);
  }

  /**
   * Gives the model the result of a function. Later sessions are given the note.
   *
   * @param output JSON text.
   * @param note Says the same to a session that did not call the function.
   * @param caller The session that called it.
   */
  sendFunctionResult(callId: string, output: string, note: string, caller: ModelSession | undefined): void {
    this.#pending.functionAnswered(callId);
    if (!caller || this.#session !== caller) return this.note(note);
    this.#transcript.addNote(note, this.#timeline.atMs);
    caller.sendFunctionResult(callId, output);
  }

  sendApproval(id: string, approved: boolean): void {
    this.#session?.sendApproval(id, approved);
  }

  /** Reports how much of each interrupted item the caller heard. */
  interrupt(heard: readonly HeardItem[]): void {
    this.#session?.interrupt(heard);
  }

  cancelResponse(): void {
    this.#session?.cancelResponse();
  }
}
