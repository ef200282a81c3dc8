/** The model's side of a script. */

import { encodeMulaw } from "../../audio/g711.js";
import { transcode } from "../model/model_audio.ts";
import type { ModelBehavior, ResponsePlan, ResponseRequest } from "../model/model_behavior.ts";
import { ClientEventError } from "../model/server_events.ts";
import type { SessionConfig } from "../model/session_config.ts";
import { differences, formatDifference, matches, sessionDifferences } from "./differences.ts";
import type { ModelTurn } from "./script.ts";
import type { ScriptProgress, TurnRecord } from "./script_progress.ts";

const EMPTY_RESPONSE: ResponsePlan = { items: [], delayMs: 0, end: { type: "completed" } };

/** Plays the model's turns, and compares the service's events with the script's expectations. */
export class ScriptedModel implements ModelBehavior {
  readonly #progress: ScriptProgress;
  readonly #calls = new Map<string, { record: TurnRecord; index: number }>();
  readonly #approvals = new Map<string, TurnRecord>();
  /** Texts since the last response. */
  #notes: string[] = [];
  #firstConfig: SessionConfig | undefined;

  constructor(progress: ScriptProgress) {
    this.#progress = progress;
  }

  /** The settings of the first session as it was first configured; undefined before. */
  get firstConfig(): SessionConfig | undefined {
    return this.#firstConfig;
  }

  onSessionUpdate(config: SessionConfig): void {
    this.#firstConfig ??= config;
  }

  onText(text: string): void {
    this.#notes.push(text);
  }

  onFunctionOutput(callId: string, output: string): void {
    const { record, index } = this.#calls.get(callId) ?? {};
    if (!record || index === undefined) return;
    if (record.outputs[index] === undefined) record.outputs[index] = output;
    else record.problems.push(`${callId} got a second output: ${output}`);
  }

  onApproval(id: string, approved: boolean): void {
    const record = this.#approvals.get(id);
    if (record) record.approved = approved;
  }

  planResponse({ requested, config, format }: ResponseRequest): ResponsePlan {
    const modelTurn = this.#progress.startModelTurn(causeOf(requested, config));
    if (!modelTurn) return EMPTY_RESPONSE;
    const { turn, record, index } = modelTurn;
    this.#compare(turn, record, requested?.instructions, config);
    const { fail } = turn;
    if (fail.error !== undefined) throw new ClientEventError(fail.error, "The script makes the model fail.");
    const items: ResponsePlan["items"][number][] = [];
    if (turn.speech) {
      const audio = transcode(encodeMulaw(turn.speech), { type: "audio/pcmu" }, format);
      items.push({ type: "speech", audio, transcript: turn.text });
    }
    for (const [i, call] of turn.calls.entries()) {
      const callId = `call_turn${index + 1}_${i + 1}`;
      this.#calls.set(callId, { record, index: i });
      items.push({ type: "call", callId, ...call });
    }
    if (turn.mcp) items.push({ type: "mcp_call", ...turn.mcp });
    if (turn.approval) {
      const id = `mcpr_turn${index + 1}`;
      this.#approvals.set(id, record);
      items.push({ type: "approval", id, ...turn.approval });
    }
    return { items, delayMs: turn.slowMs, end: endOf(fail) };
  }

  onResponseEnd(): void {
    this.#progress.responseSent();
  }

  #compare(
    { expect }: ModelTurn,
    { problems }: TurnRecord,
    instructions: string | undefined,
    config: SessionConfig,
  ): void {
    const notes = this.#notes;
    this.#notes = [];
    const unmet = expect.instructions === undefined
      ? []
      : differences(expect.instructions, instructions, "instructions");
    for (const expected of expect.notes ?? []) {
      if (notes.some((note) => matches(expected, note))) continue;
      unmet.push({ path: "notes", expected, actual: notes.length > 0 ? JSON.stringify(notes) : "none" });
    }
    if (expect.session) unmet.push(...sessionDifferences(expect.session, config));
    problems.push(...unmet.map(formatDifference));
  }
}

/**
 * Describes the cause of a response. Omits the session's instructions, with which those of a response often
 * begin.
 */
function causeOf(requested: ResponseRequest["requested"], { instructions }: SessionConfig): string {
  if (!requested) return "by the caller's turn";
  const ownInstructions = requested.instructions?.replace(instructions, "… ").trim();
  return `by the service: ${ownInstructions ?? "without instructions"}`;
}

function endOf({ response, close, hang }: ModelTurn["fail"]): ResponsePlan["end"] {
  if (response !== undefined) return { type: "failed", code: response };
  if (close !== undefined) return { type: "close", code: close };
  return hang ? { type: "hang" } : { type: "completed" };
}
