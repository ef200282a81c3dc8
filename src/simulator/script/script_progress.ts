import { BYTES_PER_MS } from "../../audio/line_format.js";
import type { Cancel, Clock } from "../../clock.ts";
import type { CallerTurn, ModelTurn, Script, Turn } from "./script.ts";

/** The result of one turn of a script. Times by the clock (ms). */
export interface TurnRecord {
  readonly turn: Turn;
  /** Undefined before its start. */
  startedAt?: number;
  /** Differences from the script. */
  readonly problems: string[];
  /** The output of each function call; undefined for one without output. */
  readonly outputs: (string | undefined)[];
  approved?: boolean;
}

/** The model's answer to the caller's last turn. Times by the clock (ms). */
export interface AnswerProgress {
  /** Start of its audible part; undefined without one. */
  speechStartedAt: number | undefined;
  /** Time at which the model had sent all of it; undefined before. */
  sentAt: number | undefined;
}

/**
 * Gives turns to the simulated model and the simulated caller, and records their results. A late or misplaced
 * turn stops the rehearsal.
 */
export class ScriptProgress {
  readonly script: Script;
  readonly records: readonly TurnRecord[];
  /** Problems that belong to no turn. */
  readonly problems: string[] = [];
  answer: AnswerProgress | undefined;
  /** End of the assistant's last audible sample (ms by the clock). */
  assistantAudibleUntil = -Infinity;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  #next = 0;
  #ended = false;
  #cancelTimeout: Cancel = () => {};

  constructor(script: Script, clock: Clock) {
    this.script = script;
    this.#clock = clock;
    this.records = script.turns.map((turn) => ({ turn, problems: [], outputs: [] }));
  }

  /** Aborts when the script cannot continue. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  /** The next turn; undefined after the last and after the end. */
  get turn(): Turn | undefined {
    return this.#ended ? undefined : this.script.turns[this.#next];
  }

  /** Whether the previous turn is the caller's. Then the caller's next turn follows immediately. */
  get followsCaller(): boolean {
    return this.script.turns[this.#next - 1]?.actor === "caller";
  }

  /** Whether every function output and approval of the turns so far has arrived. */
  get settled(): boolean {
    return this.records.every(({ turn, startedAt, outputs, approved }) =>
      turn.actor === "caller" || startedAt === undefined ||
      turn.calls.every((_, i) => outputs[i] !== undefined) && (!turn.approval || approved !== undefined)
    );
  }

  /** The call begins. */
  start(): void {
    this.#restartTimeout();
  }

  /** The call has ended. */
  end(): void {
    this.#ended = true;
    this.#cancelTimeout();
  }

  /**
   * A response of the model was requested.
   *
   * @param cause For the report: "by the service: …".
   * @returns The model's turn; undefined if the script has none here.
   */
  startModelTurn(cause: string): { turn: ModelTurn; record: TurnRecord; index: number } | undefined {
    const index = this.#next;
    const turn = this.turn;
    const record = this.records[index];
    if (turn?.actor !== "model" || !record) {
      if (!this.#ended) {
        this.#fail(`a response was requested (${cause}), but the script has no turn of the model here`);
      }
      return undefined;
    }
    record.startedAt = this.#clock.now();
    const hasOwnEnd = Object.keys(turn.fail).some((way) => way !== "response");
    this.answer = {
      speechStartedAt: turn.speech ? record.startedAt : this.answer?.speechStartedAt,
      // A response that hangs or closes the socket reports no end.
      sentAt: hasOwnEnd ? record.startedAt : undefined,
    };
    this.#advance();
    return { turn, record, index };
  }

  /** The model has sent everything it will send of its response. */
  responseSent(): void {
    if (this.answer) this.answer.sentAt ??= this.#clock.now();
  }

  startCallerTurn(): void {
    const record = this.records[this.#next];
    if (record) record.startedAt = this.#clock.now();
    this.#cancelTimeout();
  }

  endCallerTurn(): void {
    this.answer = undefined;
    this.#advance();
  }

  /** The caller's turn has become impossible. */
  failCallerTurn(problem: string): void {
    this.#fail(problem);
  }

  /** Plays a turn of the caller outside of a stream. Returns its keys, if it only presses keys. */
  pressKeys(): string | undefined {
    const turn = this.turn;
    if (turn?.actor !== "caller" || turn.keys === "" || turn.speech || turn.hangsUp) return undefined;
    this.startCallerTurn();
    this.endCallerTurn();
    return turn.keys;
  }

  #advance(): void {
    this.#next++;
    this.#restartTimeout();
  }

  #restartTimeout(): void {
    this.#cancelTimeout();
    const ms = this.script.timeoutMs + this.#answerMs();
    this.#cancelTimeout = this.#clock.after(ms, () => this.#fail(timeoutProblem(this.turn, ms)));
  }

  /** Duration of the model's turns right before this one (ms). */
  #answerMs(): number {
    let sum = 0;
    for (let i = this.#next - 1; i >= 0; i--) {
      const turn = this.script.turns[i];
      if (turn?.actor !== "model") break;
      sum += turn.slowMs + (turn.speech?.length ?? 0) / BYTES_PER_MS +
        turn.calls.reduce((ms, { durationMs }) => ms + durationMs, 0);
    }
    return sum;
  }

  #fail(problem: string): void {
    (this.turn ? this.records[this.#next]?.problems ?? this.problems : this.problems).push(problem);
    this.end();
    this.#stop.abort();
  }
}

function timeoutProblem(turn: ModelTurn | CallerTurn | undefined, ms: number): string {
  const prefix = `waited ${(ms / 1000).toFixed(1)} s`;
  if (turn?.actor === "model") return `${prefix}, but no response was requested`;
  if (turn?.actor === "caller") return `${prefix}, but the assistant was not heard to the end`;
  return `${prefix} for the call to end`;
}
