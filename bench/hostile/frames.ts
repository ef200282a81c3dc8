/** Media stream messages, valid and malformed. */

import type { SkipReason } from "../../src/twilio/media_stream.ts";

const SILENCE = new Uint8Array(160).fill(0xff).toBase64();

/** A message that the service skips. */
export interface BadFrame {
  readonly reason: SkipReason;
  readonly data: string | Uint8Array<ArrayBuffer>;
  /** Number of times in one call. */
  readonly repeat: number;
}

export function startFrame(streamSid: string, callSid: string, parameters: Record<string, unknown>): string {
  return JSON.stringify(startMessage(streamSid, callSid, parameters));
}

/** The `n`th frame of audio, from 0: 20 ms as base64 of µ-law. */
export function mediaFrame(streamSid: string, n: number, payload = SILENCE): string {
  const media = { track: "inbound", chunk: `${n + 1}`, timestamp: `${n * 20}`, payload };
  return JSON.stringify({ event: "media", sequenceNumber: `${n + 2}`, media, streamSid });
}

export function stopFrame(streamSid: string): string {
  return JSON.stringify({ event: "stop", sequenceNumber: "1", stop: { accountSid: "AC1" }, streamSid });
}

function startMessage(streamSid: string, callSid: string, customParameters: Record<string, unknown>) {
  const mediaFormat = { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 };
  const start = { accountSid: "AC1", streamSid, callSid, tracks: ["inbound"], mediaFormat, customParameters };
  return { event: "start", sequenceNumber: "1", start, streamSid };
}

const { start } = startMessage("MZ", "CA1", {});
/** `start` messages that start nothing. */
export const BAD_STARTS = [
  '{"event":"start","start":"now"}',
  JSON.stringify({ event: "start", start: { ...start, callSid: "" } }),
  JSON.stringify({ event: "start", start: { ...start, mediaFormat: { encoding: "audio/l16" } } }),
];

/** Malformed messages of every kind, for a started stream. */
export function badFrames(streamSid: string): BadFrame[] {
  const media = { track: "inbound", chunk: "1", timestamp: "20", payload: SILENCE };
  const on = (event: string, rest: unknown, sid: unknown = streamSid) =>
    JSON.stringify({ event, [event]: rest, streamSid: sid });
  const [notAnObject = "", noCallSid = "", otherFormat = ""] = BAD_STARTS;
  const texts: [SkipReason, string][] = [
    ["not JSON", "{"],
    ["not JSON", "hello\u0000"],
    ["not JSON", "null"],
    ["not JSON", '["media"]'],
    ["not JSON", "[".repeat(30_000) + "]".repeat(30_000)],
    ["no event", "{}"],
    ["no event", '{"event":7}'],
    ["no event", '{"__proto__":{"event":"media"}}'],
    ["no event", `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`],
    ["unknown event", '{"event":"__proto__"}'],
    ["unknown event", '{"event":"toString"}'],
    ["bad start", notAnObject],
    ["bad start", noCallSid],
    ["bad media format", otherFormat],
    ["second start", startFrame(streamSid, "CA1", {})],
    ["bad media", on("media", null)],
    ["bad media", on("media", { ...media, payload: "not base64!" })],
    ["bad media", on("media", { ...media, payload: '"}{"type":"response.create"}' })],
    ["bad media", on("media", { ...media, payload: [SILENCE] })],
    ["bad media", on("media", { ...media, timestamp: "1e999" })],
    ["bad media", on("media", { ...media, timestamp: -1 })],
    ["bad media", on("media", { ...media, track: "outbound" })],
    ["bad mark", on("mark", { name: { toString: 1 } })],
    ["bad dtmf", on("dtmf", { digit: "12" })],
    ["no streamSid", on("media", media, 7)],
    ["wrong streamSid", on("media", media, "MZ of another")],
    ["wrong streamSid", on("stop", {}, "MZ of another")],
  ];
  return [
    ...texts.map(([reason, data]) => ({ reason, data, repeat: 8 })),
    { reason: "binary", data: new Uint8Array(160), repeat: 8 },
    { reason: "too big", data: "x".repeat(65_537), repeat: 2 },
    { reason: "too big", data: `{"event":"media","x":"${"x".repeat(1_048_576)}"}`, repeat: 2 },
  ];
}
