/** Plays a call's recording, and keeps the playhead: where one is in the call. */

import { clock } from "./scale.js";
import { h, svg } from "../dom.js";
import { dictionary, number } from "../words.js";

const SPEEDS = [1, 1.25, 1.5, 2];

const word = dictionary({
  en: {
    recording: "Recording",
    play: "Play",
    pause: "Pause",
    previous: "Turn before",
    next: "Next turn",
    of: "{at} of {total}",
    speed: "Speed",
    times: "{times}×",
    follow: "Follow",
    save: "Download",
    gone: "The recording cannot be played. It may have been deleted meanwhile; reload the page to see.",
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
    save: "Descargar",
    gone: "No se puede reproducir la grabación. Quizá se borró entretanto; recargue la página para verlo.",
  },
});

const SHAPES = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z",
  previous: "M3 2.5h2v11H3zM13 2.5v11L6 8z",
  next: "M11 2.5h2v11h-2zM3 2.5v11L10 8z",
};

/**
 * @param url Of the recording. Without one there is a playhead and nothing to press: `element` is undefined.
 * @param name A file name, for who keeps it.
 * @param totalMs Length of the call.
 * @param begin When each turn begins (ms).
 * @param moved Told where the playhead is (ms), and whether what shows it should `follow`.
 */
export function player({ url, name, totalMs, begin, moved }) {
  let at = 0;
  let frame = 0;
  const audio = url === undefined ? undefined : h("audio", { src: url, preload: "metadata" });
  const playing = () => audio !== undefined && !audio.paused && !audio.ended;

  const shape = svg("path", {});
  const says = h("span", { class: "says" });
  const play = h(
    "button",
    { type: "button", class: "primary play", onclick: toggle },
    icon(shape),
    says,
  );
  const position = h("output", { class: "number", "aria-live": "off" });
  const follow = h("input", { type: "checkbox", checked: true });
  const speed = h(
    "select",
    {
      class: "compact",
      "aria-label": word("speed"),
      onchange: () => audio.playbackRate = Number(speed.value),
    },
    SPEEDS.map((times) => h("option", { value: times }, word("times", { times: number(times) }))),
  );
  const problem = h("p", { class: "alarm small", role: "alert" });
  const element = audio && h(
    "div",
    { class: "card player row", role: "group", "aria-label": word("recording") },
    audio,
    jump("previous", () => seek(begin.findLast((from) => from < at - 500) ?? 0)),
    play,
    jump("next", () => seek(begin.find((from) => from > at + 1) ?? totalMs)),
    position,
    h("label", { class: "check small" }, follow, word("follow")),
    speed,
    h("a", { class: "small", href: url, download: name }, word("save")),
    problem,
  );
  audio?.addEventListener("play", run);
  for (const event of ["pause", "ended", "seeked"]) audio?.addEventListener(event, show);
  audio?.addEventListener("error", () => {
    problem.textContent = word("gone");
    play.disabled = true;
  });

  function run() {
    cancelAnimationFrame(frame);
    show();
    if (playing()) frame = requestAnimationFrame(run);
  }

  function show() {
    // While it stands, the playhead is where it was put, also where there is no sound any more.
    if (playing() && !audio.seeking) at = audio.currentTime * 1_000;
    tell(follow.checked && playing());
  }

  function tell(following) {
    position.textContent = word("of", { at: clock(at), total: clock(totalMs) });
    const key = playing() ? "pause" : "play";
    says.textContent = word(key);
    shape.setAttribute("d", SHAPES[key]);
    moved(at, { follow: following, playing: playing() });
  }

  function toggle() {
    if (!audio || play.disabled) return;
    if (!audio.paused) return audio.pause();
    if (at >= totalMs - 50) seek(0);
    // A play that is cut short by a pause is no error; one that cannot begin has an error event of its own.
    audio.play().catch(() => {});
  }

  function seek(ms, { follow: following = true } = {}) {
    at = Math.min(totalMs, Math.max(0, ms));
    if (audio) audio.currentTime = at / 1_000;
    tell(following);
  }

  function close() {
    cancelAnimationFrame(frame);
    audio?.pause();
    // Else the browser goes on loading what nobody will hear.
    audio?.removeAttribute("src");
    audio?.load();
  }

  return {
    element,
    seek,
    toggle,
    close,
    plays: audio !== undefined,
    get at() {
      return at;
    },
  };
}

function jump(key, onclick) {
  return h(
    "button",
    { type: "button", "aria-label": word(key), title: word(key), onclick },
    icon(svg("path", { d: SHAPES[key] })),
  );
}

function icon(path) {
  return svg("svg", {
    viewBox: "0 0 16 16",
    width: 16,
    height: 16,
    fill: "currentColor",
    "aria-hidden": "true",
  }, path);
}
