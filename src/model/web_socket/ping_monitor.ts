import { type Cancel, type Clock, systemClock } from "../../clock.ts";

/** How a connection is checked. The defaults suit a peer that is not waited for, such as a stand-in's. */
export interface PingOptions {
  /** Interval of the pings (ms). Default: 10,000. */
  pingEveryMs?: number | undefined;
  /** Time for a pong (ms). Default: 20,000. */
  pongMs?: number | undefined;
  /** Text that each ping carries, at most 100 ASCII characters. Its pong proves that all frames before the ping were read. */
  pingPayload?: (() => string) | undefined;
}

/** Receives what a {@linkcode PingMonitor} finds out, and writes its pings. */
export interface PingHandlers {
  sendPing(payload: Uint8Array): void;
  /** A ping was answered; `payload` is the text it carried. */
  onPong(payload: string): void;
  /** The oldest ping is unanswered for 600 ms, or was answered. */
  onSuspect(suspect: boolean): void;
  /** Called once, last. */
  onDead(): void;
}

interface Ping {
  readonly wire: string;
  readonly payload: string;
  readonly sentAt: number;
  /** By the time of the machine. */
  readonly realSentAt: number;
  /** Bytes that had arrived before. */
  readonly bytesBefore: number;
}

/** Age of an unanswered ping after which the connection is suspect (ms). */
const SUSPECT_MS = 600;
/** Maximum time for a pong while other bytes arrive, which it may have to wait for (ms). */
const MAX_PONG_MS = 10_000;
/** Slower than this, a line cannot carry a call's audio (bytes/ms): its pong is not waited for. */
const MIN_BYTES_PER_MS = 8;
/** Delay of a timer that shows a blocked event loop (ms), and the time it then gets to read. */
const LATE_MS = 500;
/** Minimum time between two pings (ms). */
const MIN_INTERVAL_MS = 100;
/** Time of the machine that a pong gets in any case: a clock that jumps must not judge what could not be read (ms). */
const MIN_REAL_MS = 500;
/** Time of the machine to read what has arrived before a connection is judged (ms). */
const READ_MS = 10;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Pings a peer, and finds out when it stops answering.
 *
 * TCP reports neither a peer that is gone nor one that stops reading: for many seconds, the kernels accept what is written.
 * A pong must wait for the frames before its ping, so it shows both.
 */
export class PingMonitor {
  readonly #clock: Clock;
  readonly #machine: Clock;
  readonly #handlers: PingHandlers;
  readonly #pingEveryMs: number;
  readonly #pongMs: number;
  readonly #payload: () => string;
  /** Unanswered pings, oldest first. */
  #unanswered: Ping[] = [];
  #count = 0;
  #lastPingAt: number;
  #lastByteAt: number;
  #bytes = 0;
  #suspect = false;
  /** Whether the event loop got extra time to read after it was blocked. */
  #excused = false;
  #cancelCheck: Cancel = () => {};
  #cancelJudgement: Cancel | undefined;

  /** @param machine Time of the machine; `clock` may be another one, which jumps. */
  constructor(clock: Clock, handlers: PingHandlers, options: PingOptions = {}, machine = systemClock) {
    this.#clock = clock;
    this.#machine = machine;
    this.#handlers = handlers;
    this.#pingEveryMs = options.pingEveryMs ?? 10_000;
    this.#pongMs = options.pongMs ?? 20_000;
    this.#payload = options.pingPayload ?? (() => "");
    this.#lastPingAt = this.#lastByteAt = clock.now();
    this.#schedule();
  }

  /** Pings now, unless a ping was sent in the last 100 ms. Restarts the interval. */
  ping(): void {
    if (this.#clock.now() - this.#lastPingAt < MIN_INTERVAL_MS && this.#count > 0) return;
    this.#send();
    this.#schedule();
  }

  bytesArrived(count: number): void {
    this.#bytes += count;
    this.#lastByteAt = this.#clock.now();
  }

  /** Any pong also answers the pings before it. Pongs that answer nothing are ignored. */
  pongArrived(wirePayload: Uint8Array): void {
    const wire = decoder.decode(wirePayload);
    const at = this.#unanswered.findIndex((ping) => ping.wire === wire);
    const ping = this.#unanswered[at];
    if (!ping) return;
    this.#unanswered = this.#unanswered.slice(at + 1);
    if (!this.#isOverdue()) this.#setSuspect(false);
    this.#handlers.onPong(ping.payload);
  }

  stop(): void {
    this.#cancelCheck();
    this.#cancelJudgement?.();
    this.#cancelJudgement = undefined;
    this.#unanswered = [];
  }

  #send(): void {
    const sentAt = this.#clock.now();
    const payload = this.#payload();
    // The number tells pings with equal payloads apart.
    const wire = `${++this.#count} ${payload}`;
    const ping = { wire, payload, sentAt, realSentAt: this.#machine.now(), bytesBefore: this.#bytes };
    this.#unanswered.push(ping);
    this.#lastPingAt = sentAt;
    this.#handlers.sendPing(encoder.encode(ping.wire));
  }

  /** Sets the only timer, for the next ping or what becomes due before it; none while the event loop reads. */
  #schedule(): void {
    if (this.#cancelJudgement) return;
    const now = this.#clock.now();
    const [oldest] = this.#unanswered;
    const due = oldest ? [oldest.sentAt + SUSPECT_MS, this.#deadline(oldest)] : [];
    this.#checkIn(Math.min(this.#lastPingAt + this.#pingEveryMs, ...due.filter((at) => at > now)) - now);
  }

  #checkIn(ms: number): void {
    const due = this.#clock.now() + Math.max(0, ms);
    this.#cancelCheck();
    this.#cancelCheck = this.#clock.after(ms, () => this.#check(due));
  }

  #check(plannedAt: number): void {
    const now = this.#clock.now();
    if (now >= this.#lastPingAt + this.#pingEveryMs) this.#send();
    const [oldest] = this.#unanswered;
    const late = now - plannedAt > LATE_MS;
    if (oldest && late && !this.#excused) {
      this.#excused = true;
      return this.#checkIn(LATE_MS);
    }
    if (!late) this.#excused = false;
    const due = oldest && (this.#isOverdue() && !this.#suspect || now >= this.#deadline(oldest));
    if (due) this.#judgeAfterReading(oldest);
    else this.#schedule();
  }

  /** The answer may have arrived and not been read: the event loop reads first. */
  #judgeAfterReading(ping: Ping): void {
    this.#cancelCheck();
    const realAge = this.#machine.now() - ping.realSentAt;
    this.#cancelJudgement = this.#machine.after(Math.max(READ_MS, MIN_REAL_MS - realAge), () => {
      this.#cancelJudgement = undefined;
      if (this.#unanswered[0] !== ping) return this.#schedule();
      if (this.#clock.now() < this.#deadline(ping)) {
        this.#setSuspect(true);
        return this.#schedule();
      }
      this.stop();
      this.#handlers.onDead();
    });
  }

  #deadline({ sentAt, bytesBefore }: Ping): number {
    const usualMs = (this.#bytes - bytesBefore) / MIN_BYTES_PER_MS;
    if (this.#clock.now() - sentAt > Math.max(this.#pongMs, usualMs)) return sentAt + this.#pongMs;
    const latest = sentAt + Math.max(this.#pongMs, MAX_PONG_MS);
    return Math.min(latest, Math.max(sentAt, this.#lastByteAt) + this.#pongMs);
  }

  #isOverdue(): boolean {
    const [oldest] = this.#unanswered;
    return oldest !== undefined && this.#clock.now() - oldest.sentAt >= SUSPECT_MS;
  }

  #setSuspect(suspect: boolean): void {
    if (this.#suspect === suspect) return;
    this.#suspect = suspect;
    this.#handlers.onSuspect(suspect);
  }
}
