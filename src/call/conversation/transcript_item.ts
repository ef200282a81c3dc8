import type { FunctionCall, HistoryItem } from "../../model/model_interface.ts";
import type { Turn } from "../../records/call_record.ts";
import { type CallTimeline, NOT_RECORDED } from "../call_timeline.ts";
import { splitAtHeard } from "./heard_text.ts";

/** An item of the conversation: a turn, or without a speaker a note or a function call. */
export interface TranscriptItem extends Omit<Mutable<Turn>, "speaker"> {
  speaker: Turn["speaker"] | undefined;
  /** Whether the text is complete. */
  done: boolean;
  /** When the caller started to speak, for a model that does not report it for each item. */
  readonly speechAtMs: number;
  /** When the last text arrived. */
  textAtMs: number;
  /** A call of a function, with its result if it is known. */
  call?: { readonly call: FunctionCall; readonly output?: string };
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

type Timeline = Pick<CallTimeline, "atMs" | "isPrivate">;

/** Whether any of the item was said, generated or heard while the recording was paused. */
export function isPrivate(item: TranscriptItem, timeline: Timeline): boolean {
  const { speaker, atMs, speechAtMs, textAtMs, done, spoken, generated, played } = item;
  // The author of a note leaves out what must not be recorded.
  if (!speaker) return false;
  const said = spoken ?? { fromMs: Math.min(speechAtMs, atMs), toMs: atMs };
  const spans = speaker === "assistant"
    ? [{ fromMs: atMs, toMs: textAtMs }, generated, played]
    // The text of a complete turn arrives after the turn; that of another one while it is spoken.
    : [done ? said : { ...said, toMs: textAtMs }];
  return spans.some((span) => span && timeline.isPrivate(span.fromMs, span.toMs));
}

/** The text that the caller heard or said, and the text that the caller did not hear. */
export function textOf(item: TranscriptItem, timeline: Timeline): { text: string; unheard: string } {
  return item.text && isPrivate(item, timeline) ? { text: NOT_RECORDED, unheard: "" } : splitAtHeard(item);
}

/** A function call for another session. Without a result, it still runs. */
export function callItems(
  { call, output }: NonNullable<TranscriptItem["call"]>,
  atMs: number,
  timeline: Timeline,
): HistoryItem[] {
  const hidden = output === undefined && timeline.isPrivate(atMs, timeline.atMs);
  const item = { type: "function call", call: hidden ? { ...call, arguments: "{}" } : call } as const;
  return output === undefined ? [item] : [item, { type: "function result", callId: call.callId, output }];
}

/** False for an answer the caller heard nothing of. */
export function wasHeard({ speaker, heardMs }: TranscriptItem): boolean {
  return speaker !== "assistant" || heardMs !== 0;
}
