/** Draws the visible part of the lanes of a call's timeline. */

import { svg } from "../dom.js";
import { dictionary, number, tenths } from "../locale.js";
import { clockText, ticks, timeStep } from "./axis_scale.js";
import { packLabels } from "./call_lanes.js";
import { eventIcon } from "./event_icons.js";
import { eventText } from "./event_texts.js";
import { columnGrid, columnPeaks, outlinePath } from "./recording_waveform.js";
import { AXIS_PX, GAP_PX, ROW_PX } from "./timeline_layout.js";

/** @import { CallEvent, CallRecord, Levels, Span, Turn } from "../api_types.ts" */
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
/** Approximate width of a letter of a label (px). */
const LETTER_PX = 6.3;
/** Maximum length of a label (letters). */
const MAX_LABEL = 26;

/** Kinds of events labelled by their name; others by their kind. */
const NAMED_KINDS = new Set(["tool", "transfer", "keypad", "language", "whisper"]);

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
  /** @type {(ms: number) => number} */
  const x = (ms) => Math.round((layout.gutter + (ms - fromMs) * scale) * 10) / 10;
  /** @type {(span: Span & { unheardToMs?: number }) => boolean} */
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
    svg("g", clip, callerLane(), modelLane(), playedLane(), eventLane()),
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

  function eventLane() {
    const lane = layout.events;
    if (!lane) return undefined;
    // Invisible labels are packed too, so that labels keep their rows while the timeline scrolls.
    const all = lanes.events.flatMap((span) => {
      const event = call.events[span.event];
      return event ? [eventLabel(event, span)] : [];
    }).toSorted((a, b) => a.from - b.from);
    // If not all labels fit, the last row holds icons without a label.
    const fitting = packLabels(all, layout.rows, 8);
    const rows = fitting.includes(undefined) ? packLabels(all, layout.rows - 1, 8) : fitting;
    return svg(
      "g",
      {},
      all.map((label, at) => {
        if (!isVisible(label.span) && label.to / scale < fromMs) return undefined;
        return drawEvent(label, lane.top, rows[at]);
      }),
    );
  }

  /**
   * The text and horizontal extent of an event (px from the start of the call).
   *
   * @param {CallEvent} event
   * @param {Span} span
   */
  function eventLabel(event, span) {
    const { kind, label, detail } = eventText(event);
    const text = NAMED_KINDS.has(event.kind) ? label : kind;
    const short = text.length > MAX_LABEL ? `${text.slice(0, MAX_LABEL - 1)}…` : text;
    const left = span.fromMs * scale;
    const iconWidth = event.kind === "tool" ? Math.max(8, (span.toMs - span.fromMs) * scale) : 8;
    const textWidth = 6 + short.length * LETTER_PX;
    // At the end of the call the label is on the left of its icon, so that it is not cut off.
    const before = left + iconWidth + textWidth > lanes.totalMs * scale && textWidth < left;
    return {
      event,
      span,
      short,
      before,
      from: before ? left - textWidth : left,
      iconWidth,
      to: left + iconWidth + (before ? 0 : textWidth),
      title: `${kind} ${label} ${detail}`.trim(),
    };
  }

  /**
   * @param {ReturnType<typeof eventLabel>} label
   * @param {number} laneTop
   * @param {number | undefined} row Undefined: an icon without a label.
   */
  function drawEvent({ event: { kind, ok }, span, short, before, iconWidth, title }, laneTop, row) {
    const top = laneTop + (row ?? layout.rows - 1) * ROW_PX;
    const left = x(span.fromMs);
    const textAt = before
      ? { x: left - 5, "text-anchor": "end" }
      : { x: left + (kind === "barge-in" ? 9 : iconWidth + 5) };
    return svg(
      "g",
      { class: `event ${ok === false ? "failed" : ""}` },
      svg("title", {}, title),
      kind === "barge-in"
        ? svg("path", { class: "guide", d: `M${left} ${layout.caller.top}V${top + 8}` })
        : undefined,
      kind === "tool"
        ? svg("rect", { class: "shape", x: left, y: top + 4, width: iconWidth, height: 8, rx: 2 })
        : svg("path", { class: "shape", d: eventIcon(kind, left, top + 8) }),
      row === undefined ? undefined : svg("text", { ...textAt, y: top + 12 }, short),
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
