/** Plays a call's recording. Holds the playhead: the current position in the call. */

import { h, svg } from "../dom.js";
import { dictionary, number } from "../locale.js";
import { clockText } from "./axis_scale.js";

const SPEEDS = [1, 1.25, 1.5, 2];

const t = dictionary({
  en: {
    recording: "Recording",
    play: "Play",
    pause: "Pause",
    previous: "Previous turn",
    next: "Next turn",
    of: "{at} of {total}",
    speed: "Speed",
    times: "{times}×",
    follow: "Follow",
    download: "Download",
    gone: "Cannot play the recording. It may have been deleted; reload the page to check.",
  },
  es: {
    recording: "Grabación",
    play: "Reproducir",
    pause: "Pausa",
    previous: "Turno anterior",
    next: "Turno siguiente",
    of: "{at} de {total}",
    speed: "Velocidad",
    times: "{times}×",
    follow: "Seguir",
    download: "Descargar",
    gone: "No se puede reproducir la grabación. Quizá se ha borrado; recargue la página para comprobarlo.",
  },
});

/** Icon paths (16 × 16). */
const ICONS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z",
  previous: "M3 2.5h2v11H3zM13 2.5v11L6 8z",
  next: "M11 2.5h2v11h-2zM3 2.5v11L10 8z",
};

/**
 * A move of the playhead. `follow`: whether the views scroll to it.
 * @typedef {{ follow: boolean, playing: boolean }} Move
 */
/** @typedef {ReturnType<typeof recordingPlayer>} RecordingPlayer */

/**
 * Without a recording, the player has a playhead but no controls, and `element` is undefined.
 *
 * @param {object} options
 * @param {string | undefined} options.url
 * @param {string} options.fileName For the download.
 * @param {number} options.totalMs Length of the call.
 * @param {readonly number[]} options.starts Start of each turn (ms).
 * @param {(ms: number, move: Move) => void} options.onMove Called with the position of the playhead.
 */
export function recordingPlayer({ url, fileName, totalMs, starts, onMove }) {
  let at = 0;
  let frame = 0;
  const audio = url === undefined ? undefined : h("audio", { src: url, preload: "metadata" });
  const isPlaying = () => audio !== undefined && !audio.paused && !audio.ended;

  const shape = svg("path");
  const label = h("span", { class: "says" });
  const play = h("button", { type: "button", class: "primary play", onclick: toggle }, icon(shape), label);
  const position = h("output", { class: "number", "aria-live": "off" });
  const follow = h("input", { type: "checkbox", checked: true });
  const speed = h(
    "select",
    { class: "compact", "aria-label": t("speed") },
    SPEEDS.map((times) => h("option", { value: times }, t("times", { times: number(times) }))),
  );
  const problem = h("p", { class: "alarm small", role: "alert" });
  const element = audio && h(
    "div",
    { class: "card player row", role: "group", "aria-label": t("recording") },
    audio,
    jumpButton("previous", () => seek(starts.findLast((start) => start < at - 500) ?? 0)),
    play,
    jumpButton("next", () => seek(starts.find((start) => start > at + 1) ?? totalMs)),
    position,
    h("label", { class: "check small" }, follow, t("follow")),
    speed,
    h("a", { class: "small", href: url, download: fileName }, t("download")),
    problem,
  );
  if (audio) {
    speed.addEventListener("change", () => audio.playbackRate = Number(speed.value));
    audio.addEventListener("play", animate);
    for (const event of ["pause", "ended", "seeked"]) audio.addEventListener(event, show);
    audio.addEventListener("error", () => {
      problem.textContent = t("gone");
      play.disabled = true;
    });
  }

  function animate() {
    cancelAnimationFrame(frame);
    show();
    if (isPlaying()) frame = requestAnimationFrame(animate);
  }

  function show() {
    // While paused, the playhead keeps its position, even beyond the end of the audio.
    if (audio && isPlaying() && !audio.seeking) at = audio.currentTime * 1_000;
    update(follow.checked && isPlaying());
  }

  /** @param {boolean} following */
  function update(following) {
    position.textContent = t("of", { at: clockText(at), total: clockText(totalMs) });
    const action = isPlaying() ? "pause" : "play";
    label.textContent = t(action);
    shape.setAttribute("d", ICONS[action]);
    onMove(at, { follow: following, playing: isPlaying() });
  }

  function toggle() {
    if (!audio || play.disabled) return;
    if (!audio.paused) return audio.pause();
    if (at >= totalMs - 50) seek(0);
    // play() rejects when a pause interrupts it; a failure to load has its own error event.
    audio.play().catch(() => {});
  }

  /** @param {number} ms @param {{ follow?: boolean }} [options] */
  function seek(ms, { follow: following = true } = {}) {
    at = Math.min(totalMs, Math.max(0, ms));
    if (audio) audio.currentTime = at / 1_000;
    update(following);
  }

  function close() {
    cancelAnimationFrame(frame);
    audio?.pause();
    // Stops the download.
    audio?.removeAttribute("src");
    audio?.load();
  }

  return { element, seek, toggle, close, hasAudio: audio !== undefined };
}

/** @param {"previous" | "next"} key @param {() => void} onclick */
function jumpButton(key, onclick) {
  return h(
    "button",
    { type: "button", "aria-label": t(key), title: t(key), onclick },
    icon(svg("path", { d: ICONS[key] })),
  );
}

/** @param {SVGPathElement} path */
function icon(path) {
  return svg("svg", {
    viewBox: "0 0 16 16",
    width: 16,
    height: 16,
    fill: "currentColor",
    "aria-hidden": "true",
  }, path);
}
