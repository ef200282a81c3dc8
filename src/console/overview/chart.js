/** A plot of daily values: stacked bars, or lines. */

import { ticks, valueAxis } from "../calls/axis_scale.js";
import { h, svg } from "../dom.js";
import { stacked } from "./day_series.js";
import { dayText } from "./plot_format.js";

/** Height, and space around the plot (px). */
const HEIGHT_PX = 168;
const TOP_PX = 10;
const BOTTOM_PX = 22;
const RIGHT_PX = 6;
/** Approximate width of a letter, and of a date, on the axes (px). */
const LETTER_PX = 6.3;
const DATE_PX = 64;
/** Room for the labels of the values, at most (px). */
const VALUES_PX = 60;
/** Bars of days narrower than this (px) have no gaps. */
const NARROW_DAY_PX = 7;

const SHORT_DAY = /** @type {const} */ ({ day: "numeric", month: "short" });
const LONG_DAY = /** @type {const} */ ({ weekday: "long", day: "numeric", month: "long" });

/**
 * @typedef {object} Series
 * @property {string} name
 * @property {string} kind Class that sets colour, texture and dashes.
 * @property {readonly (number | undefined)[]} values One per day.
 */

/**
 * @typedef {object} ChartOptions
 * @property {string} title
 * @property {string} [summary] Shown beside the title while no day is selected.
 * @property {readonly string[]} days Consecutive days as `2026-11-21`.
 * @property {readonly Series[]} series
 * @property {"bars" | "lines"} shape
 * @property {(value: number) => string} format
 * @property {number | undefined} [minStep] Smallest step of the axis: 1 for counts.
 * @property {number} [axisMax] The axis reaches at least this value, so that several plots share a scale.
 * @property {boolean} [additive] Whether to show the sum of a day's values.
 * @property {(day: number | undefined) => void} onPoint Called with the index of the day under the pointer.
 */

/** @typedef {ReturnType<typeof chart>} Chart */

/**
 * Draws a plot. A day is selected by pointer or arrow keys; its values then appear beside the title.
 *
 * @param {ChartOptions} options
 */
export function chart(options) {
  const { title, summary = "", days, series, shape, format, minStep = 0, axisMax = 0, additive, onPoint } =
    options;
  const bars = shape === "bars";
  const stacks = bars ? stacked(series.map(({ values }) => values.map((value) => value ?? 0))) : [];
  const max = bars
    ? Math.max(0, ...(stacks.at(-1) ?? []).map(({ to }) => to))
    : Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const axis = valueAxis(Math.max(max, axisMax), 4, minStep);
  const axisValues = ticks(0, axis.top, axis.step);
  const left = Math.max(...axisValues.map((value) => format(value).length)) * LETTER_PX + 10;

  // One element that the keyboard moves over the days: with one per day, drawing takes twice as long.
  const drawing = svg("svg", {
    class: `chart ${shape}`,
    role: "slider",
    tabindex: 0,
    "aria-label": title,
    "aria-valuemin": 0,
    "aria-valuemax": days.length - 1,
  });
  const output = h("output", {
    class: `small quiet number ${series.length > 3 ? "many" : ""}`,
    "aria-live": "off",
  }, summary);
  const element = h(
    "figure",
    { class: "card plot" },
    h("figcaption", {}, h("h3", {}, title), output),
    drawing,
  );
  /** @type {SVGPathElement | undefined} */
  let guide;
  /** The day that the keyboard selects. */
  let current = days.length - 1;
  let width = 0;
  let dayWidth = 0;
  const resizing = new ResizeObserver(([entry]) => {
    const contentWidth = entry?.contentRect.width ?? 0;
    if (contentWidth !== width && contentWidth > 0) draw(contentWidth);
  });
  resizing.observe(element);
  drawing.addEventListener("pointermove", ({ offsetX }) => onPoint(dayAt(offsetX)));
  drawing.addEventListener("pointerleave", () => onPoint(undefined));
  drawing.addEventListener("focus", () => onPoint(current));
  drawing.addEventListener("blur", () => onPoint(undefined));
  drawing.addEventListener("keydown", onKey);
  select(current);

  /** @type {(value: number) => number} */
  const y = (value) => round(TOP_PX + (HEIGHT_PX - TOP_PX - BOTTOM_PX) * (1 - value / axis.top));
  /** @type {(day: number) => number} The middle of a day. */
  const x = (day) => round(left + dayWidth * (day + 0.5));
  /** @type {(offsetX: number) => number | undefined} */
  const dayAt = (offsetX) =>
    offsetX < left ? undefined : Math.min(days.length - 1, Math.floor((offsetX - left) / dayWidth));

  /** @param {number} newWidth */
  function draw(newWidth) {
    width = newWidth;
    dayWidth = (width - left - RIGHT_PX) / days.length;
    drawing.setAttribute("width", String(width));
    drawing.setAttribute("height", String(HEIGHT_PX));
    drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT_PX}`);
    guide = svg("path", {
      class: "guide",
      visibility: "hidden",
      d: `M0 ${TOP_PX - 6}V${HEIGHT_PX - BOTTOM_PX}`,
    });
    drawing.replaceChildren(...grid(), ...dates(), ...(bars ? drawBars() : drawLines()), guide);
  }

  function grid() {
    return axisValues.map((value) =>
      svg(
        "g",
        { class: value === 0 ? "zero" : "line" },
        svg("path", { d: `M${left} ${y(value)}H${width - RIGHT_PX}` }),
        svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, format(value)),
      )
    );
  }

  function dates() {
    // Charts of one width show the same dates, whatever room the labels of their values need.
    const every = Math.max(1, Math.ceil(DATE_PX * days.length / (width - VALUES_PX - RIGHT_PX)));
    // Counted from the last day, so that today has a label.
    return days.flatMap((day, at) => {
      if ((days.length - 1 - at) % every !== 0) return [];
      const atEnd = x(at) + DATE_PX / 2 > width;
      return [svg(
        "text",
        {
          x: atEnd ? width - RIGHT_PX : x(at),
          y: HEIGHT_PX - 6,
          "text-anchor": atEnd ? "end" : "middle",
        },
        dayText(day, SHORT_DAY),
      )];
    });
  }

  function drawBars() {
    const narrow = dayWidth < NARROW_DAY_PX;
    const barWidth = narrow ? dayWidth : Math.min(28, dayWidth * 0.72);
    // One path per series: with an element per bar, drawing 90 days takes twice as long.
    return series.map(({ kind }, row) => {
      const path = (stacks[row] ?? []).map(({ from, to }, at) => {
        if (to <= from) return "";
        const barLeft = round(x(at) - barWidth / 2);
        const height = Math.max(0.5, round(y(from) - y(to)));
        return `M${barLeft} ${y(to)}h${round(barWidth)}v${height}H${barLeft}z`;
      }).join("");
      return svg(
        "g",
        { class: `series ${kind} ${narrow ? "narrow" : ""}` },
        svg("path", { class: "piece", d: path }),
        svg("path", { class: "texture", fill: `url(#plot-${kind})`, d: path }),
      );
    });
  }

  /** Lines are interrupted where a value is missing. */
  function drawLines() {
    return series.map(({ kind, values }) => {
      let drawing = false;
      const path = values.map((value, at) => {
        const segment = value === undefined ? "" : `${drawing ? "L" : "M"}${x(at)} ${y(value)}`;
        drawing = value !== undefined;
        return segment;
      }).join("");
      return svg(
        "g",
        { class: `series ${kind}` },
        svg("path", { class: "curve", d: path }),
        values.map((value, at) => {
          // Dots where days are wide, and for a value without neighbours.
          const isolated = values[at - 1] === undefined && values[at + 1] === undefined;
          return value === undefined || dayWidth < 9 && !isolated
            ? undefined
            : svg("circle", { class: "point", cx: x(at), cy: y(value), r: 2.5 });
        }),
      );
    });
  }

  /**
   * The values of a day in words: the sum first, and without zeros when there is a sum.
   *
   * @param {number} day
   */
  function valuesText(day) {
    const showSum = additive && series.length > 1;
    const parts = series.flatMap(({ name, values }) => {
      const value = values[day];
      if (value === undefined || value === 0 && showSum) return [];
      return [name === "" ? format(value) : `${name} ${format(value)}`];
    });
    const total = showSum ? format(stacks.at(-1)?.[day]?.to ?? 0) : "";
    return [total, parts.join(", ")].filter((part) => part !== "").join(" · ") || "–";
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    /** @type {Record<string, number>} */
    const targets = { ArrowLeft: current - 1, ArrowRight: current + 1, Home: 0, End: days.length - 1 };
    const target = Object.hasOwn(targets, event.key) ? targets[event.key] : undefined;
    if (target === undefined) return;
    event.preventDefault();
    select(Math.min(days.length - 1, Math.max(0, target)));
    onPoint(current);
  }

  /** @param {number} day */
  function select(day) {
    current = day;
    drawing.setAttribute("aria-valuenow", String(day));
    drawing.setAttribute("aria-valuetext", `${dayText(days[day] ?? "", LONG_DAY)}: ${valuesText(day)}`);
  }

  return {
    element,
    /** @param {number | undefined} day Marked here, and in the plots beside it. */
    mark(day) {
      guide?.setAttribute("visibility", day === undefined ? "hidden" : "visible");
      if (day !== undefined) guide?.setAttribute("transform", `translate(${x(day)} 0)`);
      const name = day === undefined ? undefined : days[day];
      output.textContent = day === undefined || name === undefined
        ? summary
        : `${dayText(name, SHORT_DAY)}: ${valuesText(day)}`;
    },
    close: () => resizing.disconnect(),
  };
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
