/**
 * Functions that run in a page. Only their own source gets there, so none may use anything outside itself.
 */

/**
 * @typedef {object} Tapped What a page opened, sent and played. Times are those of its audio context (s).
 * @property {MediaStreamTrack[]} tracks
 * @property {AudioContext[]} contexts
 * @property {WebSocket[]} sockets
 * @property {EventSource[]} sources
 * @property {{ at: number, peak: number }[]} spoken The caller's frames: time sent, and peak (0 to 1).
 * @property {number[]} clears When each `clear` arrived.
 * @property {string[]} sent Messages sent, without audio.
 * @property {Int16Array[]} played
 * @property {number | undefined} playedFrom
 */

/** Records in `tapped` what the page opens, sends and plays. Runs before the page's scripts. */
export function tap() {
  /** @type {Tapped} */
  const tapped = {
    tracks: [],
    contexts: [],
    sockets: [],
    sources: [],
    spoken: [],
    clears: [],
    sent: [],
    played: [],
    playedFrom: undefined,
  };
  Object.assign(globalThis, { tapped });
  const now = () => tapped.contexts.at(-1)?.currentTime ?? 0;

  const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = await getUserMedia(constraints);
    tapped.tracks.push(...stream.getTracks());
    return stream;
  };
  globalThis.AudioContext = class extends AudioContext {
    /** @param {AudioContextOptions} [options] */
    constructor(options) {
      super(options);
      tapped.contexts.push(this);
    }
  };
  const TappedEventSource = class extends EventSource {
    /** @param {string} url */
    constructor(url) {
      super(url);
      tapped.sources.push(this);
    }
  };
  /** @type {(byte: number) => number} */
  const magnitude = (byte) => (((2 * (~byte & 15) + 33) << ((~byte >> 4) & 7)) - 33) / 8_031;
  const TappedWebSocket = class extends WebSocket {
    /** @param {string} url */
    constructor(url) {
      super(url);
      tapped.sockets.push(this);
      this.addEventListener("message", ({ data }) => {
        if (JSON.parse(data).event === "clear") tapped.clears.push(now());
      });
    }
    /**
     * @override
     * @param {string} text
     */
    send(text) {
      const { event, media } = JSON.parse(text);
      if (event === "media") {
        const bytes = Array.from(atob(media.payload), (letter) => letter.charCodeAt(0));
        tapped.spoken.push({ at: now(), peak: Math.max(...bytes.map(magnitude)) });
      } else tapped.sent.push(text);
      super.send(text);
    }
  };
  Object.assign(globalThis, { EventSource: TappedEventSource, WebSocket: TappedWebSocket });
  const connect = /** @type {(this: AudioNode, to: AudioNode, ...rest: number[]) => AudioNode} */ (
    AudioNode.prototype.connect
  );
  /** @type {(this: AudioNode, to: AudioNode, ...rest: number[]) => AudioNode} */
  const tappedConnect = function (to, ...rest) {
    const { context } = this;
    if (this instanceof AudioWorkletNode && to === context.destination) {
      context.audioWorklet.addModule("/console/tap_worklet.js").then(() => {
        const node = new AudioWorkletNode(context, "tap", { numberOfOutputs: 0 });
        node.port.onmessage = ({ data: { at, samples } }) => {
          tapped.playedFrom ??= at / context.sampleRate;
          tapped.played.push(samples);
        };
        connect.call(this, node);
      });
    }
    return connect.call(this, to, ...rest);
  };
  Object.assign(AudioNode.prototype, { connect: tappedConnect });
}

/** The worklet of the tap; the service does not have it. */
export const TAP_WORKLET = `
  registerProcessor("tap", class extends AudioWorkletProcessor {
    process([[input]]) {
      const samples = Int16Array.from(input ?? [], (x) => x * 32767);
      this.port.postMessage({ at: currentFrame, samples });
      return true;
    }
  });
`;

/** Turns off the browser's processing of speech, which would change a test signal. */
export function disableAudioProcessing() {
  const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = () =>
    getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
}

/**
 * Sets the language of the browser, and logs violations of the content security policy.
 *
 * @param {string} language
 */
export function setLanguage(language) {
  Object.defineProperty(navigator, "languages", { value: [language] });
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
    console.error(`policy: ${violatedDirective} ${blockedURI}`);
  });
}

/** The states of everything the page opened. */
export function openResources() {
  const { tapped } = /** @type {{ tapped: Tapped }} */ (/** @type {unknown} */ (globalThis));
  return {
    tracks: tapped.tracks.map(({ readyState }) => readyState),
    contexts: tapped.contexts.map(({ state }) => state),
    sockets: tapped.sockets.map(({ readyState }) => readyState),
    sources: tapped.sources.map(({ readyState }) => readyState),
  };
}

/** The played audio, as base64 of 16-bit samples. */
export function playedAudio() {
  const { tapped } = /** @type {{ tapped: Tapped }} */ (/** @type {unknown} */ (globalThis));
  let text = "";
  for (const chunk of tapped.played) {
    for (const byte of new Uint8Array(chunk.buffer)) text += String.fromCharCode(byte);
  }
  return { rate: tapped.contexts.at(-1)?.sampleRate ?? 0, from: tapped.playedFrom ?? 0, text: btoa(text) };
}

/**
 * Whether a sample above a level was played.
 *
 * @param {number} level From 0 to 1.
 */
export function hasPlayed(level) {
  const { tapped } = /** @type {{ tapped: Tapped }} */ (/** @type {unknown} */ (globalThis));
  return tapped.played.some((chunk) => chunk.some((sample) => Math.abs(sample) > level * 32767));
}

/** Requests TwiML and a media stream as the phone does, without a session. */
export async function tryWithoutSignIn() {
  const body = new URLSearchParams({ CallSid: "CA1", From: "client:console" });
  const webhook = await fetch("/incoming-call", { method: "POST", body });
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/media-stream");
  const opened = await new Promise((resolve) => {
    socket.onopen = () => resolve(true);
    socket.onerror = () => resolve(false);
  });
  return [webhook.status, opened];
}

/**
 * Whether an element contains `text`; without a selector, whether the page does.
 *
 * @param {string} text
 * @param {string} [selector]
 */
export function containsText(text, selector = "body") {
  return Array.from(document.querySelectorAll(selector)).some((element) =>
    element.textContent?.includes(text) ?? false
  );
}

/**
 * Violations that axe finds in the page.
 *
 * @param {string[]} [rules] Only of these rules.
 */
export async function axeProblems(rules) {
  const { axe } = /** @type {{ axe: typeof import("axe-core") }} */ (/** @type {unknown} */ (globalThis));
  const { violations } = await axe.run(document, {
    resultTypes: ["violations"],
    ...(rules && { runOnly: rules }),
  });
  return violations.map(({ id, help, nodes }) => {
    const where = nodes.slice(0, 3).map(({ target, failureSummary }) => `${target} ${failureSummary}`);
    return `${id}: ${help}: ${where.join(" | ")}`;
  });
}

/** Whether text of a caller or model became markup. */
export function hasInjectedMarkup() {
  return "pwned" in globalThis ||
    document.querySelector("main img, main b b, main script, [onerror]") !== null ||
    Array.from(document.querySelectorAll("main b")).some(({ textContent }) => textContent === "bold");
}
