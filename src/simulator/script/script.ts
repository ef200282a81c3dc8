/** A playable script, with its recordings loaded. */

import type { DialResult } from "../caller/place_call.ts";
import type { CallExpectation, ModelDocument, TurnDocument, TurnExpectation } from "./script_schema.ts";

export type Turn = ModelTurn | CallerTurn;

interface TurnBase {
  /** `case.json:12`, or `turns[2]` of a script that is not a file. */
  readonly location: string;
  /** A summary for the report: `says "Hello."`. */
  readonly title: string;
}

/** The model's next response. */
export interface ModelTurn extends TurnBase, Pick<ModelDocument, "mcp" | "approval"> {
  readonly actor: "model";
  readonly text: string;
  /** 8 kHz samples; undefined when it says nothing. */
  readonly speech: Int16Array | undefined;
  readonly calls: ReturnType<typeof callsOf>;
  readonly slowMs: number;
  readonly fail: NonNullable<ModelDocument["fail"]>;
  readonly expect: TurnExpectation;
}

/** The caller's actions after the answer. */
export interface CallerTurn extends TurnBase {
  readonly actor: "caller";
  /** Barges in after this much of the answer (ms); undefined to wait for its end. */
  readonly interruptMs: number | undefined;
  readonly pauseMs: number;
  /** 8 kHz samples. */
  readonly speech: Int16Array | undefined;
  readonly keys: string;
  readonly hangsUp: boolean;
}

export interface Script {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** The assistant that answers; undefined: by the rules of the service. */
  readonly assistant?: string | undefined;
  /** By number; `*` is any other number. */
  readonly dial: Readonly<Record<string, DialResult>>;
  /** Timeout of each turn, and of the end of the call (ms). */
  readonly timeoutMs: number;
  readonly turns: readonly Turn[];
  readonly expect: CallExpectation;
}

/** A script that cannot be played; the message lists every problem with its location. */
export class ScriptError extends Error {
  override readonly name = "ScriptError";

  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
  }
}

/** A summary of a turn, for the report. */
export function titleOf({ model, caller }: TurnDocument): string {
  const parts: string[] = [];
  if (model) {
    if (model.slow > 0) parts.push(`after ${model.slow} ms`);
    if (model.say || model.wav !== undefined) parts.push(`says ${model.say ? `"${model.say}"` : model.wav}`);
    for (const { name } of callsOf(model)) parts.push(`calls ${name}`);
    if (model.mcp) parts.push(`uses ${model.mcp.name} of ${model.mcp.server}`);
    if (model.approval) parts.push(`requests to use ${model.approval.name} of ${model.approval.server}`);
    const [how, code] = Object.entries(model.fail ?? {})[0] ?? [];
    if (how === "hang") parts.push("hangs");
    else if (how === "close") parts.push(`closes its socket (${code})`);
    else if (how) parts.push(`fails (${code})`);
    if (parts.length === 0) parts.push("says nothing");
    return parts.join(", ");
  }
  if (caller?.interrupt !== undefined) parts.push(`interrupts after ${caller.interrupt} ms`);
  if (caller?.pause) parts.push(`waits ${caller.pause} ms`);
  if (caller?.wav !== undefined) parts.push(`says ${caller.wav}`);
  else if (caller?.say !== undefined) {
    parts.push(typeof caller.say === "number" ? `speaks for ${caller.say} ms` : `says "${caller.say}"`);
  }
  if (caller?.press !== undefined) parts.push(`presses ${caller.press}`);
  if (caller?.hangUp) parts.push("hangs up");
  return parts.join(", ");
}

/** The functions a model's turn calls, in order. */
export function callsOf({ call, calls = [] }: ModelDocument): NonNullable<ModelDocument["calls"]> {
  return call ? [call] : calls;
}
