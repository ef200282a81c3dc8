/**
 * The moving waveform of a call: the caller above, the assistant below. To the right of the playhead is
 * assistant audio the caller has not heard: buffered at Twilio, then queued in Parley.
 */

import { h } from "../dom.js";
import { duration } from "../locale.js";
import { LevelHistory, PEAK_MS } from "./level_history.js";
import { t } from "./live_texts.js";

/** @import { Level } from "../api_types.ts" */

/** Time shown before and after the playhead (ms); less on a narrow page. */
const WIDE = { pastMs: 10_000, aheadMs: 2_500 };
const NARROW = { pastMs: 6_000, aheadMs: 1_500 };
const NARROW_PX = 600;
/** Levels arrive ten times a second; the display runs this much behind (ms), so that it moves evenly. */
const DELAY_MS = 150;
/** The display jumps when it is off by more than this (ms); smaller differences are corrected gradually. */
const JUMP_MS = 600;
/** Height of the time axis, and minimum width of a bar with its gap (px). */
const AXIS_PX = 18;
const BAR_PX = 3;
const COLOURS = /** @type {const} */ (["caller", "assistant", "line", "quiet", "text"]);

export function liveWaveform() {
  const canvas = h("canvas", { role: "img", "aria-label": t("waveform") });
  const lanes = { caller: laneLabel("caller"), assistant: laneLabel("assistant") };
  const element = h(
    "div",
    { class: "waves" },
    canvas,
    lanes.caller.element,
    lanes.assistant.element,
    h("p", { class: "upcoming", "aria-hidden": "true" }, t("notYetHeard")),
  );
  const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const levels = { caller: new LevelHistory(1024), assistant: new LevelHistory(1024) };
  const context = canvas.getContext("2d");
  let colours = readColours();
  let width = 0;
  let height = 0;
  let ratio = 1;
  /**
   * @type {number | undefined} Position of the playhead (ms of the call); undefined before the first level.
   */
  let shownMs;
  let buffered = { queuedMs: 0, twilioMs: 0 };
  let drawnAt = performance.now();
  let frame = 0;

  const recolour = () => {
    colours = readColours();
    draw();
  };
  dark.addEventListener("change", recolour);
  const resizing = new ResizeObserver(() => {
    ratio = devicePixelRatio;
    width = canvas.clientWidth;
    height = canvas.clientHeight;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    draw();
  });
  resizing.observe(canvas);

  /** @param {number} now */
  function animate(now) {
    const passedMs = now - drawnAt;
    drawnAt = now;
    if (shownMs !== undefined) {
      const targetMs = levels.caller.end * PEAK_MS - DELAY_MS;
      const errorMs = targetMs - (shownMs + passedMs);
      shownMs = Math.abs(errorMs) > JUMP_MS
        ? targetMs
        : shownMs + passedMs + errorMs * Math.min(1, passedMs / 400);
      if (!reducedMotion.matches) draw();
    }
    frame = requestAnimationFrame(animate);
  }
  frame = requestAnimationFrame(animate);

  function draw() {
    if (width === 0 || !context) return;
    const { pastMs, aheadMs } = width < NARROW_PX ? NARROW : WIDE;
    const nowMs = shownMs ?? 0;
    const scale = width / (pastMs + aheadMs);
    const playheadX = pastMs * scale;
    const bottom = height - AXIS_PX;
    const view = {
      context,
      nowMs,
      pastMs,
      scale,
      playheadX,
      // With reduced motion the picture does not scroll. New audio replaces old from left to right.
      /** @type {(atMs: number) => number} */
      xOf: reducedMotion.matches
        ? (atMs) => ((atMs % pastMs) + pastMs) % pastMs * scale
        : (atMs) => playheadX - (nowMs - atMs) * scale,
    };
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    drawSeconds(view, bottom);
    const half = bottom / 4;
    drawBars(view, levels.caller, half, half - 6, colours.caller);
    drawBars(view, levels.assistant, half * 3, half - 6, colours.assistant);
    drawBuffered(view, half * 3, half - 6);
    context.fillStyle = colours.text;
    context.fillRect(reducedMotion.matches ? view.xOf(nowMs) : playheadX - 0.5, 0, 1, bottom);
  }

  /**
   * @typedef {object} View
   * @property {CanvasRenderingContext2D} context
   * @property {number} nowMs Position of the playhead.
   * @property {number} pastMs Time shown before it.
   * @property {number} scale Pixels per ms.
   * @property {number} playheadX
   * @property {(atMs: number) => number} xOf
   */

  /** @param {View} view @param {number} bottom */
  function drawSeconds({ context, nowMs, pastMs, playheadX, xOf }, bottom) {
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center";
    for (let second = Math.max(0, Math.ceil((nowMs - pastMs) / 1000)); second * 1000 <= nowMs; second++) {
      const x = xOf(second * 1000);
      if (x > playheadX) continue;
      context.fillStyle = colours.line;
      context.fillRect(x - 0.5, 0, 1, bottom + (second % 5 === 0 ? 4 : 0));
      if (second % 5 !== 0 || x < 16) continue;
      context.fillStyle = colours.quiet;
      context.fillText(duration(second), x, height - 4);
    }
  }

  /**
   * Each bar covers a fixed period, so that its height does not change while it moves.
   *
   * @param {View} view
   * @param {LevelHistory} history
   * @param {number} middle
   * @param {number} maxReach
   * @param {string} colour
   */
  function drawBars({ context, nowMs, pastMs, scale, playheadX, xOf }, history, middle, maxReach, colour) {
    const peaksPerBar = Math.max(1, Math.ceil(BAR_PX / (PEAK_MS * scale)));
    const stepMs = peaksPerBar * PEAK_MS;
    const barWidth = Math.max(1, stepMs * scale - 1);
    context.fillStyle = colour;
    context.beginPath();
    const endMs = Math.min(nowMs, history.end * PEAK_MS);
    for (let bar = Math.max(0, Math.floor((nowMs - pastMs) / stepMs)); bar * stepMs < endMs; bar++) {
      const x = xOf(bar * stepMs);
      if (x < -barWidth || x >= playheadX) continue;
      // Perceived loudness is not linear: an exponent below 1 lifts quiet speech.
      const reach = Math.max(
        0.75,
        (history.highest(bar * peaksPerBar, (bar + 1) * peaksPerBar) / 255) ** 0.6 * maxReach,
      );
      const visible = Math.min(barWidth, playheadX - x);
      context.roundRect(x, middle - reach, visible, reach * 2, Math.min(barWidth / 2, reach));
    }
    context.fill();
  }

  /** @param {View} view @param {number} middle @param {number} boxHeight */
  function drawBuffered({ context, scale, playheadX }, middle, boxHeight) {
    const atTwilio = buffered.twilioMs * scale;
    const queued = buffered.queuedMs * scale;
    context.fillStyle = colours.assistant;
    context.globalAlpha = 0.55;
    context.fillRect(playheadX + 2, middle - boxHeight / 2, atTwilio, boxHeight);
    context.globalAlpha = 0.2;
    context.fillRect(playheadX + 2 + atTwilio, middle - boxHeight / 2, queued, boxHeight);
    context.globalAlpha = 1;
  }

  return {
    element,
    /** @param {Level} level */
    add({ atMs, caller, assistant, callerSpeaks, assistantSpeaks, queuedMs, twilioMs }) {
      levels.caller.put(atMs, caller);
      levels.assistant.put(atMs, assistant);
      shownMs ??= atMs;
      buffered = { queuedMs, twilioMs };
      lanes.caller.setSpeaking(callerSpeaks);
      lanes.assistant.setSpeaking(assistantSpeaks);
      if (reducedMotion.matches) draw();
    },
    /** Stops moving. */
    end() {
      cancelAnimationFrame(frame);
      resizing.disconnect();
      dark.removeEventListener("change", recolour);
      buffered = { queuedMs: 0, twilioMs: 0 };
      element.classList.add("ended");
      draw();
      lanes.caller.setSpeaking(false);
      lanes.assistant.setSpeaking(false);
    },
  };
}

/**
 * The name of a side with its speaking state.
 *
 * @param {"caller" | "assistant"} side
 */
function laneLabel(side) {
  const state = h("span", {}, t("silent"));
  const element = h("p", { class: `lane ${side}` }, h("b", {}, t(side)), " ", state);
  let speaking = false;
  return {
    element,
    /** @param {boolean} now */
    setSpeaking(now) {
      if (now === speaking) return;
      speaking = now;
      element.classList.toggle("speaking", now);
      state.textContent = t(now ? "speaking" : "silent");
    },
  };
}

function readColours() {
  const probe = document.body.appendChild(h("i"));
  const entries = COLOURS.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return /** @type {Record<typeof COLOURS[number], string>} */ (Object.fromEntries(entries));
}
