import { createHash } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { OpenSession, SessionOptions } from "../model/session.ts";
import type { Log } from "../telemetry/log.ts";
import type { MediaStream, MediaStreamGate, MediaStreamObserver } from "../twilio/media_stream.ts";
import type { Start } from "../twilio/messages.ts";
import type { IncomingCall } from "../twilio/webhook.ts";
import { Call, CONNECT_MS, type EndReason } from "./call.ts";
import { StreamTokens } from "./stream_tokens.ts";

/** Ended calls remembered, for the request Twilio makes after the stream. */
const REMEMBERED = 1_000;

export interface CallsOptions {
  /** The assistant that answers. */
  readonly session: Omit<SessionOptions, "safetyIdentifier">;
  readonly greeting: string;
  readonly openSession: OpenSession;
  readonly clock: Clock;
  readonly log: Log;
}

/** All calls of this process: announces them, lets their streams in, and remembers how they ended. */
export class Calls implements MediaStreamGate {
  readonly #options: CallsOptions;
  readonly #tokens: StreamTokens;
  readonly #calls = new Map<string, Call>();
  readonly #ended = new Map<string, EndReason>();

  constructor(options: CallsOptions) {
    this.#options = options;
    this.#tokens = new StreamTokens(options.clock, CONNECT_MS);
  }

  /** Calls announced or in progress. */
  get count(): number {
    return this.#calls.size;
  }

  /**
   * The webhook: the call is about to come, and its model session is dialled now.
   *
   * @returns the token its stream has to show.
   */
  announce(incoming: IncomingCall): string {
    const { callSid, from, to } = incoming;
    // Without a CallSid somebody is looking at the TwiML; and Twilio may ask twice for one call.
    if (callSid && !this.#calls.has(callSid)) {
      const call = this.#create(callSid, from);
      this.#log(callSid).info("call announced", { from, to });
      call.prepare();
    }
    return this.#tokens.issue(callSid);
  }

  admit(stream: MediaStream, { callSid, parameters }: Start): MediaStreamObserver | { refused: string } {
    if (!this.#tokens.redeem(parameters.token ?? "", callSid)) return { refused: "no valid token" };
    const call = this.#calls.get(callSid) ?? this.#create(callSid, parameters.from ?? "");
    if (call.connected) return { refused: "call has a stream" };
    call.attach(stream);
    return call;
  }

  turnedAway(why: string): void {
    this.#options.log.warn("stream turned away", { why });
  }

  /** Whether the caller, still on the line after the stream, is owed an explanation. */
  endedBadly(callSid: string): boolean {
    // A call nobody remembers was cut off by a restart.
    return this.#ended.get(callSid) !== "caller hung up";
  }

  endAll(reason: EndReason): void {
    for (const call of [...this.#calls.values()]) call.end(reason);
  }

  #create(callSid: string, from: string): Call {
    const { openSession, session, greeting, clock } = this.#options;
    const log = this.#log(callSid);
    const options = from ? { ...session, safetyIdentifier: anonymise(from) } : session;
    const call = new Call({
      greeting,
      openSession: (observer) => openSession(options, observer, log),
      clock,
      log,
      ended: (reason) => this.#forget(callSid, reason),
    });
    this.#calls.set(callSid, call);
    return call;
  }

  #forget(callSid: string, reason: EndReason): void {
    this.#calls.delete(callSid);
    this.#ended.set(callSid, reason);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > REMEMBERED && oldest !== undefined) this.#ended.delete(oldest);
  }

  #log(callSid: string): Log {
    return this.#options.log.with({ call: callSid });
  }
}

/** A name for the caller that is stable and is not the number. */
function anonymise(from: string): string {
  return createHash("sha256").update(from).digest("hex");
}
