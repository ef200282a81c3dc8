import { BYTES_PER_MS } from "../../audio/line_format.js";
import type { RecordedSpeech } from "../../assistants/call_assistant.ts";
import type { Clock } from "../../clock.ts";
import type { HeardItem, ModelSession } from "../../model/model_interface.ts";
import { Playout, type PlayoutLine } from "../../playout/playout.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { CallEventStream } from "../call_event_stream.ts";
import type { CallTimeline } from "../call_timeline.ts";
import { watchInterruptions } from "./caller_interruptions.ts";
import type { CallerLevel } from "./caller_level.ts";
import { InterruptionGuard } from "./interruption_guard.ts";
import type { InterruptionSettings } from "./interruption_settings.ts";
import type { Interruptions } from "./interruptions.ts";
import type { ModelLink } from "./model_link.ts";
import { PlaybackPause } from "./playback_pause.ts";
import { isRecordedItem, recordedItem } from "./recorded_speech.ts";
import type { Transcript } from "./transcript.ts";
import type { TurnTimer } from "./turn_timer.ts";

/** Prefix of the items that Parley plays itself. */
const OWN_ITEM_PREFIX = "parley-";

export interface AssistantSpeechOptions {
  readonly model: ModelLink;
  readonly transcript: Transcript;
  readonly turns: TurnTimer;
  readonly timeline: CallTimeline;
  readonly events: CallEventStream;
  /** Length of the first audio of the call that the caller cannot interrupt (ms). */
  readonly protectedMs?: number | undefined;
  readonly interruptions: InterruptionSettings;
  /** Measures the caller's audio. */
  readonly level: CallerLevel;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** The assistant's speech: plays the model's audio to the caller, and stops it at a barge-in. Also plays Parley's tones. */
export class AssistantSpeech {
  readonly #options: AssistantSpeechOptions;
  readonly playout: Playout;
  readonly #guard: InterruptionGuard;
  readonly #pause: PlaybackPause;
  readonly interruptions: Interruptions;
  /** The item the model is generating. */
  #openItem: string | undefined;
  /** Audio received of each item that was not interrupted (bytes). */
  readonly #received = new Map<string, number>();
  #attached = false;
  /** The caller was on the line and may come back. */
  #away = false;
  #muted = false;
  /** The model says goodbye: nothing interrupts it, and a mute does not apply. */
  #goodbye = false;
  #callerSpeaking = false;
  #marksLost = 0;

  constructor(options: AssistantSpeechOptions) {
    this.#options = options;
    const { clock, events, interruptions, protectedMs, transcript, turns } = options;
    this.#guard = new InterruptionGuard(clock, protectedMs, events);
    this.playout = new Playout(clock, {
      sendingStarted: (itemId) => {
        transcript.audioPlayed(itemId);
        turns.firstFrameSent(itemId);
      },
      playbackStarted: (itemId) => {
        this.#guard.playbackStarted();
        turns.playbackStarted(itemId);
      },
      playbackProgressed: (itemId) => transcript.audioPlayed(itemId),
      markLost: (mark) => {
        if (this.#marksLost++ === 0) events.emit({ type: "mark lost", mark });
      },
    });
    this.#pause = new PlaybackPause(this.playout, events, interruptions.overlapMs);
    events.on("caller started speaking", () => this.#callerSpeaking = true);
    events.on("caller stopped speaking", () => this.#callerSpeaking = false);
    this.interruptions = watchInterruptions({
      ...options,
      playout: this.playout,
      pause: this.#pause,
      guard: this.#guard,
      interrupt: () => this.interrupt(),
      isGoodbye: () => this.#goodbye,
    });
    events.on("response finished", ({ response }) => {
      this.#openItem = undefined;
      if (response.hasAudio) this.playout.whenPlayed(() => events.emit({ type: "assistant audio played" }));
    });
  }

  get attached(): boolean {
    return this.#attached;
  }

  get callerSpeaking(): boolean {
    return this.#callerSpeaking;
  }

  /** Whether the caller speaks, and it is a turn. */
  get callerInTurn(): boolean {
    return this.#callerSpeaking && !this.interruptions.deciding;
  }

  get marksLost(): number {
    return this.#marksLost;
  }

  attach(line: PlayoutLine): void {
    this.#attached = true;
    this.#away = false;
    this.playout.attach(line);
    this.#pause.remove("stream");
  }

  /** The line was lost. Audio of the model is queued until the next line. */
  suspend(): void {
    this.#attached = false;
    this.#pause.add("stream");
  }

  /** The line ended. Audio that the model generates before the next line is discarded. */
  detach(): void {
    this.interruptions.reset();
    this.stopResponse();
    this.#attached = false;
    this.#away = true;
    this.#callerSpeaking = false;
    this.#guard.clear();
    this.playout.detach();
  }

  /** The session ended. If no caller is on the line yet, its audio is discarded: the next session starts over. */
  sessionClosed(cutOff = false): void {
    if (!this.#attached && !this.#pause.has("stream")) this.interrupt();
    this.#openItem = undefined;
    this.#callerSpeaking = false;
    this.interruptions.sessionLost(cutOff);
  }

  /** Queues µ-law audio of an item from the model. */
  receive(session: ModelSession, itemId: string, audio: Uint8Array): void {
    const { clock, events, metrics, transcript, turns } = this.#options;
    if (this.#away || this.#muted && !this.#goodbye) return this.#discard(session, itemId);
    const receivedAt = clock.now();
    if (this.#openItem !== itemId) events.emit({ type: "assistant started speaking", itemId });
    this.#openItem = itemId;
    transcript.audioGenerated(itemId);
    this.#received.set(itemId, (this.#received.get(itemId) ?? 0) + audio.length);
    turns.firstAudio(itemId);
    if (this.playout.enqueue(itemId, audio)) {
      return metrics.observeAddedDelay("to_caller", clock.now() - receivedAt);
    }
    // The queue is full. Queued audio will be played; the item is truncated at its end.
    this.#options.log.warn("response too long", { item: itemId });
    session.cancelResponse();
    session.interrupt([{ itemId, heardMs: this.playout.acceptedMs(itemId) }]);
  }

  /** Plays recorded speech, after everything queued. It is the assistant's turn, as if the model had said it. */
  playRecorded(speech: RecordedSpeech): void {
    const { events, transcript } = this.#options;
    const itemId = recordedItem(speech);
    events.emit({ type: "assistant started speaking", itemId });
    // It was discarded with a session that was lost before the caller was on the line.
    transcript.revert(itemId);
    transcript.setText(itemId, "assistant", speech.text);
    transcript.audioGenerated(itemId);
    this.#received.set(itemId, speech.audio.length);
    this.playout.enqueue(itemId, speech.audio);
    if (speech.isProtected) this.playout.whenPlayed(this.#guard.protect());
  }

  /** Plays µ-law audio that cannot be interrupted, after everything queued. Resolves when it was played. */
  async playProtected(name: string, audio: Uint8Array): Promise<void> {
    const played = Promise.withResolvers<void>();
    const release = this.#guard.protect();
    this.playout.enqueue(OWN_ITEM_PREFIX + name, audio);
    this.playout.whenPlayed(played.resolve);
    await played.promise;
    release();
  }

  /** Plays a µ-law hold tone, after everything queued. */
  playHold(audio: Uint8Array): void {
    this.playout.enqueue(`${OWN_ITEM_PREFIX}hold tone`, audio);
  }

  /** Stops what {@linkcode playHold} plays. */
  stopHold(): void {
    if (this.#guard.interruptible) this.#stopPlayback();
  }

  /** Stops the assistant and discards its audio, or lets it speak again. */
  mute(muted: boolean): void {
    this.#muted = muted;
    if (muted) this.stopResponse();
  }

  startGoodbye(): void {
    this.#goodbye = true;
    this.interruptions.reset();
  }

  /** Stops the playback; returns how much the caller heard of each interrupted item. */
  interrupt(): readonly HeardItem[] {
    const { transcript } = this.#options;
    const heard = this.#stopPlayback(this.#openItem);
    // The session sends no more of it: another interruption before the response ends does not concern it.
    this.#openItem = undefined;
    for (const { itemId, heardMs } of heard) {
      transcript.setHeard(itemId, heardMs, this.#receivedMs(itemId) ?? heardMs, true);
      this.#received.delete(itemId);
    }
    // Nothing is left that a cough could resume.
    if (!this.interruptions.deciding) this.#pause.remove("speech");
    return heard;
  }

  /** Stops the playback, and the response the model is generating. */
  stopResponse(): void {
    const { model } = this.#options;
    const heard = this.interrupt();
    model.session?.interrupt(heard);
    model.session?.cancelResponse();
  }

  /** Writes into the transcript how much was heard of each item. */
  recordHeard(): void {
    const { transcript } = this.#options;
    for (const itemId of this.#received.keys()) {
      const heardMs = this.playout.heardMs(itemId);
      const totalMs = this.#receivedMs(itemId) ?? heardMs;
      transcript.setHeard(itemId, heardMs, totalMs, heardMs < totalMs);
    }
  }

  close(): void {
    this.interruptions.reset();
    this.#guard.close();
    this.playout.close();
  }

  /** Rounded down to whole milliseconds, as `heardMs` is. */
  #receivedMs(itemId: string): number | undefined {
    const bytes = this.#received.get(itemId);
    return bytes === undefined ? undefined : Math.floor(bytes / BYTES_PER_MS);
  }

  /** Returns how much the caller heard of each interrupted item of the model, `openItem` included. */
  #stopPlayback(openItem?: string): HeardItem[] {
    this.#guard.clear();
    return this.playout.interrupt(openItem).filter(({ itemId }) =>
      !itemId.startsWith(OWN_ITEM_PREFIX) || isRecordedItem(itemId)
    );
  }

  #discard(session: ModelSession, itemId: string): void {
    const { transcript } = this.#options;
    session.cancelResponse();
    transcript.setHeard(itemId, 0, 0, true);
    session.interrupt([{ itemId, heardMs: 0 }]);
  }
}
