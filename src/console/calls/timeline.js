/** The drawing of a call in time: it scrolls, zooms, has the playhead in it, and can be worked by keyboard. */

import { clock } from "./scale.js";
import { h, svg } from "../dom.js";
import { drawLanes } from "./timeline_lanes.js";
import { layout } from "./timeline_layout.js";
import { hatch, legend } from "./timeline_legend.js";
import { dictionary } from "../words.js";

/** Closest one can look (pixels of a ms). */
const CLOSEST = 0.25;
const ZOOM = 1.6;
/** How far keys move the playhead (ms). */
const STEP_MS = 1_000;
const LEAP_MS = 10_000;
/** Pixels after the end. */
const END = 12;

const word = dictionary({
  en: {
    label: "Timeline of the call. The transcript says the same in words",
    of: "{at} of {total}. {words}",
    zoom: "Zoom",
    closer: "Closer",
    farther: "Farther",
    whole: "Whole call",
    keys: "Arrow keys move by a second, Page Up and Down by ten; + and − zoom; Space plays.",
  },
  es: {
    label: "Línea de tiempo de la llamada. La transcripción dice lo mismo con palabras",
    of: "{at} de {total}. {words}",
    zoom: "Ampliación",
    closer: "Más cerca",
    farther: "Más lejos",
    whole: "Llamada entera",
    keys: "Las flechas mueven un segundo, Re Pág y Av Pág diez; + y − amplían y reducen; Espacio reproduce.",
  },
});

/**
 * @returns its element and what stands beside it; `move` puts the playhead somewhere, `levels` gives it the recording's.
 */
export function timeline(call, lanes, { seek, toggle }) {
  const { totalMs } = lanes;
  let place = layout(0, 0);
  let width = 0;
  let scale = 0;
  let levels;
  let at = 0;
  let asked = 0;
  /** Whether one sees all of it, whatever its width. */
  let whole = true;

  const lines = svg("g");
  const pointer = svg("g", { class: "pointer", visibility: "hidden" }, svg("path"), svg("text", { y: 13 }));
  const head = svg("g", { class: "playhead" }, svg("path"));
  const drawing = svg("svg", { "aria-hidden": "true" }, hatch(), lines, pointer, head);
  const wide = h("div", { class: "timeline-width" }, drawing);
  const element = h(
    "div",
    {
      class: "timeline",
      role: "slider",
      tabindex: 0,
      "aria-label": word("label"),
      "aria-orientation": "horizontal",
      "aria-valuemin": 0,
      "aria-valuemax": Math.round(totalMs / 1_000),
      "aria-valuenow": 0,
      "aria-describedby": "timeline-keys",
      onkeydown: key,
      onscroll: soon,
    },
    wide,
  );
  element.addEventListener("wheel", wheel, { passive: false });
  drawing.addEventListener("click", ({ offsetX }) => seek(timeAt(offsetX)));
  drawing.addEventListener("pointermove", point);
  drawing.addEventListener("pointerleave", () => pointer.setAttribute("visibility", "hidden"));
  const button = (label, says, onclick) =>
    h("button", { type: "button", class: "compact", ...label, onclick }, says);
  const zoom = h(
    "div",
    { class: "segments", role: "group", "aria-label": word("zoom") },
    button({ "aria-label": word("farther") }, "−", () => zoomBy(1 / ZOOM)),
    button({}, word("whole"), showWhole),
    button({ "aria-label": word("closer") }, "+", () => zoomBy(ZOOM)),
  );
  const sized = new ResizeObserver(([{ contentRect }]) => resize(contentRect.width));
  sized.observe(element);

  const fit = () => Math.max(1, width - place.gutter - END) / totalMs;
  const fromMs = () => element.scrollLeft / scale;
  const timeAt = (x) => fromMs() + (x - place.gutter) / scale;
  const xOf = (ms) => place.gutter + (ms - fromMs()) * scale;

  function resize(now) {
    if (now === width || now === 0) return;
    const middle = width > 0 ? timeAt(width / 2) : 0;
    width = now;
    place = layout(width, call.events.length);
    drawing.setAttribute("width", width);
    drawing.setAttribute("height", place.height);
    drawing.setAttribute("viewBox", `0 0 ${width} ${place.height}`);
    head.firstChild.setAttribute("d", `M-5 14h10l-5 7zM0 18V${place.height - 6}`);
    pointer.firstChild.setAttribute("d", `M0 20V${place.height - 6}`);
    setScale(whole ? fit() : scale, middle, width / 2);
  }

  /** Shows so many pixels a ms, and keeps a moment where it is on the screen. */
  function setScale(asked, ms, x) {
    scale = Math.min(Math.max(CLOSEST, fit()), Math.max(fit(), asked));
    whole = scale <= fit() * 1.001;
    wide.style.setProperty("width", `${Math.floor(place.gutter + totalMs * scale + END)}px`);
    element.scrollLeft = ms * scale - (x - place.gutter);
    draw();
  }

  /** Around the playhead where one sees it, else around the middle. */
  function zoomBy(times, x) {
    const seen = xOf(at) >= place.gutter && xOf(at) <= width;
    const around = x ?? (seen ? xOf(at) : width / 2);
    setScale(scale * times, timeAt(around), around);
  }

  function showWhole() {
    setScale(fit(), 0, place.gutter);
  }

  function soon() {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(draw);
  }

  function draw() {
    if (width === 0) return;
    lines.replaceChildren(...drawLanes(call, lanes, levels, place, { fromMs: fromMs(), scale, width }));
    putHead();
  }

  function putHead() {
    const x = xOf(at);
    head.setAttribute("visibility", x < place.gutter - 1 || x > width ? "hidden" : "visible");
    head.setAttribute("transform", `translate(${Math.round(x * 10) / 10} 0)`);
  }

  function point({ offsetX, buttons, pointerType }) {
    const ms = timeAt(offsetX);
    if (offsetX < place.gutter || ms > totalMs) return pointer.setAttribute("visibility", "hidden");
    pointer.setAttribute("visibility", "visible");
    pointer.setAttribute("transform", `translate(${offsetX} 0)`);
    const right = offsetX > width - 60;
    pointer.lastChild.setAttribute("x", right ? -4 : 4);
    pointer.lastChild.setAttribute("text-anchor", right ? "end" : "start");
    pointer.lastChild.textContent = clock(ms, 100);
    // A finger scrolls; a mouse held down drags the playhead.
    if (buttons === 1 && pointerType === "mouse") seek(ms);
  }

  function wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoomBy(event.deltaY < 0 ? ZOOM : 1 / ZOOM, event.clientX - element.getBoundingClientRect().left);
  }

  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      ArrowLeft: () => seek(at - STEP_MS),
      ArrowDown: () => seek(at - STEP_MS),
      ArrowRight: () => seek(at + STEP_MS),
      ArrowUp: () => seek(at + STEP_MS),
      PageDown: () => seek(at - LEAP_MS),
      PageUp: () => seek(at + LEAP_MS),
      Home: () => seek(0),
      End: () => seek(totalMs),
      "+": () => zoomBy(ZOOM),
      "=": () => zoomBy(ZOOM),
      "-": () => zoomBy(1 / ZOOM),
      "0": showWhole,
      " ": toggle,
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  function move(ms, { follow, playing, words }) {
    at = ms;
    element.setAttribute("aria-valuenow", Math.round(ms / 1_000));
    // While it plays, the words are heard already.
    if (!playing) {
      element.setAttribute("aria-valuetext", word("of", { at: clock(ms), total: clock(totalMs), words }));
    }
    if (width === 0) return;
    const x = xOf(ms);
    if (follow && (x < place.gutter || x > width - 40)) {
      element.scrollLeft = ms * scale - (width - place.gutter) * 0.15;
    }
    putHead();
  }

  return {
    element,
    zoom,
    legend: legend(word("keys")),
    move,
    levels: (found) => {
      levels = found;
      draw();
    },
    close: () => {
      sized.disconnect();
      cancelAnimationFrame(asked);
    },
  };
}
