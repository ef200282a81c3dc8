import { decodeMulaw } from "../../src/audio/g711.js";
import type { Clock } from "../../src/clock.ts";
import { callTarget, openStreamSocket } from "../../src/simulator/caller/call_target.ts";
import { placeCall } from "../../src/simulator/caller/place_call.ts";
import { transcode } from "../../src/simulator/model/model_audio.ts";
import type { ModelBehavior } from "../../src/simulator/model/model_behavior.ts";
import { startSimulatedModel } from "../../src/simulator/model/model_server.ts";
import { parseObject } from "../../src/json.ts";
import { LagMeter } from "../../tests/faults/lag_meter.ts";
import { TestService } from "../../tests/support/service.ts";
import type { Sound } from "./corpus.ts";
import { compareWithAnswer, type HeardAnswer } from "./heard_answer.ts";
import { TrialCaller } from "./trial_caller.ts";

/** Silence after which semantic VAD ends speech that may go on, with its default eagerness (ms). */
const UNFINISHED_SILENCE_MS = 4_000;
const FINISHED_SILENCE_MS = 600;
/** Time in which the model starts to answer a turn, apart from the detection of its end (ms). */
const REPLY_MS = 2_600;
/** The reply is heard this long after the model began to answer (ms). */
const REPLY_HEARD_MS = 1_000;

export interface Trial {
  readonly sound: Sound;
  /** Level against the caller's usual speech (dB). */
  readonly levelDb: number;
  readonly mode: "pause" | "stop";
  readonly vad: "server_vad" | "semantic_vad";
  readonly transcriptDelayMs: number;
  /** Other fields of `interruptions`. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Audio of a trial's call, as µ-law. */
export interface TrialAudio {
  readonly turn: Uint8Array;
  readonly sound: Uint8Array;
  readonly noise: () => Uint8Array;
  /** Without silence. */
  readonly answer: Uint8Array;
  readonly reply: Uint8Array;
}

export interface TrialResult {
  readonly answer: HeardAnswer;
  /** Start and end of the sound in the call (ms). */
  readonly soundMs: readonly [number, number];
  /** Whether the model's server took the sound for speech. */
  readonly detected: boolean;
  /** From `speech_started` being sent to `clear` being received (ms). */
  readonly clearMs: number | undefined;
  /** From the decision to go on until audio is received (ms). */
  readonly resumeMs: number | undefined;
  /** Why the sound was dismissed. */
  readonly why: string | undefined;
  /** The longest delay of a timer in the call (ms): how busy the machine was. */
  readonly lagMs: number;
}

/** When things happened after the sound began (ms of the clock), each for the first time. */
interface Times {
  speechStarted?: number;
  clear?: number;
  mediaAfterClear?: number;
  transcript?: number;
}

interface Counts {
  responses: number;
  /** When the model began to answer the sound. */
  repliedAt?: number;
}

/**
 * Places one call through the service, with a model whose transcripts are known, and measures what the caller hears.
 *
 * @returns undefined if the caller heard no answer to interrupt: the machine was too busy.
 */
export async function runTrial(
  trial: Trial,
  audio: TrialAudio,
  clock: Clock,
): Promise<TrialResult | undefined> {
  const { mode, vad, settings } = trial;
  using lag = new LagMeter();
  const times: Times = {};
  const counts: Counts = { responses: 0 };
  let caller: TrialCaller | undefined;
  const model = startSimulatedModel({
    clock,
    behavior: behaviorOf(trial, audio, counts, clock),
    onEvent(direction, { type }) {
      if (direction === "in" || !caller?.soundMs) return;
      if (type === "input_audio_buffer.speech_started") times.speechStarted ??= clock.now();
      if (type === "conversation.item.input_audio_transcription.completed") {
        times.transcript ??= clock.now();
      }
    },
  });
  const env = { OPENAI_API_KEY: "sk-of-the-bench", OPENAI_REALTIME_URL: model.url, GREETING: "" };
  const interruptions = { mode, ...(mode === "pause" && settings) };
  const assistant = { instructions: "Answer.", greeting: "", interruptions, turnDetection: { type: vad } };
  await using service = new TestService(env, clock, { assistants: { assistant } });
  const unfinishedMs = vad === "semantic_vad" && !trial.sound.finished ? UNFINISHED_SILENCE_MS : 0;
  const outcome = await placeCall({
    ...callTarget({ baseUrl: service.url, clock, open: watchedSocket(times, clock) }),
    createRole: (handset) =>
      caller = new TrialCaller({
        ...audio,
        replyWithinMs: REPLY_MS + unfinishedMs,
        isReplied: () => counts.repliedAt !== undefined && clock.now() > counts.repliedAt + REPLY_HEARD_MS,
      }, handset),
  });
  const clockOffset = Date.now() - performance.now();
  await model.close();
  const [line] = service.events("turn dismissed");
  const simulated = outcome.callers[0];
  if (!simulated || !caller?.soundMs) return undefined;
  const why = line && String(line.why);
  const decidedAt = why === "quiet" || why === "late"
    ? Date.parse(String(line?.time)) - clockOffset
    : times.transcript;
  return {
    answer: compareWithAnswer(simulated.recording.heard, decodeMulaw(audio.answer), caller.soundMs[0]),
    soundMs: caller.soundMs,
    detected: times.speechStarted !== undefined,
    clearMs: since(times.speechStarted, times.clear),
    resumeMs: why === undefined ? undefined : since(decidedAt, times.mediaAfterClear),
    why,
    lagMs: lag.maxMs,
  };
}

function behaviorOf(
  { sound, transcriptDelayMs }: Trial,
  { answer, reply }: TrialAudio,
  counts: Counts,
  clock: Clock,
): ModelBehavior {
  let turns = 0;
  return {
    semanticSilenceMs: sound.finished ? FINISHED_SILENCE_MS : UNFINISHED_SILENCE_MS,
    transcribe: () => ({ text: turns++ === 0 ? "Hello." : sound.text, delayMs: transcriptDelayMs }),
    planResponse({ format }) {
      const isReply = counts.responses++ > 0;
      if (isReply) counts.repliedAt ??= clock.now();
      const [mulaw, transcript] = isReply ? [reply, "A reply."] : [answer, "An answer."];
      const speech = transcode(mulaw, { type: "audio/pcmu" }, format);
      return {
        items: [{ type: "speech", audio: speech, transcript }],
        delayMs: 200,
        end: { type: "completed" },
      };
    },
  };
}

/** Twilio's socket, which notes when the service's messages arrive. */
function watchedSocket(times: Times, clock: Clock): typeof openStreamSocket {
  return (url, headers, handlers, signal) => {
    const onMessage = (data: unknown) => {
      const event = typeof data === "string" ? parseObject(data)?.event : undefined;
      if (times.speechStarted !== undefined && event === "clear") times.clear ??= clock.now();
      if (times.clear !== undefined && event === "media") times.mediaAfterClear ??= clock.now();
      handlers.onMessage(data);
    };
    return openStreamSocket(url, headers, { ...handlers, onMessage }, signal);
  };
}

function since(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : Math.max(0, to - from);
}
