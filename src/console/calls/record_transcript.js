/** The transcript of a call record, with events between the turns and the latency of each response. */

import { h } from "../dom.js";
import { dictionary, number, tenths } from "../locale.js";
import { clockText, valueAxis } from "./axis_scale.js";
import { interleaveEvents, turnLatency } from "./call_lanes.js";
import { eventText } from "./event_texts.js";
import { toolData } from "./tool_data.js";

/** @import { CallEvent, CallRecord, Turn } from "../api_types.ts" */
/** @import { Lanes } from "./call_lanes.js" */
/** @import { RecordingPlayer } from "./recording_player.js" */

const t = dictionary({
  en: {
    title: "Transcript",
    caller: "Caller",
    assistant: "Assistant",
    noText: "(no transcript)",
    interrupted: "interrupted: {heard} of {total} s heard",
    play: "Play from {at}",
    show: "Show {at} in the timeline",
    latency: "Response latency by hop",
    scale: "bars: 0 to {top} ms",
    model: "model",
    send: "send",
    playback: "playback",
    ms: "{ms} ms",
    modelHint: "from the end of speech to the model's first audio",
    sendHint: "to the first frame sent",
    playbackHint: "to the first mark returned",
  },
  es: {
    title: "Transcripción",
    caller: "Quien llama",
    assistant: "Asistente",
    noText: "(sin transcripción)",
    interrupted: "interrumpido: se oyeron {heard} de {total} s",
    play: "Reproducir desde {at}",
    show: "Mostrar {at} en la línea de tiempo",
    latency: "Latencia de respuesta por tramos",
    scale: "barras: de 0 a {top} ms",
    model: "modelo",
    send: "envío",
    playback: "reproducción",
    ms: "{ms} ms",
    modelHint: "del final del habla al primer audio del modelo",
    sendHint: "hasta enviar la primera trama",
    playbackHint: "hasta la devolución de la primera marca",
  },
});

const HOPS = /** @type {const} */ (["model", "send", "playback"]);

/**
 * @param {CallRecord} call
 * @param {Lanes} lanes
 * @param {readonly number[]} starts Start of each turn (ms).
 * @param {Pick<RecordingPlayer, "seek" | "hasAudio">} player
 */
export function recordTranscript({ turns, events }, lanes, starts, { seek, hasAudio }) {
  const longestMs = Math.max(0, ...turns.map((turn) => turnLatency(turn).totalMs));
  const { top } = valueAxis(longestMs);
  const items = turns.map((turn, at) => turnItem(turn, starts[at] ?? 0));
  /** @type {number | undefined} */
  let current;

  /** @param {Turn} turn @param {number} startMs */
  function turnItem(turn, startMs) {
    const at = clockText(startMs, 100);
    return h(
      "li",
      { class: `turn ${turn.speaker}`, onclick: ({ target }) => onTurnClick(target, startMs) },
      h(
        "button",
        {
          type: "button",
          class: "plain compact number at",
          "aria-label": t(hasAudio ? "play" : "show", { at }),
          onclick: () => seek(startMs),
        },
        at,
      ),
      h(
        "div",
        { class: "words" },
        h("strong", { class: "small speaker" }, t(turn.speaker)),
        h("p", { class: turn.text ? undefined : "quiet" }, turn.text || t("noText")),
        turn.interrupted ? h("p", { class: "small interrupted" }, interruptedText(turn)) : undefined,
      ),
      turn.latency ? latencyBar(turn, top) : undefined,
    );
  }

  /**
   * A click seeks, unless it ends a text selection. The button has its own listener.
   *
   * @param {EventTarget | null} target
   * @param {number} startMs
   */
  function onTurnClick(target, startMs) {
    const onButton = target instanceof Element && target.closest("button");
    if (!onButton && getSelection()?.isCollapsed) seek(startMs);
  }

  /** @param {number} at */
  function eventItem(at) {
    const event = events[at];
    return event && drawEvent(event, lanes.events[at]?.fromMs ?? event.atMs);
  }

  const element = h(
    "section",
    { class: "card call-words", "aria-labelledby": "call-words" },
    h(
      "div",
      { class: "spread" },
      h("h3", { id: "call-words" }, t("title")),
      longestMs > 0 ? legend(top) : undefined,
    ),
    h(
      "ol",
      { class: "turns" },
      interleaveEvents(starts, lanes.events).map((line) =>
        "turn" in line ? items[line.turn] : eventItem(line.event)
      ),
    ),
  );

  return {
    element,
    /**
     * Highlights a turn.
     *
     * @param {number | undefined} turn
     * @param {boolean} follow Whether to scroll to it.
     */
    mark(turn, follow) {
      if (turn === current) return;
      if (current !== undefined) items[current]?.removeAttribute("aria-current");
      current = turn;
      const item = turn === undefined ? undefined : items[turn];
      item?.setAttribute("aria-current", "true");
      const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
      if (follow) item?.scrollIntoView({ block: "nearest", behavior });
    },
    /**
     * A turn in words, for screen readers.
     *
     * @param {number | undefined} at
     */
    textOf(at) {
      const turn = at === undefined ? undefined : turns[at];
      return turn ? `${t(turn.speaker)}: ${turn.text || t("noText")}` : "";
    },
  };
}

/** @param {CallEvent} event @param {number} fromMs */
function drawEvent(event, fromMs) {
  const { kind, label, detail } = eventText(event);
  return h(
    "li",
    { class: `event small ${event.ok === false ? "failed" : ""}` },
    h("span", { class: "number at" }, clockText(fromMs, 100)),
    h(
      "p",
      {},
      h("strong", {}, kind),
      " ",
      label,
      detail ? h("span", { class: "quiet" }, ` ${detail}`) : undefined,
    ),
    toolData(event),
  );
}

/** @param {Turn} turn */
function interruptedText({ heardMs = 0, totalMs = 0 }) {
  return t("interrupted", { heard: tenths(heardMs), total: tenths(totalMs) });
}

/**
 * @param {Turn} turn
 * @param {number} top Milliseconds of a full bar.
 */
function latencyBar(turn, top) {
  const { hops, totalMs } = turnLatency(turn);
  return h(
    "div",
    { class: "wait small number" },
    h(
      "div",
      { class: "bar", "aria-hidden": "true" },
      hops.map(({ hop, ms }) => h("i", { class: hop, "--share": ms / top })),
    ),
    h(
      "p",
      {},
      hops.map(({ hop, ms }) => `${t(hop)} ${number(Math.round(ms))}`).join(" + "),
      " = ",
      h("strong", {}, t("ms", { ms: number(Math.round(totalMs)) })),
    ),
  );
}

/** @param {number} top */
function legend(top) {
  return h(
    "p",
    { class: "small quiet hops" },
    h("span", {}, `${t("latency")}:`),
    HOPS.map((hop) =>
      h("span", { title: t(`${hop}Hint`) }, h("i", { class: `swatch ${hop}` }), `${t(hop)} `)
    ),
    h("span", { class: "number" }, t("scale", { top: number(top) })),
  );
}
