import type { HistoryItem } from "../../model/model_interface.ts";

/** Maximum length of the conversation that the next session gets as items (characters): about 1,500 tokens. */
const MAX_LENGTH = 6_000;
const MAX_ITEMS = 64;
/** Maximum length of one function result (characters). */
const MAX_RESULT = 2_000;
/** Maximum length of the message about older turns, and of each of them (characters). */
const MAX_OLDER = 2_000;
const MAX_OLDER_TURN = 80;

/**
 * The conversation for another session: its newest items within the limits, in order. One note, which comes first, has the
 * beginning of each older turn.
 *
 * @param groups Items of the conversation; those of one group are kept together.
 */
export function limitHistory(groups: readonly (readonly HistoryItem[])[]): HistoryItem[] {
  const shortened = groups.map((group) => group.map(shorten));
  let first = shortened.length;
  let length = 0;
  let count = 0;
  while (first > 0) {
    const group = shortened[first - 1] ?? [];
    length += group.reduce((sum, item) => sum + lengthOf(item), 0);
    count += group.length;
    // The newest one is never left out.
    if (count > group.length && (length > MAX_LENGTH || count > MAX_ITEMS)) break;
    first--;
  }
  const older = shortened.slice(0, first);
  const olderText = olderTurns(older.flat());
  return [
    ...(olderText === "" ? [] : [{ type: "note", text: olderText } as const]),
    // The session will get their results.
    ...older.filter(([item, result]) => item?.type === "function call" && !result).flat(),
    ...shortened.slice(first).flat(),
  ];
}

/** Groups the items of an earlier part of the call: each function call with the result that follows it. */
export function groupHistory(items: readonly HistoryItem[]): HistoryItem[][] {
  const groups: HistoryItem[][] = [];
  for (const item of items) {
    const last = groups.at(-1);
    if (item.type === "function result" && last) last.push(item);
    else groups.push([item]);
  }
  return groups;
}

function olderTurns(items: readonly HistoryItem[]): string {
  const lines: string[] = [];
  let length = 0;
  for (const item of items.toReversed()) {
    if (item.type !== "caller" && item.type !== "assistant") continue;
    const text = item.text.length > MAX_OLDER_TURN ? `${item.text.slice(0, MAX_OLDER_TURN)}…` : item.text;
    const line = `${item.type === "caller" ? "Caller" : "You"}: ${text.toWellFormed()}`;
    length += line.length + 1;
    if (length > MAX_OLDER) break;
    lines.push(line);
  }
  return lines.length === 0 ? "" : ["Earlier in this call:", ...lines.toReversed()].join("\n");
}

function shorten(item: HistoryItem): HistoryItem {
  if (item.type === "function call") return item;
  // The end of a long turn matters, and the beginning of a long result.
  if (item.type !== "function result") return { ...item, text: item.text.slice(-MAX_LENGTH).toWellFormed() };
  if (item.output.length <= MAX_RESULT) return item;
  return { ...item, output: `${item.output.slice(0, MAX_RESULT).toWellFormed()}… (shortened)` };
}

function lengthOf(item: HistoryItem): number {
  if (item.type === "function call") return item.call.arguments.length + item.call.name.length;
  return item.type === "function result" ? item.output.length : item.text.length;
}
