/**
 * The caller's unanswered turn, as positions in the caller's audio (ms). A turn is one or more utterances; it ends when the
 * assistant answers.
 */
export class CallerTurn {
  #startMs: number | undefined;
  /** End of the last utterance that ended. */
  #endMs = 0;
  /** Start of the utterance in progress. */
  #openFromMs: number | undefined;
  #answeredUntilMs = 0;
  /** While set, a session after the one that reported the turn has not confirmed it: where its live audio starts. */
  #unconfirmedFromMs: number | undefined;

  /** Undefined if everything is answered. */
  get startMs(): number | undefined {
    return this.#startMs;
  }

  /** @param text Whether the utterances that ended count as answered, because they are given as text. */
  answeredUntilMs(text: boolean): number {
    return text ? Math.max(this.#answeredUntilMs, this.#endMs) : this.#answeredUntilMs;
  }

  /** Start of the unanswered audio; Infinity if there is none. */
  unansweredFromMs(text: boolean): number {
    return (text ? this.#openFromMs : this.#startMs) ?? Infinity;
  }

  started(atMs: number): void {
    // The other session had the audio of the turn again, and heard no speech in it.
    if (this.#unconfirmedFromMs !== undefined && atMs >= this.#unconfirmedFromMs) this.#startMs = undefined;
    this.#unconfirmedFromMs = undefined;
    this.#startMs = Math.min(this.#startMs ?? atMs, atMs);
    this.#openFromMs = atMs;
  }

  ended(atMs: number): void {
    if (this.#openFromMs === undefined) return;
    this.#endMs = Math.max(this.#endMs, atMs);
    this.#openFromMs = undefined;
  }

  /** @param speaking Whether an utterance is in progress: it is not answered. */
  answered(speaking: boolean): void {
    if (!speaking) this.#openFromMs = undefined;
    this.#settle();
  }

  /** Another session receives the audio from `fromMs` on; audio from `liveFromMs` on has not been spoken yet. */
  receiverChanged(fromMs: number, liveFromMs: number): void {
    if (this.#startMs === undefined) return;
    // The session does not get the audio of the ended utterances: they were given as text.
    if (fromMs >= this.#endMs) this.#settle();
    if (this.#startMs !== undefined) this.#unconfirmedFromMs = liveFromMs;
  }

  #settle(): void {
    this.#answeredUntilMs = Math.max(this.#answeredUntilMs, this.#endMs);
    this.#startMs = this.#openFromMs;
    this.#unconfirmedFromMs = undefined;
  }
}
