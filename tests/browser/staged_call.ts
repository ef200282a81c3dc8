/** A call with scripted speech on both sides of a real service, for pictures. */

import { encodeMulaw, MULAW_SILENCE } from "../../src/audio/g711.js";
import { type Clock, systemClock, wait } from "../../src/clock.ts";
import { SimulatedCaller } from "../../src/simulator/caller/simulated_caller.ts";
import { speakingMs, syntheticVoice } from "../../src/simulator/synthetic_voice.ts";
import type { ScriptedSession } from "../support/scripted_model.ts";

/** A spoken line, from a time of the call (ms). The caller may interrupt the assistant. */
export interface Line {
  readonly atMs: number;
  readonly speaker: "caller" | "assistant";
  readonly text: string;
}

/** Trailing silence of voice activity detection (ms). */
const PAUSE_MS = 500;
/** Audio in one delta (ms). */
const DELTA_MS = 200;

/** Plays the model's side of the lines at their times. Resolves after the last. */
export async function playModel(
  session: ScriptedSession,
  lines: readonly Line[],
  clock: Clock = systemClock,
): Promise<void> {
  const startedAt = clock.now();
  const until = (ms: number) => wait(clock, startedAt + ms - clock.now(), undefined);
  for (const [i, { atMs, speaker, text }] of lines.entries()) {
    const previous = i === 0 ? null : `item_${i - 1}`;
    await until(atMs);
    if (speaker === "assistant") sendResponse(session, `item_${i}`, previous, text);
    else {
      session.send({ type: "input_audio_buffer.speech_started", item_id: `item_${i}`, audio_start_ms: atMs });
      const stopped = atMs + speakingMs(text) + PAUSE_MS;
      await until(stopped);
      session.send({
        type: "input_audio_buffer.speech_stopped",
        item_id: `item_${i}`,
        audio_end_ms: stopped,
      });
      added(session, `item_${i}`, previous, "user");
      session.send({
        type: "conversation.item.input_audio_transcription.completed",
        item_id: `item_${i}`,
        content_index: 0,
        transcript: text,
      });
    }
  }
}

function added(session: ScriptedSession, id: string, previous: string | null, role: string): void {
  const item = { id, type: "message", role, status: "in_progress", content: [] };
  session.send({ type: "conversation.item.added", previous_item_id: previous, item });
}

/** Sends one response: its audio faster than real time, with its transcript. */
function sendResponse(session: ScriptedSession, id: string, previous: string | null, text: string): void {
  const response_id = `response_${id}`;
  const audio = encodeMulaw(syntheticVoice(speakingMs(text), text));
  session.send({ type: "response.created", response: { id: response_id, status: "in_progress" } });
  added(session, id, previous, "assistant");
  const at = { response_id, item_id: id, output_index: 0, content_index: 0 };
  let sent = 0;
  for (let from = 0; from < audio.length; from += DELTA_MS * 8) {
    const delta = audio.subarray(from, from + DELTA_MS * 8).toBase64();
    session.send({ type: "response.output_audio.delta", ...at, delta });
    const upTo = Math.ceil(text.length * Math.min(1, (from + DELTA_MS * 8) / audio.length));
    session.send({ type: "response.output_audio_transcript.delta", ...at, delta: text.slice(sent, upTo) });
    sent = upTo;
  }
  session.send({ type: "response.output_audio.done", ...at });
  session.send({ type: "response.output_audio_transcript.done", ...at, transcript: text });
  const [audioIn, audioOut] = [Math.ceil(audio.length / 800), Math.ceil(audio.length / 400)];
  const usage = {
    total_tokens: 900 + audioIn + audioOut,
    input_tokens: 900 + audioIn,
    output_tokens: 40 + audioOut,
    input_token_details: {
      text_tokens: 900,
      audio_tokens: audioIn,
      cached_tokens: 640,
      cached_tokens_details: { text_tokens: 640, audio_tokens: 0 },
    },
    output_token_details: { text_tokens: 40, audio_tokens: audioOut },
  };
  session.send({ type: "response.done", response: { id: response_id, status: "completed", usage } });
}

/** The caller's side, on a media stream. */
export interface StagedCaller {
  hangUp(): Promise<void>;
}

/** Places the call through the webhook. */
export async function placeStagedCall(
  origin: string,
  call: { readonly callSid: string; readonly from: string; readonly to: string },
  lines: readonly Line[],
  clock: Clock = systemClock,
): Promise<StagedCaller> {
  const { callSid, from, to } = call;
  const form = new URLSearchParams({ CallSid: callSid, From: from, To: to, CallStatus: "ringing" });
  const twiml = await (await fetch(`${origin}/incoming-call`, { method: "POST", body: form })).text();
  const token = /name="token" value="([^"]+)"/.exec(twiml)?.[1] ?? "";
  const voices = lines.filter(({ speaker }) => speaker === "caller")
    .map(({ atMs, text }) => ({ atMs, voice: encodeMulaw(syntheticVoice(speakingMs(text), text)) }));
  const socket = new WebSocket(`${origin.replace("http", "ws")}/media-stream`);
  await new Promise((resolve) => socket.onopen = resolve);
  const closed = new Promise((resolve) => socket.onclose = resolve);
  const caller = new SimulatedCaller({
    clock,
    accountSid: `AC${"0".repeat(32)}`,
    callSid,
    streamSid: `MZ${callSid.slice(2)}`,
    parameters: { token, from, to },
    createRole: () => ({
      status: "",
      hangUpReason: undefined,
      nextFrame(now, bytes) {
        const frame = new Uint8Array(bytes).fill(MULAW_SILENCE);
        for (const { atMs, voice } of voices) {
          const at = Math.round((now - atMs) * 8);
          if (at >= 0 && at < voice.length) frame.set(voice.subarray(at, at + bytes));
        }
        return frame;
      },
    }),
    send: (message) => socket.send(message),
    onHangUp: () => socket.close(),
    addEntry: () => {},
  });
  socket.onmessage = ({ data }) => caller.receive(data);
  caller.start();
  return {
    async hangUp() {
      caller.hangUp("");
      await closed;
    },
  };
}
