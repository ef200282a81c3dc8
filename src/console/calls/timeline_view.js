/** The timeline of a call: scrolls, zooms, shows the playhead, and works by mouse, touch and keyboard. */

import { h, svg } from "../dom.js";
import { dictionary } from "../locale.js";
import { clockText } from "./axis_scale.js";
import { drawLanes } from "./timeline_lanes.js";
import { timelineLayout } from "./timeline_layout.js";
import { timelineLegend, unheardPattern } from "./timeline_legend.js";

/** @import { CallRecord, Levels } from "../api_types.ts" */
/** @import { Lanes } from "./call_lanes.js" */
/** @import { Move, RecordingPlayer } from "./recording_player.js" */

/** Maximum zoom (pixels per ms). */
const MAX_SCALE = 0.25;
const ZOOM_FACTOR = 1.6;
/** How far keys move the playhead (ms). */
const MOVES_MS = new Map([
  ["ArrowLeft", -1_000],
  ["ArrowDown", -1_000],
  ["ArrowRight", 1_000],
  ["ArrowUp", 1_000],
  ["PageDown", -10_000],
  ["PageUp", 10_000],
  ["Home", -Infinity],
  ["End", Infinity],
]);
/** Space after the end (px). */
const END_PX = 12;

const t = dictionary({
  en: {
    label: "Timeline of the call. The transcript has the same content as text",
    of: "{at} of {total}. {text}",
    zoom: "Zoom",
    zoomIn: "Zoom in",
    zoomOut: "Zoom out",
    whole: "Whole call",
    keys: "Arrow keys move by one second, Page Up and Page Down by ten; + and − zoom; Space plays.",
  },
  es: {
    label: "Línea de tiempo de la llamada. La transcripción tiene el mismo contenido como texto",
    of: "{at} de {total}. {text}",
    zoom: "Zoom",
    zoomIn: "Acercar",
    zoomOut: "Alejar",
    whole: "Llamada entera",
    keys: "Las flechas mueven un segundo, Re Pág y Av Pág diez; + y − acercan y alejan; Espacio reproduce.",
  },
});

/** @param {CallRecord} call @param {Lanes} lanes @param {Pick<RecordingPlayer, "seek" | "toggle">} player */
export function timelineView(call, lanes, { seek, toggle }) {
  const { totalMs } = lanes;
  let layout = timelineLayout(0, 0);
  let width = 0;
  /** Pixels per ms. */
  let scale = 0;
  /** @type {Levels | undefined} */
  let levels;
  let at = 0;
  let frame = 0;
  /** Whether the whole call stays visible when the width changes. */
  let showsWholeCall = true;

  const lines = svg("g");
  const pointerLine = svg("path");
  const pointerText = svg("text", { y: 13 });
  const pointer = svg("g", { class: "pointer", visibility: "hidden" }, pointerLine, pointerText);
  const playheadLine = svg("path");
  const playhead = svg("g", { class: "playhead" }, playheadLine);
  const drawing = svg("svg", { "aria-hidden": "true" }, unheardPattern(), lines, pointer, playhead);
  const wide = h("div", { class: "timeline-width" }, drawing);
  const element = h(
    "div",
    {
      class: "timeline",
      role: "slider",
      tabindex: 0,
      "aria-label": t("label"),
      "aria-orientation": "horizontal",
      "aria-valuemin": 0,
      "aria-valuemax": Math.round(totalMs / 1_000),
      "aria-valuenow": 0,
      "aria-describedby": "timeline-keys",
      onkeydown: onKey,
      onscroll: scheduleDraw,
    },
    wide,
  );
  element.addEventListener("wheel", onWheel, { passive: false });
  drawing.addEventListener("click", ({ offsetX }) => seek(timeAt(offsetX)));
  drawing.addEventListener("pointermove", onPointerMove);
  drawing.addEventListener("pointerleave", () => pointer.setAttribute("visibility", "hidden"));
  /** @type {(text: string, onclick: () => void, label?: string) => HTMLButtonElement} */
  const button = (text, onclick, label) =>
    h("button", { type: "button", class: "compact", "aria-label": label, onclick }, text);
  const zoom = h(
    "div",
    { class: "segments", role: "group", "aria-label": t("zoom") },
    button("−", () => zoomBy(1 / ZOOM_FACTOR), t("zoomOut")),
    button(t("whole"), showWhole),
    button("+", () => zoomBy(ZOOM_FACTOR), t("zoomIn")),
  );
  const resizing = new ResizeObserver(() => resize(element.clientWidth));
  resizing.observe(element);

  /** The scale at which the whole call is visible. */
  const fitScale = () => Math.max(1, width - layout.gutter - END_PX) / totalMs;
  const firstMs = () => element.scrollLeft / scale;
  /** @type {(x: number) => number} */
  const timeAt = (x) => firstMs() + (x - layout.gutter) / scale;
  /** @type {(ms: number) => number} */
  const xOf = (ms) => layout.gutter + (ms - firstMs()) * scale;

  /** @param {number} newWidth */
  function resize(newWidth) {
    if (newWidth === width || newWidth === 0) return;
    const middleMs = width > 0 ? timeAt(width / 2) : 0;
    width = newWidth;
    layout = timelineLayout(width, call.events.length);
    drawing.setAttribute("width", String(width));
    drawing.setAttribute("height", String(layout.height));
    drawing.setAttribute("viewBox", `0 0 ${width} ${layout.height}`);
    playheadLine.setAttribute("d", `M-5 14h10l-5 7zM0 18V${layout.height - 6}`);
    pointerLine.setAttribute("d", `M0 20V${layout.height - 6}`);
    setScale(showsWholeCall ? fitScale() : scale, middleMs, width / 2);
  }

  /**
   * Zooms so that the time `ms` lies at `x`.
   *
   * @param {number} newScale
   * @param {number} ms
   * @param {number} x
   */
  function setScale(newScale, ms, x) {
    scale = Math.min(Math.max(MAX_SCALE, fitScale()), Math.max(fitScale(), newScale));
    showsWholeCall = scale <= fitScale() * 1.001;
    wide.style.setProperty("width", `${Math.floor(layout.gutter + totalMs * scale + END_PX)}px`);
    element.scrollLeft = ms * scale - (x - layout.gutter);
    draw();
  }

  /**
   * Zooms around `x`; by default around the playhead if it is visible, else around the middle.
   *
   * @param {number} factor
   * @param {number} [x]
   */
  function zoomBy(factor, x) {
    const visible = xOf(at) >= layout.gutter && xOf(at) <= width;
    const around = x ?? (visible ? xOf(at) : width / 2);
    setScale(scale * factor, timeAt(around), around);
  }

  function showWhole() {
    setScale(fitScale(), 0, layout.gutter);
  }

  function scheduleDraw() {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(draw);
  }

  function draw() {
    if (width === 0) return;
    lines.replaceChildren(
      ...drawLanes(call, lanes, levels, layout, { fromMs: firstMs(), scale, width }),
    );
    placePlayhead();
  }

  function placePlayhead() {
    const x = xOf(at);
    playhead.setAttribute("visibility", x < layout.gutter - 1 || x > width ? "hidden" : "visible");
    playhead.setAttribute("transform", `translate(${Math.round(x * 10) / 10} 0)`);
  }

  /** @param {PointerEvent} event */
  function onPointerMove({ offsetX, buttons, pointerType }) {
    const ms = timeAt(offsetX);
    if (offsetX < layout.gutter || ms > totalMs) return pointer.setAttribute("visibility", "hidden");
    pointer.setAttribute("visibility", "visible");
    pointer.setAttribute("transform", `translate(${offsetX} 0)`);
    const nearEnd = offsetX > width - 60;
    pointerText.setAttribute("x", nearEnd ? "-4" : "4");
    pointerText.setAttribute("text-anchor", nearEnd ? "end" : "start");
    pointerText.textContent = clockText(ms, 100);
    // Touch scrolls; the mouse drags the playhead.
    if (buttons === 1 && pointerType === "mouse") seek(ms);
  }

  /** @param {WheelEvent} event */
  function onWheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const x = event.clientX - element.getBoundingClientRect().left;
    zoomBy(event.deltaY < 0 ? ZOOM_FACTOR : 1 / ZOOM_FACTOR, x);
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moveMs = MOVES_MS.get(event.key);
    if (moveMs !== undefined) seek(at + moveMs);
    else if (event.key === "+" || event.key === "=") zoomBy(ZOOM_FACTOR);
    else if (event.key === "-") zoomBy(1 / ZOOM_FACTOR);
    else if (event.key === "0") showWhole();
    else if (event.key === " ") toggle();
    else return;
    event.preventDefault();
  }

  return {
    element,
    zoom,
    legend: timelineLegend(t("keys")),
    /**
     * Moves the playhead.
     *
     * @param {number} ms
     * @param {Move & { text: string }} move `text`: the current turn, for screen readers.
     */
    move(ms, { follow, playing, text }) {
      at = ms;
      element.setAttribute("aria-valuenow", String(Math.round(ms / 1_000)));
      // While the recording plays, the words are audible already.
      if (!playing) {
        const value = t("of", { at: clockText(ms), total: clockText(totalMs), text });
        element.setAttribute("aria-valuetext", value);
      }
      if (width === 0) return;
      const x = xOf(ms);
      if (follow && (x < layout.gutter || x > width - 40)) {
        element.scrollLeft = ms * scale - (width - layout.gutter) * 0.15;
      }
      placePlayhead();
    },
    /** @param {Levels} recordingLevels Of the recording. */
    showLevels(recordingLevels) {
      levels = recordingLevels;
      draw();
    },
    close() {
      resizing.disconnect();
      cancelAnimationFrame(frame);
    },
  };
}
