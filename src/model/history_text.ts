import type { FunctionCall, HistoryItem } from "./model_interface.ts";

/** A conversation as one text, for a server that refuses it as items; empty without items. */
export function describeHistory(items: readonly HistoryItem[]): string {
  if (items.length === 0) return "";
  return ["You are continuing a call that is in progress. So far:", ...historyLines(items)].join("\n");
}

/** A conversation as text, one line for each item. */
export function historyLines(items: readonly HistoryItem[]): string[] {
  const calls = new Map<string, FunctionCall>();
  return items.map((item) => {
    switch (item.type) {
      case "caller":
        return `Caller: ${item.text}`;
      case "assistant":
        return `You: ${item.text}`;
      case "note":
        return `Note: ${item.text}`;
      case "function call":
        calls.set(item.call.callId, item.call);
        return `Note: You called ${describeCall(item.call)}.`;
      case "function result":
        return `Note: The result of ${describeCall(calls.get(item.callId))}: ${item.output}`;
    }
  });
}

function describeCall(call: FunctionCall | undefined): string {
  return call ? `the function "${call.name}" with ${call.arguments || "{}"}` : "a function";
}
