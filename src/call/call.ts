import type { Cancel, Clock } from "../clock.ts";
import type { ModelObserver, ModelSession, SessionFailure, SessionOptions } from "../model/session.ts";
import { ToolCalls } from "../tools/tool_calls.ts";
import type { MediaStream, MediaStreamObserver, Skipped, StreamEnd } from "../twilio/media_stream.ts";
import type { AnsweredBy } from "../twilio/call_status.ts";
import type { CallAssistant, Destination } from "./call_assistant.ts";
import { CallEvents } from "./call_events.ts";
import { CallFeed, type Cost } from "./call_feed.ts";
import { CallRecording, type Recorder } from "../recording/call_recording.ts";
import { CallPhone } from "./phone/call_phone.ts";
import { Conversation } from "./conversation/conversation.ts";
import { type Ending, type EndReason, GOODBYES, type Parting } from "./ending.ts";
import { LineTap } from "../recording/line_tap.ts";
import type { LiveCall } from "../calls/live_calls.ts";
import type { CallRecord } from "./record.ts";
import { MachineWatch } from "./phone/machine_watch.ts";
import { Operator } from "./operator.ts";
import { SessionKeeper } from "./conversation/session_keeper.ts";
import { summarise, type Witnesses } from "./summary.ts";
import { countMinutes, limitTime } from "./time_limit.ts";
import { Transcript } from "./conversation/transcript.ts";
import { Transfer, type TransferFailure } from "./phone/transfer.ts";
import { Watchdog } from "./watchdog.ts";

/** A prepared session that no stream has adopted by then is closed (ms). */
const ADOPTION_MS = 15_000;
/** A call whose stream has not come by then never will: its token has run out (ms). */
export const CONNECT_MS = 30_000;

/** What a call is told of itself and of the assistant that answers it. */
export interface CallOptions extends Witnesses {
  readonly callSid: string;
  readonly assistant: CallAssistant;
  readonly openSession: (
    options: Omit<SessionOptions, "safetyIdentifier">,
    observer: ModelObserver,
  ) => ModelSession;
  /** The call is over after this long without a frame from Twilio (ms). */
  readonly mediaTimeoutMs: number;
  readonly clock: Clock;
  /** An answer was paid for (US dollars). */
  readonly spent?: (usd: number) => "ok" | "warn" | "over";
  /** Minutes have passed on the line; without it, they are not limited. */
  readonly talked?: (minutes: number) => "ok" | "warn" | "over";
  /** Where it is recorded, if its assistant's calls are. */
  readonly recorder?: Recorder | undefined;
  /** What a list shows of it is another: the caller is on the line, or something else. */
  readonly changed: (how: "connected" | "changed") => void;
  /** Called once, when everything of the call is closed. */
  readonly ended: (ending: Ending, facts: CallFacts) => void;
}

/** What a call adds to its record. Its summary may take a few seconds. */
export type CallFacts =
  & { readonly summary: Promise<string | undefined> | undefined }
  & Pick<
    CallRecord,
    | "seconds"
    | "turns"
    | "tokens"
    | "said"
    | "events"
    | "bargeIns"
    | "inputTokens"
    | "outputTokens"
    | "costUsd"
  >;

/**
 * One phone call, from the webhook that announces it to its one summary line.
 *
 * Its conversation begins before the stream exists, and outlives it while the caller is passed on to somebody else.
 */
export class Call implements MediaStreamObserver {
  readonly #options: CallOptions;
  readonly #conversation: Conversation;
  readonly #events: CallEvents;
  readonly #feed: CallFeed;
  readonly #tap: LineTap;
  readonly #recording: CallRecording | undefined;
  /** What a person may see and do. */
  readonly operator: Operator;
  readonly #phone: CallPhone;
  readonly #tools: ToolCalls;
  readonly #sessions: SessionKeeper;
  readonly #mediaTimeout: Watchdog;
  readonly #createdAt: number;
  /** Runs while there is no stream: then nobody else would end the call. */
  #adoption: Cancel | undefined;
  #limit: Cancel | undefined;
  #minutes: Cancel | undefined;
  #stream: MediaStream | undefined;
  readonly #streams: MediaStream[] = [];
  #streamedAt: number | undefined;
  #transfer: Transfer | undefined;
  #parting: EndReason | undefined;
  /** A goodbye that was due while the caller was elsewhere. */
  #overdue: Parting | undefined;
  readonly #machine: MachineWatch | undefined;
  #costUsd = 0;
  #over = false;

  constructor(options: CallOptions) {
    const { clock, log, metrics, span, assistant } = this.#options = options;
    this.#createdAt = clock.now();
    this.#mediaTimeout = new Watchdog(clock, options.mediaTimeoutMs, () => this.end("no media"));
    const events = new CallEvents(clock, (data) => this.#feed.tell({ type: "event", data }));
    const transcript = new Transcript((data) => this.#feed.tell({ type: "said", data }));
    const tap = new LineTap({ clock, atMs: () => events.atMs });
    this.#events = events;
    this.#tap = tap;
    this.#feed = new CallFeed(tap, () => this.#conversation.playhead);
    if (assistant.recording && options.recorder) {
      this.#recording = new CallRecording(options.recorder, options.callSid, events);
    }
    this.#conversation = new Conversation({
      model: assistant.billedModel,
      events,
      transcript,
      tap,
      protectedMs: assistant.protectedMs,
      clock,
      log,
      metrics,
      observer: {
        callerSpeaks: () => this.#phone.callerSpeaks(),
        callerStopped: () => {
          this.#phone.callerStopped();
          this.#machine?.callerStopped();
        },
        assistantSpeaks: () => this.#phone.assistantSpeaks(),
        assistantHeard: () => {
          this.#machine?.assistantHeard();
          this.#phone.assistantHeard();
        },
        answered: ({ spoke }, cost) => {
          this.#phone.answered(spoke);
          this.#tools.answered();
          if (cost) this.#spend(cost);
          this.#feed.tell({ type: "cost", data: this.cost });
          options.changed("changed");
        },
        billed: (cost) => void options.spent?.(cost),
        callerSaid: (transcript) => this.#machine?.callerSaid(transcript),
        functionCalled: (call) => {
          // A goodbye does nothing but say goodbye.
          if (this.#parting) return;
          this.#phone.toolStarted();
          this.#tools.called(call);
        },
        approvalAsked: (request) => {
          if (!this.#parting) this.#phone.approvalAsked(request);
        },
        timed: (startedAt, hops) => {
          metrics.turn(hops);
          span.turn(startedAt, hops);
          this.#feed.tell({ type: "turn", data: hops });
        },
        failed: (failure) => this.#sessionFailed(failure),
      },
    });
    this.#phone = new CallPhone({
      assistant,
      conversation: this.#conversation,
      events,
      clock,
      log,
      hangUp: () => this.end("assistant hung up", true),
      handOver: (destination) => this.#handOver(destination),
      speak: (language, summary) => this.#speak(language, summary),
      record: (on) => void this.operator.record(on),
      silent: () => this.sayGoodbye("silence"),
    });
    if (assistant.voicemail) {
      this.#machine = new MachineWatch({
        behaviour: assistant.voicemail,
        conversation: this.#conversation,
        events,
        clock,
        log,
        leave: (instructions) => this.#part("answering machine", instructions),
        hangUp: () => this.end("answering machine", true),
      });
    }
    this.#tools = new ToolCalls(assistant.tools(this.#phone, (name) => this.#phone.secret(name)), clock, {
      output: (callId, output) => this.#conversation.answerFunction(callId, output),
      settled: () => this.#conversation.say({ lapses: true }),
      ran: ({ name, ok, ms, problem }) => {
        log[ok ? "info" : "warn"]("tool", { name, ok, ms, problem });
        this.#events.add("tool", name, { ok, ms, ...(problem === undefined ? {} : { detail: problem }) });
        if (this.#tools.running === 0) this.#phone.toolsDone();
      },
    });
    this.#sessions = new SessionKeeper({
      assistant,
      functions: this.#tools.declarations,
      openSession: options.openSession,
      conversation: this.#conversation,
      transcript,
      events,
      clock,
    });
    this.operator = new Operator({
      conversation: this.#conversation,
      transcript,
      events,
      feed: this.#feed,
      tap,
      recording: this.#recording,
      destinations: assistant.destinations,
      cost: () => this.cost,
      hangUp: () => this.end("operator hung up", true),
      handOver: (destination) => this.#handOver(destination),
      changed: () => options.changed("changed"),
    });
  }

  /** How many turns the caller had so far. */
  get turns(): number {
    return this.#conversation.turns;
  }

  /** Whether it is recorded now, where it is at all. */
  get recording(): "on" | "paused" | undefined {
    return this.#recording?.state;
  }

  get cost(): Cost {
    const { input, output } = this.#conversation.tokens;
    return { costUsd: this.#costUsd, inputTokens: input, outputTokens: output };
  }

  get state(): LiveCall["state"] {
    if (this.#parting) return "ending";
    return this.#stream ? "connected" : this.#transfer ? "transferring" : "announced";
  }

  /** Bytes of audio that wait here, by where. */
  get buffered(): { readonly playout: number; readonly twilio: number; readonly model: number } {
    return { ...this.#conversation.buffered, twilio: this.#stream?.buffered ?? 0 };
  }

  /** Where the caller is to be passed on to now. */
  get destination(): Destination | undefined {
    return this.#transfer?.destination;
  }

  /** Dials and configures the model and asks for the greeting, before there is a stream. */
  prepare(): void {
    this.#sessions.open();
    this.#adoption = this.#options.clock.after(ADOPTION_MS, () => {
      this.#options.log.warn("session not adopted", { waited_s: ADOPTION_MS / 1000 });
      this.#conversation.drop();
      this.#awaitStream(CONNECT_MS - ADOPTION_MS);
    });
  }

  /** Twilio says who answered a call that we placed. */
  answeredBy(who: AnsweredBy): void {
    this.#machine?.verdict(who);
  }

  /** A stream has started: the caller is on the line, or back on it. */
  attach(stream: MediaStream): void {
    const { clock, log, changed } = this.#options;
    this.#adoption?.();
    this.#stream = stream;
    this.#streams.push(stream);
    this.#events.start();
    if (this.#streams.length === 1) this.#recording?.start(this.#tap);
    log.info("stream started", { stream: stream.streamSid, prepared: this.#conversation.hasSession });
    this.#mediaTimeout.touch();
    const back = this.#transfer;
    this.#transfer = undefined;
    if (!this.#conversation.hasSession) this.#sessions.open(back === undefined);
    this.#conversation.attach(stream);
    this.#phone.attached();
    this.#machine?.connected();
    if (this.#overdue) return this.sayGoodbye(this.#overdue);
    if (back) this.#conversation.say({ instructions: back.welcomeBack() });
    if (this.#streamedAt === undefined) {
      this.#streamedAt = clock.now();
      this.#limitTime();
    }
    changed("connected");
  }

  /** Somebody took the call the caller was passed on to: it is theirs. */
  transferAnswered(): void {
    if (!this.#transfer) return;
    this.#events.add("transfer", this.#transfer.destination.name, { ok: true });
    this.end("transferred", true);
  }

  /** Nobody did: the caller comes back, on a stream of their own. */
  transferFailed(why: TransferFailure): void {
    if (!this.#transfer) return;
    this.#options.log.info("transfer failed", { destination: this.#transfer.destination.name, why });
    this.#transfer.failed(why);
    this.#events.add("transfer", this.#transfer.destination.name, { ok: false, detail: why });
    this.#awaitStream(CONNECT_MS);
  }

  /** Has the assistant say goodbye, and ends the call once that was heard; at once where nobody can say it. */
  sayGoodbye(reason: Parting): void {
    // A caller who is being passed on is told when they are back, if they come back.
    if (this.#transfer && reason !== "drained") this.#overdue ??= reason;
    else this.#part(reason, GOODBYES[reason]);
  }

  #part(reason: EndReason, instructions: string): void {
    if (this.#over || this.#parting) return;
    this.#tools.stop();
    this.#phone.close();
    this.#machine?.close();
    const said = this.#conversation.sayGoodbye(instructions, (heard) => this.end(reason, heard));
    // A machine is owed no explanation.
    if (!said) return this.end(reason, reason === "answering machine");
    this.#options.log.info("goodbye", { reason });
    this.#parting = reason;
    this.#options.changed("changed");
  }

  /**
   * Ends the call: both sides are closed, timers are gone, and the summary is written, once.
   *
   * @param explained Whether the caller has heard why, or needs no telling.
   */
  end(reason: EndReason, explained = reason === "caller hung up"): void {
    if (this.#over) return;
    this.#over = true;
    this.#adoption?.();
    this.#sessions.stop();
    this.#limit?.();
    this.#minutes?.();
    this.#mediaTimeout.stop();
    this.#tools.stop();
    this.#phone.close();
    this.#machine?.close();
    const { facts } = this.#conversation;
    // A service that is told to stop now waits for nothing.
    const wanted = this.#options.assistant.summary && facts.turns > 0 && reason !== "shutdown";
    const summary = this.#conversation.close(wanted);
    this.#stream?.close();
    this.#recording?.end();
    this.#feed.end(reason);
    const now = this.#options.clock.now();
    const ms = now - (this.#streamedAt ?? this.#createdAt);
    summarise(this.#options, { reason, ms, streams: this.#streams, conversation: facts });
    this.#options.ended({ reason, explained }, {
      seconds: Math.round(now - (this.#streamedAt ?? now)) / 1000,
      turns: facts.turns,
      bargeIns: facts.bargeIns,
      inputTokens: facts.tokens.input,
      outputTokens: facts.tokens.output,
      tokens: facts.billed,
      costUsd: this.#costUsd,
      said: facts.said,
      events: this.#events.all,
      summary,
    });
  }

  // What the stream says.

  media(payload: string, timestamp: number): void {
    this.#mediaTimeout.touch();
    this.#conversation.hear(payload, timestamp);
  }

  mark(name: string): void {
    this.#conversation.markEchoed(name);
  }

  dtmf(digit: string): void {
    // Which key it was is not for the log: it may be one of a secret's.
    this.#options.log.info("key pressed");
    this.#phone.digit(digit);
  }

  skipped(why: Skipped): void {
    this.#options.log.warn("frame skipped", { why });
  }

  ended(how: StreamEnd): void {
    this.end(how === "stop" ? "caller hung up" : how === "flood" ? "flood" : "stream lost");
  }

  #awaitStream(ms: number): void {
    this.#adoption?.();
    this.#adoption = this.#options.clock.after(
      ms,
      () => this.end(this.#streams.length ? "stream lost" : "never connected"),
    );
  }

  #limitTime(): void {
    const { clock, assistant: { maxMs }, talked } = this.#options;
    const told = {
      warn: (note: string) => this.#conversation.note(note),
      over: () => this.sayGoodbye("time limit"),
    };
    if (talked) this.#minutes = countMinutes(clock, talked, told);
    if (maxMs !== undefined) this.#limit = limitTime(clock, maxMs, told);
  }

  #spend(usd: number): void {
    this.#costUsd += usd;
    const state = this.#options.spent?.(usd);
    if (state === "over") this.sayGoodbye("spending limit");
    if (state === "warn") {
      this.#conversation.note("This call has nearly used up its budget: come to an end soon.");
    }
  }

  /** Closes the stream, so that Twilio asks how to go on, and is told to dial; false where there is none, or in a goodbye. */
  #handOver(destination: Destination): boolean {
    const stream = this.#stream;
    if (!stream || this.#parting) return false;
    this.#options.log.info("transfer", { destination: destination.name });
    this.#stopTools();
    this.#sessions.stop();
    this.#mediaTimeout.stop();
    this.#transfer = new Transfer(destination);
    this.#stream = undefined;
    this.#conversation.detach();
    this.#phone.detached();
    stream.close();
    this.#awaitStream(destination.ringSeconds * 1000 + CONNECT_MS);
    this.#options.changed("changed");
    return true;
  }

  #speak(language: string, summary: string): void {
    if (!this.#sessions.speak(language, summary)) return;
    this.#options.log.info("language", { language });
    this.#stopTools();
  }

  #stopTools(): void {
    this.#tools.stop();
    this.#phone.toolsStopped();
  }

  #sessionFailed({ code }: SessionFailure): void {
    this.#tools.stop();
    this.#phone.sessionLost();
    // Without a caller on the line it costs nothing yet: the session is dialled again when they are there.
    if (!this.#stream) return;
    if (!this.#parting && this.#sessions.lost(code)) return;
    this.end(this.#parting ?? "model failed");
  }
}
