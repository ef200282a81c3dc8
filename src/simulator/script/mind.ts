/** The model's side of a script. */

import { encodeMulaw } from "../../audio/g711.ts";
import { transcode } from "../model/audio.ts";
import type { SessionConfig } from "../model/config.ts";
import type { Mind, ResponsePlan, ResponseRequest } from "../model/plan.ts";
import { ModelFault } from "../model/wire.ts";
import { type Difference, differences, matches } from "./match.ts";
import type { Prompter, TurnRecord } from "./prompter.ts";
import type { ModelTurn } from "./script.ts";
import { sessionDifferences } from "./session.ts";

const NOTHING: ResponsePlan = { pieces: [], delayMs: 0, end: { type: "completed" } };

/** Says what the script says, and looks at what it is told meanwhile. */
export class ScriptedMind implements Mind {
  readonly #prompter: Prompter;
  readonly #calls = new Map<string, { record: TurnRecord; index: number }>();
  readonly #approvals = new Map<string, TurnRecord>();
  #notes: string[] = [];
  #first: SessionConfig | undefined;

  constructor(prompter: Prompter) {
    this.#prompter = prompter;
  }

  /** The first settings a client gave; undefined while none has. */
  get firstConfig(): SessionConfig | undefined {
    return this.#first;
  }

  configured(config: SessionConfig): void {
    this.#first ??= config;
  }

  noted(text: string): void {
    this.#notes.push(text);
  }

  functionAnswered(callId: string, output: string): void {
    const { record, index } = this.#calls.get(callId) ?? {};
    if (!record || index === undefined) return;
    if (record.outputs[index] === undefined) record.outputs[index] = output;
    else record.problems.push(`${callId} was given a second output: ${output}`);
  }

  approvalAnswered(id: string, approved: boolean): void {
    const record = this.#approvals.get(id);
    if (record) record.approved = approved;
  }

  respond({ asked, config, format }: ResponseRequest): ResponsePlan {
    const up = this.#prompter.askModel(whoAsks(asked, config));
    if (!up) return NOTHING;
    const { turn, record, index } = up;
    this.#judge(turn, record, asked?.instructions, config);
    const { fail } = turn;
    if (fail.error !== undefined) throw new ModelFault(fail.error, "The script has the model fail.");
    const pieces: ResponsePlan["pieces"][number][] = [];
    if (turn.speech) {
      const audio = transcode(encodeMulaw(turn.speech), { type: "audio/pcmu" }, format);
      pieces.push({ type: "speech", audio, transcript: turn.text });
    }
    for (const [i, call] of turn.calls.entries()) {
      const callId = `call_turn${index + 1}_${i + 1}`;
      this.#calls.set(callId, { record, index: i });
      pieces.push({ type: "call", callId, ...call });
    }
    if (turn.approval) {
      const id = `mcpr_turn${index + 1}`;
      this.#approvals.set(id, record);
      pieces.push({ type: "approval", id, ...turn.approval });
    }
    return { pieces, delayMs: turn.slowMs, end: endOf(fail) };
  }

  responded(): void {
    this.#prompter.modelIsDone();
  }

  #judge(
    { expect }: ModelTurn,
    record: TurnRecord,
    instructions: string | undefined,
    config: SessionConfig,
  ): void {
    const notes = this.#notes;
    this.#notes = [];
    const found: Difference[] = [];
    if (expect.instructions !== undefined) {
      found.push(...differences(expect.instructions, instructions, "instructions"));
    }
    for (const note of expect.notes ?? []) {
      if (notes.some((one) => matches(note, one))) continue;
      found.push({ path: "notes", expected: note, got: notes.length > 0 ? JSON.stringify(notes) : "none" });
    }
    if (expect.session) found.push(...sessionDifferences(expect.session, config));
    record.problems.push(...found.map(inWords));
  }
}

/** `output.ok: expected true, got false`. */
export function inWords({ path, expected, got }: Difference): string {
  return `${path}: expected ${expected}, got ${got}`;
}

/** Instructions of one response often begin with those of the session, which would hide what is new in them. */
function whoAsks(asked: ResponseRequest["asked"], { instructions }: SessionConfig): string {
  if (!asked) return "by the caller's words";
  return `by the service: ${
    asked.instructions?.replace(instructions, "… ").trim() ?? "without instructions"
  }`;
}

function endOf({ response, close, hang }: ModelTurn["fail"]): ResponsePlan["end"] {
  if (response !== undefined) return { type: "failed", code: response };
  if (close !== undefined) return { type: "close", code: close };
  return hang ? { type: "hang" } : { type: "completed" };
}
