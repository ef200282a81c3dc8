/**
 * The sound of both sides as it was heard, moving: the caller above, the assistant below. Right of the line is what the
 * caller will hear: what Twilio has already, and what waits here.
 */

import { h } from "../dom.js";
import { PEAK_MS, Peaks } from "./peaks.js";
import { word } from "./words.js";
import { duration } from "../words.js";

/** What is shown of the past and of what is to come (ms); less on a narrow page. */
const WIDE = { past: 10_000, ahead: 2_500 };
const NARROW = { past: 6_000, ahead: 1_500 };
const NARROW_PX = 600;
/** Levels come ten times a second; as much is held back, so that the picture moves and does not jump (ms). */
const HELD_MS = 150;
/** The clock of the picture is set, and not bent, when it is off by more (ms). */
const JUMP_MS = 600;
/** Height of the axis, and least width of a bar with its gap (px). */
const AXIS_PX = 18;
const BAR_PX = 3;
const COLOURS = ["caller", "assistant", "line", "quiet", "text"];

/** @returns the element, `level` to hand it each level, and `end`. */
export function waveforms() {
  const canvas = h("canvas", { role: "img", "aria-label": word("waveforms") });
  const lanes = { caller: lane("caller"), assistant: lane("assistant") };
  const element = h(
    "div",
    { class: "waves" },
    canvas,
    lanes.caller.element,
    lanes.assistant.element,
    h("p", { class: "to-come", "aria-hidden": "true" }, word("toCome")),
  );
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const sides = { caller: new Peaks(1024), assistant: new Peaks(1024) };
  const context = canvas.getContext("2d");
  let colours = readColours();
  let width = 0;
  let height = 0;
  let ratio = 1;
  /** Where the picture is (ms of the call); undefined before the first level. */
  let shown;
  let queued = { queuedMs: 0, twilioMs: 0 };
  let drawnAt = performance.now();
  let frame = 0;

  const recolour = () => {
    colours = readColours();
    draw();
  };
  dark.addEventListener("change", recolour);
  const resized = new ResizeObserver(() => {
    ratio = devicePixelRatio;
    width = canvas.clientWidth;
    height = canvas.clientHeight;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    draw();
  });
  resized.observe(canvas);

  function animate(now) {
    const passed = now - drawnAt;
    drawnAt = now;
    if (shown !== undefined) {
      const newest = sides.caller.end * PEAK_MS - HELD_MS;
      const off = newest - (shown + passed);
      shown = Math.abs(off) > JUMP_MS ? newest : shown + passed + off * Math.min(1, passed / 400);
      if (!still.matches) draw();
    }
    frame = requestAnimationFrame(animate);
  }
  frame = requestAnimationFrame(animate);

  function draw() {
    if (width === 0) return;
    const { past, ahead } = width < NARROW_PX ? NARROW : WIDE;
    const scale = width / (past + ahead);
    const line = past * scale;
    const bottom = height - AXIS_PX;
    const now = shown ?? 0;
    // Where motion is not wanted the picture stands, and the new replaces the old from left to right.
    const xOf = still.matches
      ? (atMs) => ((atMs % past) + past) % past * scale
      : (atMs) => line - (now - atMs) * scale;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    drawSeconds(now, past, xOf, line, bottom);
    const half = bottom / 4;
    drawBars(sides.caller, half, half - 6, colours.caller, now, past, scale, xOf, line);
    drawBars(sides.assistant, half * 3, half - 6, colours.assistant, now, past, scale, xOf, line);
    drawQueue(line, half * 3, half - 6, scale);
    context.fillStyle = colours.text;
    context.fillRect(still.matches ? xOf(now) : line - 0.5, 0, 1, bottom);
  }

  function drawSeconds(now, past, xOf, line, bottom) {
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center";
    for (let second = Math.max(0, Math.ceil((now - past) / 1000)); second * 1000 <= now; second++) {
      const x = xOf(second * 1000);
      if (x > line) continue;
      context.fillStyle = colours.line;
      context.fillRect(x - 0.5, 0, 1, bottom + (second % 5 === 0 ? 4 : 0));
      if (second % 5 !== 0 || x < 16) continue;
      context.fillStyle = colours.quiet;
      context.fillText(duration(second), x, height - 4);
    }
  }

  /** Bars stand at their places in time, so that none changes its height while it moves. */
  function drawBars(peaks, middle, most, colour, now, past, scale, xOf, line) {
    const each = Math.max(1, Math.ceil(BAR_PX / (PEAK_MS * scale)));
    const step = each * PEAK_MS;
    const thick = Math.max(1, step * scale - 1);
    context.fillStyle = colour;
    context.beginPath();
    const newest = Math.min(now, peaks.end * PEAK_MS);
    for (let bar = Math.max(0, Math.floor((now - past) / step)); bar * step < newest; bar++) {
      const x = xOf(bar * step);
      if (x < -thick || x >= line) continue;
      // As the ear has it, half as loud is not half as high.
      const reach = Math.max(0.75, (peaks.highest(bar * each, (bar + 1) * each) / 255) ** 0.6 * most);
      context.roundRect(x, middle - reach, Math.min(thick, line - x), reach * 2, Math.min(thick / 2, reach));
    }
    context.fill();
  }

  function drawQueue(line, middle, most, scale) {
    const atTwilio = queued.twilioMs * scale;
    const here = queued.queuedMs * scale;
    context.fillStyle = colours.assistant;
    context.globalAlpha = 0.55;
    context.fillRect(line + 2, middle - most / 2, atTwilio, most);
    context.globalAlpha = 0.2;
    context.fillRect(line + 2 + atTwilio, middle - most / 2, here, most);
    context.globalAlpha = 1;
  }

  return {
    element,
    level({ atMs, caller, assistant, callerSpeaks, assistantSpeaks, queuedMs, twilioMs }) {
      sides.caller.put(atMs, caller);
      sides.assistant.put(atMs, assistant);
      shown ??= atMs;
      queued = { queuedMs, twilioMs };
      lanes.caller.speaks(callerSpeaks);
      lanes.assistant.speaks(assistantSpeaks);
      if (still.matches) draw();
    },
    /** It stands from now on. */
    end() {
      cancelAnimationFrame(frame);
      resized.disconnect();
      dark.removeEventListener("change", recolour);
      queued = { queuedMs: 0, twilioMs: 0 };
      element.classList.add("over");
      draw();
      lanes.caller.speaks(false);
      lanes.assistant.speaks(false);
    },
  };
}

/** The name of a side, and whether it speaks. */
function lane(who) {
  const state = h("span", {}, word("quiet"));
  const element = h("p", { class: `lane ${who}` }, h("b", {}, word(who)), " ", state);
  let speaking = false;
  return {
    element,
    speaks(now) {
      if (now === speaking) return;
      speaking = now;
      element.classList.toggle("speaking", now);
      state.textContent = word(now ? "speaks" : "quiet");
    },
  };
}

function readColours() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`)]));
}
