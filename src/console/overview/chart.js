/** Plots of values by day: bars upon one another, and lines. */

import { stacked } from "./day_sums.js";
import { h, svg } from "../dom.js";
import { ticks, valueAxis } from "../calls/scale.js";
import { time } from "../words.js";

const HEIGHT = 168;
const TOP = 10;
const BOTTOM = 22;
const RIGHT = 6;
/** Width (px) of a letter on the axis, about. */
const LETTER = 6.3;
/** Width (px) of a date on the axis, about. */
const DATE = 64;
/** Days narrower than this (px) have no gaps between their bars. */
const NARROW = 7;

/**
 * @typedef {object} Series
 * @property {string} name
 * @property {string} kind A class that gives its colour, and its pattern or its dashes.
 * @property {(number | undefined)[]} values One a day.
 */

/**
 * A plot in a figure. Each day of it can be pointed at or walked to by arrow keys; its values then stand beside the title.
 *
 * @param title What is plotted.
 * @param whole What stands beside the title while no day is chosen.
 * @param days `2026-11-21`, one after the other.
 * @param {Series[]} series
 * @param shape `bars` or `lines`.
 * @param format Writes a value.
 * @param least The smallest step of the axis: 1 for what is counted.
 * @param highest The axis goes up to this at least, where several plots are to be compared.
 * @param sum Whether a day's values add up to something, which then is told too.
 * @param marked Told which day is pointed at, or undefined.
 */
export function chart(
  { title, whole = "", days, series, shape, format, least = 0, highest = 0, sum, marked },
) {
  const bars = shape === "bars";
  const spans = bars ? stacked(series.map(({ values }) => values.map((value) => value ?? 0))) : [];
  const max = bars
    ? Math.max(0, ...(spans.at(-1) ?? []).map(({ to }) => to))
    : Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const axis = valueAxis(Math.max(max, highest), 4, least);
  const labels = ticks(0, axis.top, axis.step);
  const left = Math.max(...labels.map((value) => format(value).length)) * LETTER + 10;

  const drawing = svg("svg", { class: `chart ${shape}`, role: "group", "aria-label": title });
  const output = h("output", {
    class: `small quiet number ${series.length > 3 ? "many" : ""}`,
    "aria-live": "off",
  }, whole);
  const element = h(
    "figure",
    { class: "card plot" },
    h("figcaption", {}, h("h3", {}, title), output),
    drawing,
  );
  let columns = [];
  let guide;
  /** The day that Tab leads to. */
  let current = days.length - 1;
  let width = 0;
  let step = 0;
  const sized = new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width !== width && contentRect.width > 0) draw(contentRect.width);
  });
  sized.observe(element);
  drawing.addEventListener("pointermove", ({ offsetX }) => marked(dayAt(offsetX)));
  drawing.addEventListener("pointerleave", () => marked(undefined));
  drawing.addEventListener("focusin", ({ target }) => marked(columns.indexOf(target)));
  drawing.addEventListener("focusout", () => marked(undefined));
  drawing.addEventListener("keydown", key);

  const y = (value) => round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / axis.top));
  const x = (day) => round(left + step * (day + 0.5));
  const dayAt = (offsetX) =>
    offsetX < left ? undefined : Math.min(days.length - 1, Math.floor((offsetX - left) / step));

  function draw(now) {
    width = now;
    step = (width - left - RIGHT) / days.length;
    drawing.setAttribute("width", width);
    drawing.setAttribute("height", HEIGHT);
    drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    guide = svg("path", { class: "guide", visibility: "hidden", d: `M0 ${TOP - 6}V${HEIGHT - BOTTOM}` });
    columns = days.map((day, at) =>
      svg("rect", {
        class: "day",
        role: "img",
        tabindex: at === current ? 0 : -1,
        "aria-label": `${dayName(day, true)}: ${says(at)}`,
        x: left + step * at,
        y: TOP - 6,
        width: step,
        height: HEIGHT - BOTTOM - TOP + 6,
      })
    );
    drawing.replaceChildren(...grid(), ...dates(), ...(bars ? drawBars() : drawLines()), guide, ...columns);
  }

  function grid() {
    return labels.map((value) =>
      svg(
        "g",
        { class: value === 0 ? "zero" : "line", "aria-hidden": "true" },
        svg("path", { d: `M${left} ${y(value)}H${width - RIGHT}` }),
        svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, format(value)),
      )
    );
  }

  function dates() {
    const every = Math.max(1, Math.ceil(DATE / step));
    // Counted from today, so that today has its name.
    return days.flatMap((day, at) => {
      if ((days.length - 1 - at) % every !== 0) return [];
      const end = x(at) + DATE / 2 > width;
      return [svg(
        "text",
        {
          x: end ? width - RIGHT : x(at),
          y: HEIGHT - 6,
          "text-anchor": end ? "end" : "middle",
          "aria-hidden": "true",
        },
        dayName(day),
      )];
    });
  }

  function drawBars() {
    const wide = step < NARROW ? step : Math.min(28, step * 0.72);
    return series.map(({ kind }, row) =>
      svg(
        "g",
        { class: `series ${kind} ${step < NARROW ? "narrow" : ""}`, "aria-hidden": "true" },
        spans[row].flatMap(({ from, to }, at) =>
          to <= from ? [] : [
            svg("rect", { class: "piece", ...box(at, from, to, wide) }),
            svg("rect", { class: "texture", fill: `url(#plot-${kind})`, ...box(at, from, to, wide) }),
          ]
        ),
      )
    );
  }

  function box(day, from, to, wide) {
    return {
      x: round(x(day) - wide / 2),
      y: y(to),
      width: round(wide),
      height: Math.max(0.5, round(y(from) - y(to))),
    };
  }

  /** A line breaks where there is no value. */
  function drawLines() {
    return series.map(({ kind, values }) => {
      let begun = false;
      const path = values.map((value, at) => {
        const piece = value === undefined ? "" : `${begun ? "L" : "M"}${x(at)} ${y(value)}`;
        begun = value !== undefined;
        return piece;
      }).join("");
      return svg(
        "g",
        { class: `series ${kind}`, "aria-hidden": "true" },
        svg("path", { class: "curve", d: path }),
        values.map((value, at) => {
          // Dots where there is room, and where a value stands alone.
          const alone = values[at - 1] === undefined && values[at + 1] === undefined;
          return value === undefined || step < 9 && !alone
            ? undefined
            : svg("circle", { class: "point", cx: x(at), cy: y(value), r: 2.5 });
        }),
      );
    });
  }

  /** The values of a day, the sum of them first; what adds nothing to it is left out. */
  function says(at) {
    const parts = series.flatMap(({ name, values }) => {
      const value = values[at];
      if (value === undefined || value === 0 && sum && series.length > 1) return [];
      return [name === "" ? format(value) : `${name} ${format(value)}`];
    });
    const total = sum && series.length > 1 ? `${format(spans.at(-1)[at].to)}` : "";
    return [total, parts.join(", ")].filter((part) => part !== "").join(" · ") || "–";
  }

  function key(event) {
    const to = {
      ArrowLeft: current - 1,
      ArrowRight: current + 1,
      Home: 0,
      End: days.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    columns[current]?.setAttribute("tabindex", "-1");
    current = Math.min(days.length - 1, Math.max(0, to));
    columns[current]?.setAttribute("tabindex", "0");
    columns[current]?.focus();
  }

  return {
    element,
    /** Points at a day, also in the plots beside it. */
    mark(day) {
      guide?.setAttribute("visibility", day === undefined ? "hidden" : "visible");
      if (day !== undefined) guide?.setAttribute("transform", `translate(${x(day)} 0)`);
      output.textContent = day === undefined ? whole : `${dayName(days[day])}: ${says(day)}`;
    },
    close: () => sized.disconnect(),
  };
}

/** What tells series apart without colours. Once in a page that has plots. */
export function textures() {
  const texture = (id, size, d) =>
    svg(
      "pattern",
      { id: `plot-${id}`, width: size, height: size, patternUnits: "userSpaceOnUse" },
      svg("path", { d }),
    );
  return svg(
    "svg",
    { class: "visually-hidden", width: 0, height: 0, "aria-hidden": "true" },
    svg(
      "defs",
      { class: "textures" },
      texture("s1", 6, "M0 6L6 0M-1 1L1 -1M5 7L7 5"),
      texture("s2", 4, "M0 2H4"),
      texture("s3", 5, "M2.5 1.5V3.5M1.5 2.5H3.5"),
      texture("s4", 4, "M2 0V4"),
    ),
  );
}

function dayName(day, long = false) {
  const options = long
    ? { weekday: "long", day: "numeric", month: "long" }
    : { day: "numeric", month: "short" };
  return time(`${day}T12:00`, options);
}

function round(value) {
  return Math.round(value * 10) / 10;
}
