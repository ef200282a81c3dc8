import type { HeardItem, ModelObserver, ModelSession, SpeechEdge } from "../../model/model_interface.ts";

/**
 * The IDs of one session's items and function calls, unique within the call. Some servers number them anew in each session;
 * an ID that another session of the call has used gets a suffix.
 */
export class SessionIds {
  readonly #taken: Set<string>;
  readonly #inCall = new Map<string, string>();
  readonly #inSession = new Map<string, string>();

  /** @param taken The IDs of all sessions of the call. */
  constructor(taken: Set<string>) {
    this.#taken = taken;
  }

  /** The call's ID for one of the session's. */
  inCall(id: string): string {
    const known = this.#inCall.get(id);
    if (known !== undefined) return known;
    let unique = id;
    for (let number = 2; this.#taken.has(unique); number++) unique = `${id}-${number}`;
    this.#taken.add(unique);
    this.#inCall.set(id, unique);
    this.#inSession.set(unique, id);
    return unique;
  }

  /** The session's ID for one of the call's; undefined for an ID of another session. */
  inSession(id: string): string | undefined {
    return this.#inSession.get(id);
  }
}

/** Reports a session's events with the call's IDs. */
export function withCallIds(observer: ModelObserver, ids: SessionIds): ModelObserver {
  const inCall = (id: string) => ids.inCall(id);
  const edge = (at: SpeechEdge | undefined) => at && { ...at, itemId: inCall(at.itemId) };
  const optional = (id: string | undefined) => id === undefined ? undefined : inCall(id);
  return {
    ...observer,
    callerSpeechStarted: (at) => observer.callerSpeechStarted(edge(at)),
    callerSpeechStopped: (at) => observer.callerSpeechStopped(edge(at)),
    turnCommitted: (id) => observer.turnCommitted(optional(id)),
    assistantAudio: (id, audio) => observer.assistantAudio(inCall(id), audio),
    itemAdded: (id, previous, speaker) => observer.itemAdded(inCall(id), optional(previous), speaker),
    transcriptDelta: (id, speaker, text) => observer.transcriptDelta(inCall(id), speaker, text),
    callerTranscript: (id, text, usage) => observer.callerTranscript(inCall(id), text, usage),
    assistantTranscript: (id, text) => observer.assistantTranscript(inCall(id), text),
    functionCalled: (call) => observer.functionCalled({ ...call, callId: inCall(call.callId) }),
    approvalRequested: (request) => observer.approvalRequested({ ...request, id: inCall(request.id) }),
    mcpCallStarted: (call) => observer.mcpCallStarted({ ...call, id: inCall(call.id) }),
    mcpCallEnded: (call, result) => observer.mcpCallEnded({ ...call, id: inCall(call.id) }, result),
  };
}

/** Gives a session its own IDs for the call's. */
export function withSessionIds(session: ModelSession, ids: SessionIds): ModelSession {
  return {
    get hasPendingResponse() {
      return session.hasPendingResponse;
    },
    get bufferedBytes() {
      return session.bufferedBytes;
    },
    appendAudio: (payload) => session.appendAudio(payload),
    requestResponse: (request) => session.requestResponse(request),
    addSystemMessage: (text) => session.addSystemMessage(text),
    restore: (items) => session.restore(items),
    probe: () => session.probe(),
    stopListening: () => session.stopListening(),
    cancelResponse: () => session.cancelResponse(),
    setCallerPresent: (present) => session.setCallerPresent(present),
    closeWithText: (...request) => session.closeWithText(...request),
    close: () => session.close(),
    // A call of an earlier session is known here by the ID it was restored with.
    sendFunctionResult: (id, output) => session.sendFunctionResult(ids.inSession(id) ?? id, output),
    sendApproval(id, approved) {
      const own = ids.inSession(id);
      if (own !== undefined) session.sendApproval(own, approved);
    },
    deleteItem(id) {
      const own = ids.inSession(id);
      if (own !== undefined) session.deleteItem(own);
    },
    interrupt(heard) {
      session.interrupt(heard.flatMap(({ itemId, heardMs }): HeardItem[] => {
        const own = ids.inSession(itemId);
        return own === undefined ? [] : [{ itemId: own, heardMs }];
      }));
    },
  };
}
