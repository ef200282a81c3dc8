import type { ListedCall } from "./call_list.ts";
import type { CallEvent, CallRecord, Turn } from "./call_record.ts";
import { printable } from "../printable.ts";

/** One line for each call; times are the machine's. */
export function formatTable(calls: readonly ListedCall[]): string {
  const header = ["started", "length", "from", "to", "assistant", "cost", "ended", "call"];
  const rows = calls.map((call) => [
    localTime(call.startedAt).slice(0, 16),
    length(call.seconds),
    call.from,
    call.to,
    call.assistant,
    `$${call.modelUsd.toFixed(2)}`,
    call.reason,
    call.callSid,
  ]);
  const cells = [header, ...rows].map((row) => row.map((cell) => shorten(printable(cell))));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ").trimEnd() + "\n")
    .join(
      "",
    );
}

/** The recording of a call: how long it is, and where. */
export interface FoundRecording {
  readonly ms: number;
  readonly path: string;
}

/** All of one call: what was said and done, how long it took, what it cost. */
export function formatCall(call: CallRecord, recording?: FoundRecording): string {
  const { tokens, summary } = call;
  const lines = [
    `${call.callSid}  ${call.direction}, ${call.from} to ${call.to}`,
    `${localTime(call.startedAt)}, ${length(call.seconds)}, ${call.reason}`,
    `Assistant ${call.assistant}, ${call.model}: $${call.modelUsd.toFixed(4)}, ` +
    `${counted(call.carrierMinutes, "minute")} of the carrier`,
    `Text ${tokens.textIn} in (${tokens.textCached} cached), ${tokens.textOut} out; ` +
    `audio ${tokens.audioIn} in (${tokens.audioCached} cached), ${tokens.audioOut} out`,
    ...(recording ? [`Recording ${length(recording.ms / 1_000)}, ${recording.path}`] : []),
    ...(summary === undefined ? [] : [`Summary: ${summary}`]),
    "",
    ...inOrder(call).map((each) => "who" in each ? turnLine(each) : eventLine(each)),
    ...call.messages.map(({ name, number, message, urgent }) =>
      `Message of ${name}, ${number}${urgent ? ", urgent" : ""}: ${message}`
    ),
  ];
  return lines.map((line) => printable(line) + "\n").join("");
}

/** Turns keep their order; an event stands before the first turn that began after it. */
function inOrder({ turns, events }: CallRecord): (Turn | CallEvent)[] {
  const waiting = events.toSorted((a, b) => a.atMs - b.atMs);
  const lines: (Turn | CallEvent)[] = [];
  for (const turn of turns) {
    while (waiting[0] && waiting[0].atMs < turn.atMs) lines.push(...waiting.splice(0, 1));
    lines.push(turn);
  }
  return [...lines, ...waiting];
}

function turnLine({ who, text = "(no words)", atMs, heardMs, totalMs, cut, latency }: Turn): string {
  const heard = cut && heardMs !== undefined && totalMs !== undefined
    ? `  [cut: ${(heardMs / 1000).toFixed(1)} of ${(totalMs / 1000).toFixed(1)} s heard]`
    : "";
  const { modelMs, sentMs, heardMs: markMs } = latency ?? {};
  const hops = [["model", modelMs], ["sent", sentMs], ["heard", markMs]].flatMap(([hop, ms]) =>
    ms === undefined ? [] : `${hop} ${Math.round(Number(ms))}`
  );
  return `${at(atMs)}  ${who.padEnd(9)}  ${text}${heard}${
    hops.length > 0 ? `  [${hops.join(" + ")} ms]` : ""
  }`;
}

function eventLine({ atMs, kind, name, ok, ms, detail }: CallEvent): string {
  const parts = [
    name,
    ok === false ? "failed" : "",
    ms === undefined ? "" : `${Math.round(ms)} ms`,
    detail ?? "",
  ];
  return `${at(atMs)}  *${kind.padEnd(8)}  ${parts.filter((part) => part !== "").join("  ")}`;
}

/** `1:05.2` */
function at(ms: number): string {
  const tenths = Math.round(ms / 100);
  return `${Math.floor(tenths / 600)}:${((tenths % 600) / 10).toFixed(1).padStart(4, "0")}`.padStart(7);
}

/** `1:05` */
function length(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** `2026-11-21 10:00:00`, where this machine is. */
function localTime(iso: string): string {
  const time = new Date(iso);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 19).replace(
    "T",
    " ",
  );
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
