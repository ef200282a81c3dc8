/** The browser's ends of the sound: its microphone, its loudspeaker, and what runs between on the audio thread. */

/** How often the way to the loudspeaker is measured again (frames of 20 ms), and what is worth telling (s). */
const MEASURE_FRAMES = 50;
const WORTH_TELLING = 0.002;
/** What telephones hear as keys (Hz), by row and column (ITU-T Q.23). */
const ROWS = [697, 770, 852, 941];
const COLUMNS = [1209, 1336, 1477];
const KEYS = "123456789*0#";
/** A key's tone for the caller's own ear (s), and how loud (of 1). */
const TONE_SECONDS = 0.12;
const TONE_LEVEL = 0.05;

/** Why there is no microphone; `name` is one of the page's words. */
export class MicrophoneError extends Error {
  constructor(name) {
    super(name);
    this.name = name;
  }
}

const NAMES = { NotAllowedError: "denied", NotFoundError: "missing", NotReadableError: "busyMicrophone" };

/** Sound of one call. Made within a click, or browsers keep it silent. */
export class Sound {
  /** Told each 20 ms `(bytes, atMs, levels)`: what the caller said as µ-law, when, and `{ spoken, played, bufferedMs }`. */
  onframe = () => {};
  /** Told the name of a mark all before which was heard. */
  onmark = () => {};
  #context;
  #node;
  #tracks = [];
  #source;
  #muted = false;
  #latency = 0;
  #frames = 0;
  /** How long the sound stood still, as on a phone that was called meanwhile (ms), and since when it does. */
  #stoodMs = 0;
  #stoppedAt;
  #closed = false;
  #wake = () => this.#resume();

  constructor() {
    if (!globalThis.AudioWorkletNode || !navigator.mediaDevices) throw new MicrophoneError("insecure");
    this.#context = new AudioContext({ latencyHint: "interactive" });
    this.#context.onstatechange = () => this.#stateChanged();
    document.addEventListener("visibilitychange", this.#wake);
    this.#resume();
  }

  /** Makes it run; before, nothing is told. */
  async start() {
    await this.#context.audioWorklet.addModule(new URL("worklet.js", import.meta.url));
    if (this.#closed) return;
    this.#node = new AudioWorkletNode(this.#context, "phone", {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      outputChannelCount: [1],
      channelCount: 1,
      channelCountMode: "explicit",
    });
    this.#node.port.onmessage = ({ data }) => this.#told(data);
    this.#node.connect(this.#context.destination);
    this.mute(this.#muted);
    this.#source?.connect(this.#node);
  }

  /** Asks for the microphone, and lets it be heard. Until then, the caller is silent. @throws {MicrophoneError} */
  async listen() {
    const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio });
    } catch (error) {
      throw new MicrophoneError(NAMES[error.name] ?? "missing");
    }
    // The answer may come when the call is over.
    if (this.#closed) return stopAll(stream.getTracks());
    this.#tracks = stream.getTracks();
    this.#source = this.#context.createMediaStreamSource(stream);
    if (this.#node) this.#source.connect(this.#node);
  }

  mute(muted) {
    this.#muted = muted;
    this.#tell({ muted });
  }

  /** µ-law to play behind what waits. */
  media(bytes) {
    this.#tell({ media: bytes });
  }

  mark(name) {
    this.#tell({ mark: name });
  }

  clear() {
    this.#tell({ clear: true });
  }

  /** Lets the caller hear the key they pressed. */
  tone(key) {
    const at = KEYS.indexOf(key);
    if (at < 0 || this.#closed) return;
    const now = this.#context.currentTime;
    const volume = new GainNode(this.#context, { gain: 0 });
    volume.gain.setTargetAtTime(TONE_LEVEL, now, 0.004);
    volume.gain.setTargetAtTime(0, now + TONE_SECONDS, 0.004);
    volume.connect(this.#context.destination);
    for (const frequency of [ROWS[Math.floor(at / 3)], COLUMNS[at % 3]]) {
      const oscillator = new OscillatorNode(this.#context, { frequency });
      oscillator.connect(volume);
      oscillator.start(now);
      oscillator.stop(now + TONE_SECONDS + 0.05);
    }
  }

  /** Lets go of the microphone and of everything else. */
  async close() {
    if (this.#closed) return;
    this.#closed = true;
    document.removeEventListener("visibilitychange", this.#wake);
    this.#tell({ closed: true });
    stopAll(this.#tracks);
    this.#source?.disconnect();
    this.#node?.disconnect();
    await this.#context.close();
  }

  #tell(message) {
    this.#node?.port.postMessage(message);
  }

  #told({ mark, frame, spoken, played, bufferedMs }) {
    if (this.#closed) return;
    if (mark !== undefined) return this.onmark(mark);
    if (!frame) return;
    if (this.#frames++ % MEASURE_FRAMES === 0) this.#measure();
    this.onframe(frame, this.#frames * 20 + this.#stoodMs, { spoken, played, bufferedMs });
  }

  /** Not every browser tells how long its sound takes to the ear. */
  #measure() {
    const latency = (this.#context.baseLatency || 0) + (this.#context.outputLatency || 0);
    if (Math.abs(latency - this.#latency) < WORTH_TELLING) return;
    this.#latency = latency;
    this.#tell({ latency });
  }

  #stateChanged() {
    if (this.#context.state === "running") {
      if (this.#stoppedAt !== undefined) this.#stoodMs += performance.now() - this.#stoppedAt;
      this.#stoppedAt = undefined;
    } else this.#stoppedAt ??= performance.now();
  }

  #resume() {
    if (this.#closed || this.#context.state === "running") return;
    this.#context.resume().catch(() => {});
  }
}

function stopAll(tracks) {
  for (const track of tracks) track.stop();
}
