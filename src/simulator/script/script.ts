/** A script that can be played: everything it names is there. */

import type { CallExpectation, Dialled, TurnExpectation, Written } from "./schema.ts";

/** One turn, the model's or the caller's. */
export type Turn = ModelTurn | CallerTurn;

interface Placed {
  /** Where it stands: `case.json:12`, or `turns[2]` of a script that is no file. */
  readonly where: string;
  /** What happens in it, in words. */
  readonly title: string;
}

/** What the model does when it is asked to speak. */
export interface ModelTurn extends Placed {
  readonly who: "model";
  readonly text: string;
  /** What that sounds like: 8 kHz samples, none of nothing. */
  readonly speech: Int16Array | undefined;
  readonly calls: readonly { readonly name: string; readonly arguments: string; readonly overMs: number }[];
  readonly approval:
    | { readonly server: string; readonly name: string; readonly arguments: string }
    | undefined;
  readonly slowMs: number;
  readonly fail: {
    readonly response?: string;
    readonly error?: string;
    readonly close?: number;
    readonly hang?: true;
  };
  readonly expect: TurnExpectation;
}

/** What the caller does, once the answer was heard. */
export interface CallerTurn extends Placed {
  readonly who: "caller";
  /** So much of the answer is heard before; undefined: all of it. */
  readonly interruptMs: number | undefined;
  readonly pauseMs: number;
  /** 8 kHz samples. */
  readonly speech: Int16Array | undefined;
  readonly keys: string;
  readonly hangsUp: boolean;
}

/** A script that was read, and makes sense. */
export interface Script {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly dial: Readonly<Record<string, Dialled>>;
  readonly patienceMs: number;
  readonly turns: readonly Turn[];
  readonly expect: CallExpectation;
}

/** A script that cannot be played; the message has every reason, each with its place. */
export class ScriptError extends Error {
  override readonly name = "ScriptError";

  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
  }
}

/** What happens in a turn, in words. */
export function titleOf({ model, caller }: Written["turns"][number]): string {
  const parts: string[] = [];
  if (model) {
    if (model.slow > 0) parts.push(`after ${model.slow} ms`);
    if (model.say || model.wav !== undefined) parts.push(`says ${model.say ? `"${model.say}"` : model.wav}`);
    for (const { name } of callsOf(model)) parts.push(`calls ${name}`);
    if (model.approval) parts.push(`asks to use ${model.approval.name} of ${model.approval.server}`);
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
    parts.push(typeof caller.say === "number" ? `says ${caller.say} ms` : `says "${caller.say}"`);
  }
  if (caller?.press !== undefined) parts.push(`presses ${caller.press}`);
  if (caller?.hangUp) parts.push("hangs up");
  return parts.join(", ");
}

/** The functions a model's turn calls, in order. */
export function callsOf(
  { call, calls = [] }: NonNullable<Written["turns"][number]["model"]>,
): NonNullable<NonNullable<Written["turns"][number]["model"]>["calls"]> {
  return call ? [call] : calls;
}
