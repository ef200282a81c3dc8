/** What runs in a page: each function by itself, since only its own text gets there. */

/** Keeps what a page opens, sends and plays in `tapped`. Times are the audio's own (s). Runs before the page's scripts. */
export function tap() {
  const tapped = {
    tracks: [],
    contexts: [],
    sockets: [],
    sources: [],
    /** Each frame of the caller's: when it was sent, and the loudest of it (of 1). */
    spoken: [],
    /** When each `clear` came. */
    clears: [],
    /** Messages sent, without the audio. */
    sent: [],
    /** What went to the loudspeaker, in pieces, and when that began. */
    played: [],
    playedFrom: undefined,
  };
  Object.assign(globalThis, { tapped });
  const now = () => tapped.contexts.at(-1)?.currentTime ?? 0;

  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = await ask(constraints);
    tapped.tracks.push(...stream.getTracks());
    return stream;
  };
  globalThis.AudioContext = class extends AudioContext {
    constructor(options) {
      super(options);
      tapped.contexts.push(this);
    }
  };
  globalThis.EventSource = class extends EventSource {
    constructor(url) {
      super(url);
      tapped.sources.push(this);
    }
  };
  const magnitude = (byte) => (((2 * (~byte & 15) + 33) << ((~byte >> 4) & 7)) - 33) / 8_031;
  globalThis.WebSocket = class extends WebSocket {
    constructor(url) {
      super(url);
      tapped.sockets.push(this);
      this.addEventListener("message", ({ data }) => {
        if (JSON.parse(data).event === "clear") tapped.clears.push(now());
      });
    }
    send(text) {
      const { event, media } = JSON.parse(text);
      if (event === "media") {
        const bytes = Array.from(atob(media.payload), (letter) => letter.charCodeAt(0));
        tapped.spoken.push({ at: now(), peak: Math.max(...bytes.map(magnitude)) });
      } else tapped.sent.push(text);
      super.send(text);
    }
  };
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (to, ...rest) {
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
}

/** The worklet of the tap: the service knows nothing of it. */
export const TAP_WORKLET = `
  registerProcessor("tap", class extends AudioWorkletProcessor {
    process([[heard]]) {
      if (heard) this.port.postMessage({ at: currentFrame, samples: Int16Array.from(heard, (x) => x * 32767) });
      return true;
    }
  });
`;

/** Lets the microphone be heard as it is: what makes speech clearer also makes it something else. */
export function asItIs() {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = () =>
    ask({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
}

/** Tells what the page's policy did not allow, and lets the page believe in this language. */
export function speak(language) {
  Object.defineProperty(navigator, "languages", { value: [language] });
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
    console.error(`policy: ${violatedDirective} ${blockedURI}`);
  });
}

/** How all is that was opened. */
export function leftOpen() {
  const state = (list, name) => list.map((each) => each[name]);
  return {
    tracks: state(tapped.tracks, "readyState"),
    contexts: state(tapped.contexts, "state"),
    sockets: state(tapped.sockets, "readyState"),
    sources: state(tapped.sources, "readyState"),
  };
}

/** What was played, as base64 of 16-bit samples. */
export function played() {
  let text = "";
  for (const piece of tapped.played) {
    for (const byte of new Uint8Array(piece.buffer)) text += String.fromCharCode(byte);
  }
  return { rate: tapped.contexts.at(-1).sampleRate, from: tapped.playedFrom, text: btoa(text) };
}

/** Whether so loud a sample (of 1) was played. */
export function hasPlayed(level) {
  return tapped.played.some((piece) => piece.some((sample) => Math.abs(sample) > level * 32767));
}

/** Tries the way in for the phone, without the page. */
export async function tryTheDoor() {
  const body = new URLSearchParams({ CallSid: "CA1", From: "client:console" });
  const webhook = await fetch("/incoming-call", { method: "POST", body });
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/media-stream");
  const opened = await new Promise((resolve) => {
    socket.onopen = () => resolve(true);
    socket.onerror = () => resolve(false);
  });
  return [webhook.status, opened];
}

/** Whether an element has this text in it; of the whole page without a selector. */
export function shows(text, selector = "body") {
  return Array.from(document.querySelectorAll(selector)).some((element) =>
    element.textContent.includes(text)
  );
}

/** What axe finds wrong with the page as it is. */
export async function axeProblems() {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.map(({ id, help, nodes }) =>
    `${id}: ${help}: ${
      nodes.slice(0, 3).map(({ target, failureSummary }) => `${target} ${failureSummary}`).join(" | ")
    }`
  );
}

/** Whether a stranger's words have come to life. */
export function hasMarkup() {
  return globalThis.pwned !== undefined ||
    document.querySelector("main img, main b b, main script, [onerror]") !== null ||
    Array.from(document.querySelectorAll("main b")).some(({ textContent }) => textContent === "bold");
}
