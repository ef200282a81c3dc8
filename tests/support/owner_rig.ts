import type { SessionHost } from "../../src/call/succession/session_host.ts";
import { SessionOwner } from "../../src/call/succession/session_owner.ts";
import type { SessionSlot } from "../../src/call/succession/session_slot.ts";
import { EndpointHealth } from "../../src/model/endpoint_health.ts";
import type { ModelEndpoint, SuccessionReason } from "../../src/model/model_endpoint.ts";
import type { ModelObserver, ModelSession } from "../../src/model/model_interface.ts";
import { FakeClock } from "./fake_clock.ts";
import { StillSession } from "./still_session.ts";

/** An endpoint without an account. */
export function endpoint(name: string): ModelEndpoint {
  return { name, url: `ws://${name}`, apiKey: undefined, model: "m", audioFormat: "pcmu", dialect: "auto" };
}

/** A {@linkcode SessionOwner} with a call in a test's hands. */
export class OwnerRig implements SessionHost {
  readonly clock = new FakeClock();
  readonly health = new EndpointHealth(this.clock);
  readonly owner: SessionOwner;
  /** Sessions opened, and their endpoints, in order. */
  readonly sessions: StillSession[] = [];
  readonly endpoints: string[] = [];
  /** What the owner reported, in order. */
  readonly events: string[] = [];
  /** Events of sessions that reached the call. */
  readonly passedOn: string[] = [];
  quiet = true;
  /** Whether a response is requested. */
  answerDue = true;

  readonly observer: ModelObserver;

  constructor(names: readonly string[] = ["a"], present = true) {
    this.observer = new Proxy({}, {
      get: (_, name) => () => void this.passedOn.push(String(name)),
    }) as ModelObserver;
    this.owner = new SessionOwner({
      host: this,
      endpoints: names.map(endpoint),
      health: this.health,
      clock: this.clock,
      firstAudioMs: 5_000,
      outageMs: 10_000,
      random: () => 0,
    });
    this.owner.start();
    if (present) this.owner.setCallerPresent(true);
  }

  /** The session opened last. */
  get session(): StillSession {
    const session = this.sessions.at(-1);
    if (!session) throw new Error("no session was opened");
    return session;
  }

  get serving(): StillSession | undefined {
    return this.sessions.find((session) => session === this.owner.serving?.session);
  }

  ready(lifetimeMs?: number, session = this.session): StillSession {
    session.observer?.sessionReady({ lifetimeMs, needsSilence: false });
    return session;
  }

  fail(code = "closed", session = this.session): void {
    session.closed = true;
    session.observer?.sessionFailed({ code, message: "gone" });
  }

  open({ name }: ModelEndpoint, observer: ModelObserver): ModelSession {
    this.endpoints.push(name);
    const session = new StillSession(observer);
    this.sessions.push(session);
    return session;
  }

  drained(): void {
    this.events.push("drained");
  }
  isQuiet(): boolean {
    return this.quiet;
  }
  sessionReady(): void {}
  leave(_session: ModelSession, reason: SuccessionReason): void {
    this.events.push(`left: ${reason}`);
  }
  serve({ reason }: SessionSlot): void {
    this.events.push(`serves: ${reason}`);
  }
  lost({ code }: { code: string }): void {
    this.events.push(`lost: ${code}`);
  }
  serviceChanged(lost: boolean, _reason: SuccessionReason, afterMs: number): void {
    this.events.push(lost ? "service lost" : `service back after ${afterMs}`);
  }
  isAnswerDue(): boolean {
    return this.answerDue;
  }
  answerLate(): void {
    this.events.push("answer late");
  }
  modelsDown(code: string): void {
    this.events.push(`down: ${code}`);
  }
}
