/** A call that is announced or in progress, for those who look on. */
export interface LiveCall {
  readonly callSid: string;
  /** What the network said: E.164, or `anonymous`, `client:…`, `sip:…`. */
  readonly from: string;
  readonly to: string;
  /** Name of the assistant that answers. */
  readonly assistant: string;
  readonly state: "announced" | "connected" | "transferring" | "ending";
  /** When it was announced, ISO 8601. */
  readonly startedAt: string;
  /** Why it ended, once it has. */
  readonly reason?: string;
}

/** Something happened to a call. */
export interface CallChange {
  readonly type: "announced" | "connected" | "ended";
  readonly call: LiveCall;
}

/** The calls of this process, to look at. */
export interface LiveCalls {
  list(): readonly LiveCall[];
  /** Hands every change to `listener`, from now until what it returned is called. */
  watch(listener: (change: CallChange) => void): () => void;
}
