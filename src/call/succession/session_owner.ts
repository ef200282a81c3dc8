import type { Clock } from "../../clock.ts";
import type { EndpointHealth } from "../../model/endpoint_health.ts";
import type { ModelEndpoint, SuccessionReason } from "../../model/model_endpoint.ts";
import type { ModelSession, ResponseOutcome, SessionFailure } from "../../model/model_interface.ts";
import { isRefusal } from "../../model/session_failure.ts";
import { AnswerWait } from "./answer_wait.ts";
import { DrainingSessions } from "./draining_sessions.ts";
import { NamedTimers } from "./named_timers.ts";
import { OutageClock } from "./outage_clock.ts";
import { PlannedSwap } from "./planned_swap.ts";
import { RetryPolicy, WORKS_MS } from "./retry_policy.ts";
import type { SessionHost } from "./session_host.ts";
import { SessionSlot } from "./session_slot.ts";

/** Part of the context in use at which another session takes over. */
const CONTEXT_LIMIT = 0.85;

export interface SessionOwnerOptions {
  readonly host: SessionHost;
  /** The call's endpoints: the assistant's own, then its fallbacks. */
  readonly endpoints: readonly ModelEndpoint[];
  readonly health: EndpointHealth;
  readonly clock: Clock;
  readonly firstAudioMs: number;
  readonly outageMs: number;
  /** From 0 to 1. Default: `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/**
 * The only code that opens or closes a call's sessions: at most one serves, and at most one is its successor.
 * `docs/design/survival.md` has the states and the numbers.
 */
export class SessionOwner {
  readonly #host: SessionHost;
  readonly #clock: Clock;
  readonly #retry: RetryPolicy;
  readonly #planned: PlannedSwap;
  readonly #answer: AnswerWait;
  readonly #outage: OutageClock;
  readonly #timers: NamedTimers<"dial" | "works">;
  #serving: SessionSlot | undefined;
  #successor: SessionSlot | undefined;
  readonly #draining: DrainingSessions;
  #lastCode = "unknown";
  #callerPresent = false;
  #held = false;

  constructor(options: SessionOwnerOptions) {
    const { host, endpoints, health, clock, firstAudioMs, outageMs, random = Math.random } = options;
    this.#host = host;
    this.#clock = clock;
    this.#retry = new RetryPolicy(endpoints, health, clock);
    this.#planned = new PlannedSwap({
      clock,
      random,
      isQuiet: () => host.isQuiet(),
      dial: (reason) => this.#dialPlanned(reason),
      swap: () => this.#swap(),
    });
    this.#answer = new AnswerWait(clock, { firstAudioMs, outageMs }, {
      late: () => host.isAnswerDue() ? host.answerLate() : undefined,
      tooLong: () => this.#answerMissing(),
    });
    this.#outage = new OutageClock(clock, outageMs, {
      changed: (lost, reason, afterMs) => host.serviceChanged(lost, reason, afterMs),
      over: () => this.#down(),
    });
    this.#draining = new DrainingSessions(clock);
    this.#timers = new NamedTimers(clock);
  }

  get serving(): SessionSlot | undefined {
    return this.#serving;
  }

  get successor(): SessionSlot | undefined {
    return this.#successor;
  }

  /** Number of replaced sessions that are still open. */
  get draining(): number {
    return this.#draining.count;
  }

  /** Opens a session, if none is open or about to be. */
  start(): void {
    if (this.#serving || this.#successor || this.#timers.has("dial")) return;
    this.#dial("first");
  }

  /** Leaves the serving session at once, for one in another language. */
  switchLanguage(): void {
    if (this.#held) return;
    this.#timers.cancel("dial");
    this.#closeSuccessor();
    if (this.#serving) this.#leave(this.#serving, "language");
    this.#dial("language");
    this.#updateOutage("language");
  }

  /** A caller came to the line, or left it. Only while one is there, a lost session is replaced. */
  setCallerPresent(present: boolean): void {
    this.#callerPresent = present;
    if (present) {
      if (!this.#serving && !this.#successor) this.#retry.callerArrived();
      this.start();
      // The greeting may have been requested before the caller came.
      if (this.#host.isAnswerDue()) this.responseDue();
      return this.#updateOutage("first");
    }
    this.#timers.cancel("dial");
    this.#answer.stop();
    this.#outage.stop();
  }

  /** The serving session was asked to speak. */
  responseDue(): void {
    if (this.#serving && this.#callerPresent && !this.#held) this.#answer.start();
  }

  /** The serving session has failed, although its line has not. */
  fail(failure: SessionFailure): void {
    const slot = this.#serving;
    if (!slot) return;
    this.#failed(slot, failure);
    slot.session.close();
  }

  /** The call comes to its end: the successor closes, and no session is opened any more. */
  holdSuccession(): void {
    this.#held = true;
    this.#stopTimers();
    this.#closeSuccessor();
  }

  /** Closes all sessions; the next caller gets a new one. */
  drop(): void {
    this.#stopTimers();
    this.#closeSuccessor();
    this.#serving?.close();
    this.#serving = undefined;
  }

  /** Gives the serving session away, still open. */
  release(): ModelSession | undefined {
    const session = this.#serving?.release();
    this.#serving = undefined;
    return session;
  }

  /** Closes everything. */
  close(): void {
    this.holdSuccession();
    this.drop();
    this.#draining.close();
  }

  #stopTimers(): void {
    this.#timers.cancelAll();
    this.#planned.stop();
    this.#answer.stop();
    this.#outage.stop();
  }

  #closeSuccessor(): void {
    this.#successor?.close();
    this.#successor = undefined;
  }

  #dial(reason: SuccessionReason, endpoint = this.#retry.next): void {
    if (this.#held) return;
    if (!endpoint) return this.#down();
    const host = this.#host;
    this.#successor = new SessionSlot({
      endpoint,
      reason,
      clock: this.#clock,
      open: (to, observer) => host.open(to, observer),
      owner: {
        observer: host.observer,
        slotReady: (slot) => this.#ready(slot),
        slotFailed: (slot, failure) => this.#failed(slot, failure),
        answerDue: () => this.responseDue(),
        callerSpoke: () => this.#stopAnswerWait(),
        answerStarted: () => this.#answerStarted(),
        answerDone: (slot, outcome) => this.#answerDone(slot, outcome),
        contextUsed: (ratio) => ratio >= CONTEXT_LIMIT ? this.#dialPlanned("context") : undefined,
        drained: (outcome) => host.drained(outcome, endpoint),
      },
    });
  }

  #dialPlanned(reason: "expiring" | "context"): void {
    if (this.#serving && !this.#successor) this.#dial(reason);
  }

  #ready(slot: SessionSlot): void {
    this.#host.sessionReady(slot);
    if (slot !== this.#successor) return;
    if (slot.reason === "expiring" || slot.reason === "context") return this.#planned.swapWhenQuiet();
    this.#swap();
  }

  /** The successor serves. All in one turn of the event loop, so that each frame reaches one session. */
  #swap(): void {
    const slot = this.#successor;
    if (!slot) return;
    this.#successor = undefined;
    if (this.#serving) {
      if (slot.reason === "slow") this.#retry.slow(this.#serving.endpoint);
      this.#leave(this.#serving, slot.reason);
    }
    slot.serve();
    this.#serving = slot;
    this.#timers.set("works", WORKS_MS, () => this.#works(slot));
    this.#planned.start(slot.expiresAt);
    this.#host.serve(slot);
    this.#updateOutage(slot.reason);
  }

  #leave(slot: SessionSlot, reason: SuccessionReason): void {
    this.#stopServing();
    this.#draining.add(slot);
    this.#host.leave(slot.session, reason);
    slot.session.cancelResponse();
  }

  #stopServing(): void {
    this.#serving = undefined;
    this.#timers.cancel("works");
    this.#planned.stop();
    this.#answer.stop();
  }

  #failed(slot: SessionSlot, failure: SessionFailure): void {
    if (slot !== this.#serving && slot !== this.#successor) return;
    this.#retry.failed(slot, failure);
    this.#lastCode = failure.code;
    slot.release();
    if (slot === this.#serving) return this.#lostServing(slot, failure);
    this.#successor = undefined;
    if (!this.#serving) {
      this.#host.lost(failure);
      return this.#replace(isRefusal(failure.code) ? "refused" : slot.reason === "first" ? "first" : "lost");
    }
    // The session that serves is not disturbed.
    if (slot.reason === "expiring" || slot.reason === "context") this.#planned.retry(slot.reason);
  }

  #lostServing({ session }: SessionSlot, failure: SessionFailure): void {
    this.#stopServing();
    this.#host.leave(session, "lost");
    this.#host.lost(failure);
    if (this.#held) return;
    if (!this.#retry.countLoss()) return this.#down();
    const successor = this.#successor;
    if (!successor) return this.#replace(isRefusal(failure.code) ? "refused" : "lost");
    successor.reason = "lost";
    if (successor.state === "prepared") this.#swap();
    else this.#updateOutage("lost");
  }

  /** Replaces a session that was lost, or could not be opened. */
  #replace(reason: "first" | "lost" | "refused"): void {
    if (this.#held || !this.#callerPresent) return;
    if (!this.#retry.next) return this.#down();
    this.#timers.set("dial", reason === "refused" ? 0 : this.#retry.waitMs, () => this.#dial(reason));
    this.#updateOutage(reason);
  }

  /** A requested answer has not come within the limit: the session is replaced; later, all models count as down. */
  #answerMissing(): void {
    if (this.#held || !this.#serving) return;
    const isDue = this.#host.isAnswerDue();
    if (isDue && this.#answer.countMissing()) {
      this.#lastCode = "no_answer";
      return this.#down();
    }
    if (isDue) this.#answer.start();
    if (this.#successor) return;
    const { endpoint } = this.#serving;
    const again = isDue && this.#answer.mayTryAgain ? endpoint : undefined;
    const next = this.#retry.otherThan(endpoint) ?? again;
    if (next) this.#dial("slow", next);
  }

  #answerStarted(): void {
    this.#answer.answered();
    this.#stopAnswerWait();
  }

  #stopAnswerWait(): void {
    this.#answer.stop();
    if (this.#successor?.reason === "slow") this.#closeSuccessor();
  }

  #answerDone(slot: SessionSlot, { status }: ResponseOutcome): void {
    this.#answerStarted();
    if (status === "completed") this.#works(slot);
  }

  #works({ endpoint }: SessionSlot): void {
    this.#retry.worked(endpoint);
    this.#outage.reset();
  }

  #updateOutage(reason: SuccessionReason): void {
    if (!this.#held) this.#outage.set(this.#callerPresent && !this.#serving, reason);
  }

  #down(): void {
    if (this.#held) return;
    this.holdSuccession();
    this.#host.modelsDown(this.#lastCode);
  }
}
