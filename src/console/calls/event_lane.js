/** Draws the events of a call's timeline, with labels that do not overlap. */

import { svg } from "../dom.js";
import { packLabels } from "./call_lanes.js";
import { eventIcon } from "./event_icons.js";
import { eventText } from "./event_texts.js";
import { ROW_PX } from "./timeline_layout.js";

/** @import { CallEvent, CallRecord, Span } from "../api_types.ts" */
/** @import { Lanes } from "./call_lanes.js" */
/** @import { TimelineView } from "./timeline_lanes.js" */
/** @import { TimelineLayout } from "./timeline_layout.js" */

/** Approximate width of a letter of a label (px). */
const LETTER_PX = 6.3;
/** Maximum length of a label (letters). */
const MAX_LABEL = 26;

/** Kinds of events labelled by their name; others by their kind. */
const NAMED_KINDS = new Set(["tool", "transfer", "keypad", "language", "whisper"]);

/**
 * @param {CallRecord} call
 * @param {Lanes} lanes
 * @param {TimelineLayout} layout
 * @param {TimelineView} view
 * @returns {SVGElement | undefined} Undefined without events.
 */
export function eventLane(call, lanes, layout, view) {
  if (!layout.events) return undefined;
  // Invisible labels are packed too, so that labels keep their rows while the timeline scrolls.
  const all = lanes.events.flatMap((span) => {
    const event = call.events[span.event];
    return event ? [eventLabel(event, span, lanes.totalMs, view.scale)] : [];
  }).toSorted((a, b) => a.from - b.from);
  // If not all labels fit, the last row holds icons without a label.
  const fitting = packLabels(all, layout.rows, 8);
  const rows = fitting.includes(undefined) ? packLabels(all, layout.rows - 1, 8) : fitting;
  return svg(
    "g",
    {},
    all.map((label, at) => {
      if (!view.isVisible(label.span) && label.to / view.scale < view.fromMs) return undefined;
      return drawEvent(label, layout, rows[at], view.x(label.span.fromMs));
    }),
  );
}

/**
 * The text and horizontal extent of an event (px from the start of the call).
 *
 * @param {CallEvent} event
 * @param {Span} span
 * @param {number} totalMs Length of the call.
 * @param {number} scale Pixels per ms.
 */
function eventLabel(event, span, totalMs, scale) {
  const { kind, label, detail } = eventText(event);
  const text = NAMED_KINDS.has(event.kind) ? label : kind;
  const short = text.length > MAX_LABEL ? `${text.slice(0, MAX_LABEL - 1)}…` : text;
  const left = span.fromMs * scale;
  const iconWidth = event.kind === "tool" ? Math.max(8, (span.toMs - span.fromMs) * scale) : 8;
  const textWidth = 6 + short.length * LETTER_PX;
  // At the end of the call the label is on the left of its icon, so that it is not cut off.
  const before = left + iconWidth + textWidth > totalMs * scale && textWidth < left;
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
 * @param {TimelineLayout} layout
 * @param {number | undefined} row Undefined: an icon without a label.
 * @param {number} left
 */
function drawEvent({ event: { kind, ok }, short, before, iconWidth, title }, layout, row, left) {
  const top = (layout.events?.top ?? 0) + (row ?? layout.rows - 1) * ROW_PX;
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
