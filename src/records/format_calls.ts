import { escapeUnprintable } from "../printable.ts";
import { counted } from "../counted.ts";
import { measuredHops } from "../telemetry/turn_latency.ts";
import type { CallEvent, CallMessage, CallRecord, EndedCall, ListedCall, Turn } from "./call_record.ts";

/** One line per call, with local times. */
export function formatTable(calls: readonly ListedCall[]): string {
  const header = ["started", "length", "from", "to", "assistant", "cost", "end reason", "call"];
  const rows = calls.map((call) => [
    localTime(call.startedAt).slice(0, 16),
    duration(call.seconds),
    call.from,
    call.to,
    call.assistant,
    `$${call.costUsd.toFixed(2)}`,
    call.endReason,
    call.callSid,
  ]);
  const cells = [header, ...rows].map((row) => row.map((cell) => shorten(escapeUnprintable(cell))));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ").trimEnd() + "\n")
    .join("");
}

/** One call with its turns, events, latency and cost. */
export function formatCall(call: EndedCall): string {
  const { tokens, summary, recording } = call;
  const lines = [
    `${call.callSid}  ${call.direction}, ${call.from} to ${call.to}`,
    `${localTime(call.startedAt)}, ${duration(call.seconds)}, ${call.endReason}`,
    `Assistant ${call.assistant}, ${call.model}: $${call.costUsd.toFixed(4)}, ` +
    `${counted(call.carrierMinutes, "carrier minute")}`,
    `Text tokens ${tokens.textIn} in (${tokens.textCached} cached), ${tokens.textOut} out; ` +
    `audio tokens ${tokens.audioIn} in (${tokens.audioCached} cached), ${tokens.audioOut} out`,
    ...(recording ? [`Recording ${duration((recording.ms ?? 0) / 1_000)}, ${recording.path ?? ""}`] : []),
    ...(summary === undefined ? [] : [`Summary: ${summary}`]),
    "",
    ...inOrder(call).map((each) => "speaker" in each ? turnLine(each) : eventLine(each)),
    ...call.messages.map(messageLine),
  ];
  return lines.map((line) => escapeUnprintable(line) + "\n").join("");
}

/** Keeps the order of turns, and puts each event before the first turn that started after it. */
function inOrder({ turns, events }: CallRecord): (Turn | CallEvent)[] {
  const pending = events.toSorted((a, b) => a.atMs - b.atMs);
  const lines: (Turn | CallEvent)[] = [];
  for (const turn of turns) {
    while (pending[0] && pending[0].atMs < turn.atMs) lines.push(...pending.splice(0, 1));
    lines.push(turn);
  }
  return [...lines, ...pending];
}

function turnLine(
  { speaker, text = "(no transcript)", atMs, heardMs, totalMs, interrupted, latency = {} }: Turn,
): string {
  const heard = interrupted && heardMs !== undefined && totalMs !== undefined
    ? `  [interrupted: ${(heardMs / 1000).toFixed(1)} of ${(totalMs / 1000).toFixed(1)} s heard]`
    : "";
  const hops = measuredHops(latency).map(([hop, ms]) => `${hop} ${Math.round(ms)}`);
  const waits = hops.length > 0 ? `  [${hops.join(" + ")} ms]` : "";
  return `${position(atMs)}  ${speaker.padEnd(9)}  ${text}${heard}${waits}`;
}

function eventLine({ atMs, kind, name, ok, ms, detail }: CallEvent): string {
  const parts = [
    name,
    ok === false ? "failed" : "",
    ms === undefined ? "" : `${Math.round(ms)} ms`,
    detail ?? "",
  ];
  return `${position(atMs)}  *${kind.padEnd(8)}  ${parts.filter((part) => part !== "").join("  ")}`;
}

function messageLine({ kind, name, number, message, urgent, recorded }: CallMessage): string {
  if (kind === "callback") return `Callback requested: ${number}`;
  if (recorded) {
    const [from, to] = [recorded.fromMs, recorded.toMs].map((ms) => position(ms).trim());
    return `Voicemail from ${number}: ${from} to ${to} of the recording`;
  }
  return `Message from ${name}, ${number}${urgent ? ", urgent" : ""}: ${message}`;
}

/** `1:05.2` */
function position(ms: number): string {
  const tenths = Math.round(ms / 100);
  return `${Math.floor(tenths / 600)}:${((tenths % 600) / 10).toFixed(1).padStart(4, "0")}`.padStart(7);
}

/** `1:05`, rounded down as in the console. */
function duration(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** `2026-11-21 10:00:00` in the machine's time zone. */
function localTime(iso: string): string {
  const time = new Date(iso);
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace("T", " ");
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
