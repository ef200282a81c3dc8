/** The microphone and loudspeaker of one phone call, with the audio worklet between them. */

/** @import { MicrophoneProblem, PageMessage, PhoneLevels, WorkletMessage } from "./phone_types.ts" */

/**
 * Interval between measurements of output latency (frames of 20 ms), and the smallest reported change (s).
 */
const LATENCY_FRAMES = 50;
const LATENCY_CHANGE_SECONDS = 0.002;
/** DTMF frequencies (Hz) by row and column of the keypad. Source: ITU-T Q.23. */
const ROW_HERTZ = [697, 770, 852, 941];
const COLUMN_HERTZ = [1209, 1336, 1477];
const KEYS = "123456789*0#";
/** Length (s) and gain of a key's tone for the caller. */
const TONE_SECONDS = 0.12;
const TONE_GAIN = 0.05;

/** Thrown when no microphone can be used. */
export class MicrophoneError extends Error {
  /** @param {MicrophoneProblem} reason */
  constructor(reason) {
    super(reason);
    this.name = "MicrophoneError";
    this.reason = reason;
  }
}

/** @type {Record<string, MicrophoneProblem>} By the name of getUserMedia's error. */
const PROBLEMS = { NotAllowedError: "denied", NotFoundError: "missing", NotReadableError: "busyMicrophone" };

/** Create it in a click handler, because browsers mute audio that was not started by the user. */
export class PhoneAudio {
  /** Called every 20 ms with a frame of the caller's µ-law, its time (ms, by the audio clock), and levels. */
  onFrame = (
    /** @type {Uint8Array} */ _frame,
    /** @type {number} */ _atMs,
    /** @type {PhoneLevels} */ _levels,
  ) => {};
  /** Called for each mark when the audio before it was heard. */
  onMark = (/** @type {string} */ _name) => {};
  #context;
  /** @type {AudioWorkletNode | undefined} */
  #node;
  /** @type {readonly MediaStreamTrack[]} */
  #tracks = [];
  /** @type {MediaStreamAudioSourceNode | undefined} */
  #source;
  #muted = false;
  #latencySeconds = 0;
  #frames = 0;
  /**
   * Total time of suspended audio (ms), as during another call on a mobile phone; and start of the present
   * suspension.
   */
  #suspendedMs = 0;
  /** @type {number | undefined} */
  #suspendedAt;
  #closed = false;
  #onVisible = () => this.#resume();

  /**
   * @throws {MicrophoneError} `insecure`: browsers offer no audio on pages without HTTPS, except on
   *   localhost.
   */
  constructor() {
    if (!globalThis.AudioWorkletNode || !navigator.mediaDevices) throw new MicrophoneError("insecure");
    this.#context = new AudioContext({ latencyHint: "interactive" });
    this.#context.onstatechange = () => this.#onStateChange();
    document.addEventListener("visibilitychange", this.#onVisible);
    this.#resume();
  }

  /** Starts the worklet. No frame or mark arrives earlier. */
  async start() {
    await this.#context.audioWorklet.addModule(new URL("phone_worklet.js", import.meta.url));
    if (this.#closed) return;
    this.#node = new AudioWorkletNode(this.#context, "phone", {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      outputChannelCount: [1],
      channelCount: 1,
      channelCountMode: "explicit",
    });
    this.#node.port.onmessage = ({ data }) => this.#receive(data);
    this.#node.connect(this.#context.destination);
    this.mute(this.#muted);
    this.#source?.connect(this.#node);
  }

  /** Requests the microphone. Until it is connected, the caller is silent. @throws {MicrophoneError} */
  async connectMicrophone() {
    const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio });
    } catch (error) {
      throw new MicrophoneError(PROBLEMS[error instanceof Error ? error.name : ""] ?? "missing");
    }
    // The user may have answered after the call ended.
    if (this.#closed) return stopTracks(stream.getTracks());
    this.#tracks = stream.getTracks();
    this.#source = this.#context.createMediaStreamSource(stream);
    if (this.#node) this.#source.connect(this.#node);
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.#muted = muted;
    this.#post({ type: "mute", muted });
  }

  /** @param {Uint8Array} bytes µ-law, played after the buffered audio. */
  media(bytes) {
    this.#post({ type: "media", bytes });
  }

  /** @param {string} name */
  mark(name) {
    this.#post({ type: "mark", name });
  }

  /** Discards the buffered audio. */
  clear() {
    this.#post({ type: "clear" });
  }

  /**
   * Plays the tone of a key to the caller.
   *
   * @param {string} key
   */
  playTone(key) {
    const at = KEYS.indexOf(key);
    if (at < 0 || this.#closed) return;
    const now = this.#context.currentTime;
    const volume = new GainNode(this.#context, { gain: 0 });
    volume.gain.setTargetAtTime(TONE_GAIN, now, 0.004);
    volume.gain.setTargetAtTime(0, now + TONE_SECONDS, 0.004);
    volume.connect(this.#context.destination);
    for (const frequency of [ROW_HERTZ[Math.floor(at / 3)] ?? 0, COLUMN_HERTZ[at % 3] ?? 0]) {
      const oscillator = new OscillatorNode(this.#context, { frequency });
      oscillator.connect(volume);
      oscillator.start(now);
      oscillator.stop(now + TONE_SECONDS + 0.05);
    }
  }

  /** Releases the microphone and the loudspeaker. */
  async close() {
    if (this.#closed) return;
    this.#closed = true;
    document.removeEventListener("visibilitychange", this.#onVisible);
    this.#post({ type: "close" });
    stopTracks(this.#tracks);
    this.#source?.disconnect();
    this.#node?.disconnect();
    await this.#context.close();
  }

  /** @param {PageMessage} message */
  #post(message) {
    this.#node?.port.postMessage(message);
  }

  /** @param {WorkletMessage} message */
  #receive(message) {
    if (this.#closed) return;
    if (message.type === "mark") return this.onMark(message.mark);
    if (this.#frames++ % LATENCY_FRAMES === 0) this.#measureLatency();
    this.onFrame(message.frame, this.#frames * 20 + this.#suspendedMs, message);
  }

  #measureLatency() {
    // Some browsers report neither.
    const seconds = (this.#context.baseLatency || 0) + (this.#context.outputLatency || 0);
    if (Math.abs(seconds - this.#latencySeconds) < LATENCY_CHANGE_SECONDS) return;
    this.#latencySeconds = seconds;
    this.#post({ type: "latency", seconds });
  }

  #onStateChange() {
    if (this.#context.state === "running") {
      if (this.#suspendedAt !== undefined) this.#suspendedMs += performance.now() - this.#suspendedAt;
      this.#suspendedAt = undefined;
    } else this.#suspendedAt ??= performance.now();
  }

  #resume() {
    if (this.#closed || this.#context.state === "running") return;
    this.#context.resume().catch(() => {});
  }
}

/** @param {readonly MediaStreamTrack[]} tracks */
function stopTracks(tracks) {
  for (const track of tracks) track.stop();
}
