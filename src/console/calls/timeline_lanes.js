/** Draws the visible part of the lanes of a call's timeline. */

import { svg } from "../dom.js";
import { dictionary, number, tenths } from "../locale.js";
import { clockText, ticks, timeStep } from "./axis_scale.js";
import { eventLane } from "./event_lane.js";
import { columnGrid, columnPeaks, outlinePath } from "./recording_waveform.js";
import { AXIS_PX, GAP_PX } from "./timeline_layout.js";

/** @import { CallRecord, Levels, Span, Turn } from "../api_types.ts" */
/** @import { Attributes } from "../dom_types.ts" */
/** @import { Lanes, PlayedSpan } from "./call_lanes.js" */
/** @import { Lane, TimelineLayout } from "./timeline_layout.js" */

const t = dictionary({
  en: {
    caller: "Caller",
    model: "Model",
    played: "Heard",
    events: "Events",
    spokenSpan: "Caller speaks, {from} to {to}",
    generatedSpan: "Model generates a response, {from} to {to}",
    playedSpan: "Assistant is heard, {from} to {to}",
    unheardSpan: "Interrupted: {seconds} s not heard",
    firstMark: "First mark returned, {at}",
    lastMark: "Last mark returned, {at}",
    modelHop: "Model: {ms} ms",
    sendHop: "Send: {ms} ms",
    playbackHop: "Playback: {ms} ms",
  },
  es: {
    caller: "Quien llama",
    model: "Modelo",
    played: "Se oye",
    events: "Eventos",
    spokenSpan: "Habla quien llama, de {from} a {to}",
    generatedSpan: "El modelo genera una respuesta, de {from} a {to}",
    playedSpan: "Se oye al asistente, de {from} a {to}",
    unheardSpan: "Interrumpido: {seconds} s no se oyeron",
    firstMark: "Primera marca devuelta, {at}",
    lastMark: "Última marca devuelta, {at}",
    modelHop: "Modelo: {ms} ms",
    sendHop: "Envío: {ms} ms",
    playbackHop: "Reproducción: {ms} ms",
  },
});

/** Minimum width of a column of a waveform (px). */
const COLUMN_PX = 1.5;
/** Responses narrower than this (px) are drawn without their marks. */
const MIN_MARKED_PX = 12;
/**
 * The visible part of a call.
 * @typedef {object} TimelineView
 * @property {number} fromMs
 * @property {number} scale Pixels per ms.
 * @property {(ms: number) => number} x
 * @property {(span: Span & { unheardToMs?: number }) => boolean} isVisible
 */

/**
 * @param {CallRecord} call
 * @param {Lanes} lanes
 * @param {Levels | undefined} levels Of the recording.
 * @param {TimelineLayout} layout
 * @param {{ fromMs: number, scale: number, width: number }} view The first visible time, pixels per ms, and
 *   the width in pixels.
 * @returns {SVGElement[]}
 */
export function drawLanes(call, lanes, levels, layout, { fromMs, scale, width }) {
  const toMs = fromMs + (width - layout.gutter) / scale;
  /** @type {TimelineView["x"]} */
  const x = (ms) => Math.round((layout.gutter + (ms - fromMs) * scale) * 10) / 10;
  /** @type {TimelineView["isVisible"]} */
  const isVisible = (span) => (span.unheardToMs ?? span.toMs) >= fromMs && span.fromMs <= toMs;
  /**
   * @type {(span: Span, top: number, height: number, attributes: Attributes, title: string) => SVGElement}
   */
  const box = (span, top, height, attributes, title) =>
    svg(
      "rect",
      {
        x: x(span.fromMs),
        y: top,
        width: Math.max(1.5, (span.toMs - span.fromMs) * scale),
        height,
        ...attributes,
      },
      svg("title", {}, title),
    );
  /** @type {(key: "spokenSpan" | "generatedSpan" | "playedSpan", span: Span) => string} */
  const spanText = (key, span) =>
    t(key, { from: clockText(span.fromMs, 100), to: clockText(span.toMs, 100) });

  const clip = { "clip-path": "url(#timeline-clip)" };
  return [
    svg(
      "clipPath",
      { id: "timeline-clip" },
      svg("rect", {
        x: layout.gutter,
        y: 0,
        width: Math.max(0, width - layout.gutter),
        height: layout.height,
      }),
    ),
    ...grounds(),
    axis(),
    svg(
      "g",
      clip,
      callerLane(),
      modelLane(),
      playedLane(),
      eventLane(call, lanes, layout, { fromMs, scale, x, isVisible }),
    ),
    ...laneNames(),
  ];

  function grounds() {
    return [layout.caller, layout.model, layout.played].map(({ top, height }) =>
      svg("rect", { class: "ground", x: layout.gutter, y: top, width: width - layout.gutter, height, rx: 3 })
    );
  }

  function axis() {
    const step = timeStep(1 / scale, 64);
    return svg(
      "g",
      { class: "axis", ...clip },
      ticks(fromMs, Math.min(toMs, lanes.totalMs), step).flatMap((ms) => [
        svg("path", { d: `M${x(ms)} ${AXIS_PX - 5}V${layout.height - GAP_PX}` }),
        x(ms) > width - 30 ? undefined : svg("text", { x: x(ms) + 3, y: 13 }, clockText(ms, step)),
      ]),
    );
  }

  /** @param {"caller" | "assistant"} side @param {Lane} lane */
  function waveform(side, lane) {
    if (!levels) return undefined;
    const { everyMs } = levels;
    const grid = columnGrid(fromMs, toMs, COLUMN_PX / scale, everyMs);
    const peaks = columnPeaks(levels[side], everyMs, grid.fromMs, grid.toMs, grid.count);
    const columnWidth = (grid.toMs - grid.fromMs) / grid.count * scale;
    return svg("path", {
      class: "wave",
      d: outlinePath(peaks, x(grid.fromMs), columnWidth, lane.middle, lane.height / 2 - 3),
    });
  }

  function callerLane() {
    const { top, height } = layout.caller;
    return svg(
      "g",
      { class: "caller" },
      lanes.spoken.filter(isVisible).map((span) =>
        box(span, top, height, { class: "voice", rx: 3 }, spanText("spokenSpan", span))
      ),
      waveform("caller", layout.caller),
    );
  }

  function modelLane() {
    const { top } = layout.model;
    return svg(
      "g",
      {},
      lanes.hops.filter(isVisible).map((span) => {
        const ms = number(Math.round(span.toMs - span.fromMs));
        return box(span, top + 3, 8, { class: `hop ${span.hop}` }, t(`${span.hop}Hop`, { ms }));
      }),
      lanes.generated.filter(isVisible).map((span) =>
        box(span, top + 14, 11, { class: "generated", rx: 2 }, spanText("generatedSpan", span))
      ),
    );
  }

  function playedLane() {
    const { top, height } = layout.played;
    const visible = lanes.played.filter(isVisible);
    return svg(
      "g",
      {},
      svg(
        "g",
        { class: "assistant" },
        visible.flatMap((span) => [
          box(span, top, height, { class: "voice", rx: 3 }, spanText("playedSpan", span)),
          span.unheardToMs === undefined ? undefined : box(
            { fromMs: span.toMs, toMs: span.unheardToMs },
            top + 0.5,
            height - 1,
            { class: "interrupted", fill: "url(#timeline-unheard)", rx: 3 },
            t("unheardSpan", { seconds: tenths(unheardMs(call.turns[span.turn])) }),
          ),
        ]),
        waveform("assistant", layout.played),
      ),
      visible.filter((span) => (span.toMs - span.fromMs) * scale >= MIN_MARKED_PX).flatMap(marks),
    );
  }

  /** @param {PlayedSpan} span */
  function marks({ firstMarkMs, lastMarkMs }) {
    return [markTick(firstMarkMs, "firstMark"), markTick(lastMarkMs, "lastMark")];
  }

  /** @param {number | undefined} at @param {"firstMark" | "lastMark"} key */
  function markTick(at, key) {
    if (at === undefined || at < fromMs || at > toMs) return undefined;
    const { top, height } = layout.played;
    return svg(
      "path",
      { class: "mark", d: `M${x(at)} ${top - 4}v${height + 8}m-3 0h6` },
      svg("title", {}, t(key, { at: clockText(at, 100) })),
    );
  }

  function laneNames() {
    return /** @type {const} */ (["caller", "model", "played", "events"]).flatMap((name) => {
      const lane = layout[name];
      if (!lane) return [];
      const y = !layout.wide ? lane.top - 4 : name === "events" ? lane.top + 12 : lane.middle + 4;
      return [svg("text", { class: "name", x: 2, y }, t(name))];
    });
  }
}

/** @param {Turn | undefined} turn */
function unheardMs({ totalMs = 0, heardMs = 0 } = { speaker: "assistant", atMs: 0 }) {
  return totalMs - heardMs;
}
