import type { Destination } from "../assistants/assistant.ts";
import type { CallAssistant } from "../assistants/call_assistant.ts";
import type { Call } from "../call/call.ts";
import { CONNECT_MS } from "../call/call_line.ts";
import type { CallEnd } from "../call/end_reason.ts";
import type { TransferFailure } from "../call/phone/transfer.ts";
import type { Log } from "../telemetry/log.ts";
import type { AnsweredBy } from "../twilio/call_status.ts";
import type { MediaStream, MediaStreamObserver, RejectReason } from "../twilio/media_stream.ts";
import type { StreamStart } from "../twilio/messages.ts";
import { maxSpeechMs } from "../twilio/speech_length.ts";
import { callOfStream } from "../twilio/stream_parameters.ts";
import type { IncomingCall } from "../twilio/voice_webhook.ts";
import type { CallRefusal } from "./admission.ts";
import { AdmittedCalls } from "./admitted_calls.ts";
import type { CallsOptions } from "./calls_options.ts";
import { StreamTokens } from "./stream_tokens.ts";

export type { CallsOptions };

/** Streams that a call may lose before its caller hears an apology. */
const MAX_LOSSES = 3;

/** What connects a call's next stream. */
export interface NextStream {
  readonly incoming: IncomingCall;
  readonly token: string;
  /** Wait before Twilio opens it, because it could not open the one before (s). */
  readonly pauseSeconds?: number;
}

/** All calls of this process: announces them, connects their streams, and says what follows a stream. */
export class Calls extends AdmittedCalls {
  readonly #tokens: StreamTokens;

  constructor(options: CallsOptions) {
    super(options);
    this.#tokens = new StreamTokens(options.clock, CONNECT_MS, options.tokenSecret);
  }

  /**
   * The voice webhook announces a call. Its model session is connected now.
   *
   * @param assistant The assistant that answers.
   * @param spokenMs How long Twilio speaks before it opens the stream (ms).
   * @returns The token for the call's stream (undefined without a CallSid), or why the call is refused.
   */
  announce(
    incoming: IncomingCall,
    assistant: CallAssistant,
    spokenMs = 0,
  ): { readonly token: string | undefined } | { readonly refused: CallRefusal } {
    const { callSid, from, to } = incoming;
    // A request without a CallSid is a test of the webhook, for which no stream can follow.
    if (!callSid) return { token: undefined };
    const refused = this.reserve(incoming, assistant);
    if (refused) return { refused };
    // Twilio may request one call twice.
    if (!this.calls.has(callSid)) {
      const call = this.create(incoming, assistant);
      this.#log(callSid).info("call announced", { from, to, assistant: assistant.name });
      call.prepare(spokenMs);
    }
    return { token: this.#issueToken(incoming, spokenMs) };
  }

  /** A stream started: attaches it to its call if the token is valid. */
  admit(
    stream: MediaStream,
    start: StreamStart,
  ): MediaStreamObserver | { readonly refused: RejectReason } {
    const { callSid, parameters } = start;
    const incoming = this.incoming.get(callSid) ?? callOfStream(start);
    if (!this.#tokens.redeem(parameters.token ?? "", subjectOf(incoming))) {
      return { refused: "no valid token" };
    }
    // A call that ended before its stream started must not start again.
    if (this.ended.has(callSid)) return { refused: "call is over" };
    const call = this.calls.get(callSid) ?? this.#adopt(incoming);
    if (!call) return { refused: "not admitted" };
    if (call.receiving) return { refused: "call has a stream" };
    if (!call.releaseStream()) return { refused: "call is over" };
    return call.attach(stream);
  }

  /** What to say before the transfer or the next stream; undefined if there is nothing to say. */
  sentence(callSid: string): string | undefined {
    return this.calls.get(callSid)?.sentence;
  }

  /** Transfer destination after the stream, if any. */
  destination(callSid: string): Destination | undefined {
    return this.calls.get(callSid)?.transfers.current;
  }

  /** A transfer failed. Returns what connects the caller again; undefined if the call is unknown, or over. */
  transferFailed(callSid: string, reason: TransferFailure): NextStream | undefined {
    const call = this.calls.get(callSid);
    const incoming = this.incoming.get(callSid);
    if (!call?.transfers.current || !incoming) return undefined;
    call.transfers.destinationFailed(reason);
    return call.ending.ended ? undefined : this.#nextStream(incoming);
  }

  /** Twilio reports who answered an outbound call. */
  reportAnsweredBy(callSid: string, answeredBy: AnsweredBy): void {
    this.calls.get(callSid)?.reportAnsweredBy(answeredBy);
  }

  /** Twilio reports that a call has ended. A call whose stream receives audio is ended by the stream instead. */
  callerHungUp(callSid: string): void {
    this.dialled.end(callSid);
    this.release(callSid);
    const call = this.calls.get(callSid);
    if (!call?.receiving) call?.ending.end("caller hung up");
  }

  /** Twilio requests TwiML after the stream. Returns how the call ended; undefined if a restart interrupted it. */
  afterStreamRequested(callSid: string): CallEnd | undefined {
    return this.ended.afterStreamRequested(callSid);
  }

  /**
   * Twilio asks what follows after a stream, and the caller is still on the line. A call goes on with its session; one that
   * ended because its stream was lost gets another part.
   *
   * @returns undefined for any other call.
   */
  resume(callSid: string): NextStream | undefined {
    const call = this.calls.get(callSid);
    const running = this.incoming.get(callSid);
    if (call && running) {
      if (!call.streamRequested()) return undefined;
      const { pauseSeconds } = call;
      const spokenMs = maxSpeechMs(call.sentence ?? "") + pauseSeconds * 1_000;
      return { incoming: running, token: this.#issueToken(running, spokenMs), pauseSeconds };
    }
    const ended = this.ended.get(callSid);
    if (ended?.end.reason !== "stream lost" || ended.losses >= MAX_LOSSES || this.admission.draining) {
      return undefined;
    }
    const { incoming, assistant } = ended;
    if (this.bills.exceedsBudget(incoming, assistant)) return undefined;
    this.bills.open(incoming, assistant);
    this.create(incoming, assistant).prepare(0);
    this.#log(callSid).info("call resumed");
    return this.#nextStream(incoming);
  }

  /** Creates a call that was announced to another instance; undefined when it is not admitted here. */
  #adopt(incoming: IncomingCall): Call | undefined {
    const assistant = this.options.createAssistant(incoming);
    const refused = assistant ? this.admitNew(incoming, assistant) : "unknown outbound call";
    if (assistant && !refused) return this.create(incoming, assistant);
    const { callSid, from } = incoming;
    this.#log(callSid).warn("stream of an unannounced call refused", { from, reason: refused });
    return undefined;
  }

  #nextStream(incoming: IncomingCall): NextStream {
    return { incoming, token: this.#issueToken(incoming) };
  }

  #issueToken(incoming: IncomingCall, extraMs = 0): string {
    return this.#tokens.issue(subjectOf(incoming), extraMs);
  }

  #log(callSid: string): Log {
    return this.options.log.with({ call: callSid });
  }
}

/** What a token is valid for. An outbound call's stream cannot pass for an inbound one by leaving out its seal. */
function subjectOf({ callSid, outbound }: IncomingCall): string {
  return outbound && callSid ? `${callSid} outbound` : callSid;
}
