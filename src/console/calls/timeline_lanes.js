/** Draws the lanes of a call's timeline, as far as they are in view. */

import { packed } from "./call_lanes.js";
import { eventWords } from "./call_events.js";
import { sign } from "./event_signs.js";
import { clock, ticks, timeStep } from "./scale.js";
import { svg } from "../dom.js";
import { AXIS, GAP, ROW } from "./timeline_layout.js";
import { dictionary, number } from "../words.js";
import { outline, parts, peaks } from "./waveform.js";

const word = dictionary({
  en: {
    caller: "Caller",
    model: "Model",
    heard: "Heard",
    events: "Events",
    spokenFrom: "The caller speaks, {from} to {to}",
    generatedFrom: "The model makes an answer, {from} to {to}",
    heardFrom: "The assistant is heard, {from} to {to}",
    cutFrom: "Cut: {seconds} s more were not heard",
    firstMark: "First mark back, {at}",
    lastMark: "Last mark back, {at}",
    modelHop: "The caller waits {ms} ms for the model",
    sentHop: "{ms} ms until it is sent",
    heardHop: "{ms} ms until it is heard",
  },
  es: {
    caller: "Quien llama",
    model: "Modelo",
    heard: "Se oye",
    events: "Sucesos",
    spokenFrom: "Habla quien llama, de {from} a {to}",
    generatedFrom: "El modelo hace una respuesta, de {from} a {to}",
    heardFrom: "Se oye al asistente, de {from} a {to}",
    cutFrom: "Cortado: {seconds} s más no se oyeron",
    firstMark: "Vuelve la primera marca, {at}",
    lastMark: "Vuelve la última marca, {at}",
    modelHop: "Quien llama espera {ms} ms al modelo",
    sentHop: "{ms} ms hasta enviarlo",
    heardHop: "{ms} ms hasta oírse",
  },
});

/** Width (px) of a column of a waveform, if there are levels enough. */
const COLUMN = 1.5;
/** An answer narrower than this (px) is drawn without its marks. */
const MARKED = 12;
/** Width (px) of a letter of a label, about. */
const LETTER = 6.3;
/** Letters of a label. */
const LONGEST = 26;

/** Kinds of events whose name says enough; of others, the kind does. */
const LABELLED = new Set(["tool", "transfer", "keys", "language", "whisper"]);

/**
 * @param call The record.
 * @param lanes What `lanesOf` made of it.
 * @param levels Of the recording, where they are known.
 * @param place What `layout` said.
 * @param view `{ fromMs, scale, width }`: the first moment in view, pixels of a ms, pixels there are.
 * @returns nodes of SVG.
 */
export function drawLanes(call, lanes, levels, place, { fromMs, scale, width }) {
  const toMs = fromMs + (width - place.gutter) / scale;
  const x = (ms) => Math.round((place.gutter + (ms - fromMs) * scale) * 10) / 10;
  const seen = (each) => (each.cutToMs ?? each.toMs) >= fromMs && each.fromMs <= toMs;
  const box = (span, top, height, attributes, ...says) =>
    svg(
      "rect",
      {
        x: x(span.fromMs),
        y: top,
        width: Math.max(1.5, (span.toMs - span.fromMs) * scale),
        height,
        ...attributes,
      },
      says.length > 0 ? svg("title", {}, says.join(". ")) : undefined,
    );
  const between = (key, { fromMs, toMs }) => word(key, { from: clock(fromMs, 100), to: clock(toMs, 100) });
  const tick = (at, lane, kind, key) =>
    at < fromMs || at > toMs ? undefined : svg(
      "path",
      {
        class: `mark ${kind}`,
        d: `M${x(at)} ${lane.top - 4}v${lane.height + 8}m-3 0h6`,
      },
      svg("title", {}, word(key, { at: clock(at, 100) })),
    );

  const clip = { "clip-path": "url(#timeline-clip)" };
  return [
    svg(
      "clipPath",
      { id: "timeline-clip" },
      svg("rect", { x: place.gutter, y: 0, width: Math.max(0, width - place.gutter), height: place.height }),
    ),
    ...grounds(),
    axis(),
    svg("g", clip, ...callerLane(), ...modelLane(), ...heardLane(), ...eventLane()),
    ...names(),
  ];

  function grounds() {
    return [place.caller, place.model, place.heard].map(({ top, height }) =>
      svg("rect", { class: "ground", x: place.gutter, y: top, width: width - place.gutter, height, rx: 3 })
    );
  }

  function axis() {
    const step = timeStep(1 / scale, 64);
    return svg(
      "g",
      { class: "axis", ...clip },
      ticks(fromMs, Math.min(toMs, lanes.totalMs), step).map((ms) => [
        svg("path", { d: `M${x(ms)} ${AXIS - 5}V${place.height - GAP}` }),
        x(ms) > width - 30 ? [] : svg("text", { x: x(ms) + 3, y: 13 }, clock(ms, step)),
      ]).flat(2),
    );
  }

  function wave(side, lane) {
    if (!levels) return [];
    const { everyMs } = levels;
    const part = parts(fromMs, toMs, COLUMN / scale, everyMs);
    const columns = peaks(levels[side], everyMs, part.fromMs, part.toMs, part.count);
    const each = (part.toMs - part.fromMs) / part.count * scale;
    return [svg("path", {
      class: "wave",
      d: outline(columns, x(part.fromMs), each, lane.middle, lane.height / 2 - 3),
    })];
  }

  function callerLane() {
    const { top, height } = place.caller;
    return [svg(
      "g",
      { class: "caller" },
      lanes.spoken.filter(seen).map((span) =>
        box(span, top, height, { class: "voice", rx: 3 }, between("spokenFrom", span))
      ),
      ...wave("caller", place.caller),
    )];
  }

  function modelLane() {
    const { top } = place.model;
    const said = { model: "modelHop", sent: "sentHop", heard: "heardHop" };
    return [
      ...lanes.hops.filter(seen).map((hop) =>
        box(
          hop,
          top + 3,
          8,
          { class: `hop ${hop.hop}` },
          word(said[hop.hop], { ms: number(Math.round(hop.toMs - hop.fromMs)) }),
        )
      ),
      ...lanes.generated.filter(seen).map((span) =>
        box(span, top + 14, 11, { class: "made", rx: 2 }, between("generatedFrom", span))
      ),
    ];
  }

  function heardLane() {
    const { top, height } = place.heard;
    const shown = lanes.played.filter(seen);
    return [
      svg(
        "g",
        { class: "assistant" },
        shown.map((span) => [
          box(span, top, height, { class: "voice", rx: 3 }, between("heardFrom", span)),
          span.cutToMs === undefined ? [] : box(
            { fromMs: span.toMs, toMs: span.cutToMs },
            top + 0.5,
            height - 1,
            { class: "cut", fill: "url(#timeline-cut)", rx: 3 },
            word("cutFrom", {
              seconds: number(notHeard(call.turns[span.turn]), { maximumFractionDigits: 1 }),
            }),
          ),
        ]).flat(2),
        ...wave("assistant", place.heard),
      ),
      ...shown.filter(({ fromMs, toMs }) => (toMs - fromMs) * scale >= MARKED).flatMap((
        { firstMarkMs, lastMarkMs },
      ) => [
        firstMarkMs === undefined ? undefined : tick(firstMarkMs, place.heard, "first", "firstMark"),
        lastMarkMs === undefined ? undefined : tick(lastMarkMs, place.heard, "last", "lastMark"),
      ]).filter((each) => each !== undefined),
    ];
  }

  function eventLane() {
    if (!place.events) return [];
    // Labels keep their rows while one scrolls: all are packed, also those out of view.
    const all = lanes.events.map((span) => {
      const { kind, label, detail } = eventWords(call.events[span.event]);
      const text = LABELLED.has(call.events[span.event].kind) ? label : kind;
      const short = text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
      const from = span.fromMs * scale;
      const bar = call.events[span.event].kind === "tool"
        ? Math.max(8, (span.toMs - span.fromMs) * scale)
        : 8;
      return {
        span,
        short,
        from,
        bar,
        to: from + bar + 6 + short.length * LETTER,
        says: `${kind} ${label} ${detail}`,
      };
    }).toSorted((a, b) => a.from - b.from);
    // Where not all labels fit, the last row is for those signs that go without.
    const fitting = packed(all, place.rows, 8);
    const rows = fitting.includes(undefined) ? packed(all, place.rows - 1, 8) : fitting;
    return all.flatMap(({ span, short, bar, to, says }, at) => {
      if (!seen(span) && span.fromMs + to / scale < fromMs) return [];
      const { kind, ok } = call.events[span.event];
      const top = place.events.top + (rows[at] ?? place.rows - 1) * ROW;
      const left = x(span.fromMs);
      return [svg(
        "g",
        { class: `event ${ok === false ? "failed" : ""}` },
        svg("title", {}, says.trim()),
        kind === "barge-in"
          ? svg("path", { class: "guide", d: `M${left} ${place.caller.top}V${top + 8}` })
          : undefined,
        kind === "tool"
          ? svg("rect", { class: "shape", x: left, y: top + 4, width: bar, height: 8, rx: 2 })
          : svg("path", { class: "shape", d: sign(kind, left, top + 8) }),
        rows[at] === undefined
          ? undefined
          : svg("text", { x: left + (kind === "barge-in" ? 9 : bar + 5), y: top + 12 }, short),
      )];
    });
  }

  function names() {
    return ["caller", "model", "heard", "events"].flatMap((name) => {
      const lane = place[name];
      if (!lane) return [];
      const y = !place.wide ? lane.top - 4 : name === "events" ? lane.top + 12 : lane.middle + 4;
      return [svg("text", { class: "name", x: 2, y }, word(name))];
    });
  }
}

/** Seconds of an answer that nobody heard. */
function notHeard({ totalMs = 0, heardMs = 0 }) {
  return (totalMs - heardMs) / 1_000;
}
