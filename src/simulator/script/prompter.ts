import type { Cancel, Clock } from "../../clock.ts";
import type { CallerTurn, ModelTurn, Script, Turn } from "./script.ts";

/** How one turn of a script went. Times by the clock. */
export interface TurnRecord {
  readonly turn: Turn;
  /** When it began; undefined: it never came. */
  beganAt?: number;
  /** What was not as the script has it. */
  readonly problems: string[];
  /** What each call of the model came to; empty where nothing came. */
  readonly outputs: (string | undefined)[];
  approved?: boolean;
}

/** What the model has said, or is saying, since the caller's last turn. Times by the clock. */
export interface ModelsAnswer {
  /** When that of it began which can be heard; undefined: nothing can. */
  speaksSince: number | undefined;
  /** When it had all been sent; undefined while it has not. */
  doneAt: number | undefined;
}

/**
 * Knows whose turn it is, for the stand-in model and the stand-in caller, and what became of each turn. A turn that does
 * not come in time, or comes when it is another's, ends the rehearsal.
 */
export class Prompter {
  readonly script: Script;
  readonly records: readonly TurnRecord[];
  /** What was wrong beside the turns. */
  readonly problems: string[] = [];
  answer: ModelsAnswer | undefined;
  /** Until when the assistant was heard. */
  heardUntil = -Infinity;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  #next = 0;
  #over = false;
  #cancelPatience: Cancel = () => {};

  constructor(script: Script, clock: Clock) {
    this.script = script;
    this.#clock = clock;
    this.records = script.turns.map((turn) => ({ turn, problems: [], outputs: [] }));
  }

  /** Aborts when the script cannot go on. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  /** The turn that is up; undefined after the last, and once all is over. */
  get turn(): Turn | undefined {
    return this.#over ? undefined : this.script.turns[this.#next];
  }

  /** Whether the turn before was the caller's, too: then this one follows at once. */
  get followsCaller(): boolean {
    return this.script.turns[this.#next - 1]?.who === "caller";
  }

  /** Whether everything has come that the turns so far wait for. */
  get settled(): boolean {
    return this.records.every(({ turn, beganAt, outputs, approved }) =>
      turn.who === "caller" || beganAt === undefined ||
      turn.calls.every((_, i) => outputs[i] !== undefined) && (!turn.approval || approved !== undefined)
    );
  }

  /** The call begins: the first turn is waited for. */
  begin(): void {
    this.#wait();
  }

  /** The call is over: nothing is waited for any more. */
  end(): void {
    this.#over = true;
    this.#cancelPatience();
  }

  /**
   * The model was asked to speak; answers its turn, or nothing when it is not its turn.
   *
   * @param why Who asked, for the report.
   */
  askModel(why: string): { turn: ModelTurn; record: TurnRecord; index: number } | undefined {
    const index = this.#next;
    const turn = this.turn;
    const record = this.records[index];
    if (turn?.who !== "model" || !record) {
      if (!this.#over) {
        this.#fail(`the model was asked to speak (${why}), and the script has no turn for it here`);
      }
      return undefined;
    }
    record.beganAt = this.#clock.now();
    const ownEnd = Object.keys(turn.fail).some((way) => way !== "response");
    this.answer = {
      speaksSince: turn.speech ? record.beganAt : this.answer?.speaksSince,
      // Of a response that does not end by itself, nobody will say that it is done.
      doneAt: ownEnd ? record.beganAt : undefined,
    };
    this.#advance();
    return { turn, record, index };
  }

  /** The model's response has been sent, as far as it will be. */
  modelIsDone(): void {
    if (this.answer) this.answer.doneAt ??= this.#clock.now();
  }

  /** The caller's turn begins; it is not waited for any more. */
  beginCaller(): void {
    const record = this.records[this.#next];
    if (record) record.beganAt = this.#clock.now();
    this.#cancelPatience();
  }

  /** The caller's turn is over. */
  callerIsDone(): void {
    this.answer = undefined;
    this.#advance();
  }

  /** The caller's turn cannot come any more. */
  giveUpOnCaller(why: string): void {
    this.#fail(why);
  }

  /** The keys the caller presses before there is a stream, or after it, if it is the caller's turn to do just that. */
  takeKeys(): string | undefined {
    const turn = this.turn;
    if (turn?.who !== "caller" || turn.keys === "" || turn.speech || turn.hangsUp) return undefined;
    this.beginCaller();
    this.callerIsDone();
    return turn.keys;
  }

  #advance(): void {
    this.#next++;
    this.#wait();
  }

  #wait(): void {
    this.#cancelPatience();
    const ms = this.script.patienceMs + this.#msBefore();
    this.#cancelPatience = this.#clock.after(ms, () => this.#fail(lateness(this.turn, ms)));
  }

  /** How long the model's turns before this one take by themselves. */
  #msBefore(): number {
    let sum = 0;
    for (let i = this.#next - 1; i >= 0; i--) {
      const turn = this.script.turns[i];
      if (turn?.who !== "model") break;
      sum += turn.slowMs + (turn.speech?.length ?? 0) / 8 +
        turn.calls.reduce((ms, { overMs }) => ms + overMs, 0);
    }
    return sum;
  }

  #fail(why: string): void {
    (this.turn ? this.records[this.#next]?.problems ?? this.problems : this.problems).push(why);
    this.end();
    this.#stop.abort();
  }
}

function lateness(turn: ModelTurn | CallerTurn | undefined, ms: number): string {
  const waited = `waited ${(ms / 1000).toFixed(1)} s`;
  if (turn?.who === "model") return `${waited}, and the model was not asked to speak`;
  if (turn?.who === "caller") return `${waited} for its moment: the assistant was not heard to the end`;
  return `${waited} for the call to end`;
}
