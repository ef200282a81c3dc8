/** The words of a call, turn by turn, with what was done between them and how long each answer took. */

import { inOrder, waitOf } from "./call_lanes.js";
import { eventWords } from "./call_events.js";
import { clock, valueAxis } from "./scale.js";
import { h } from "../dom.js";
import { dictionary, number } from "../words.js";

const word = dictionary({
  en: {
    title: "Transcript",
    caller: "Caller",
    assistant: "Assistant",
    noWords: "(no words)",
    cut: "cut: {heard} of {total} s heard",
    play: "Play from {at}",
    show: "Show {at} in the drawing",
    wait: "Wait for each answer, by hop",
    scale: "bars: 0 to {top} ms",
    model: "model",
    sent: "sending",
    heard: "heard",
    ms: "{ms} ms",
    modelLong: "from the end of speech to the model's first audio",
    sentLong: "to the first frame sent",
    heardLong: "to the first mark back",
  },
  es: {
    title: "Transcripción",
    caller: "Quien llama",
    assistant: "Asistente",
    noWords: "(sin palabras)",
    cut: "cortado: se oyeron {heard} de {total} s",
    play: "Reproducir desde {at}",
    show: "Mostrar {at} en el dibujo",
    wait: "Espera de cada respuesta, por tramos",
    scale: "barras: de 0 a {top} ms",
    model: "modelo",
    sent: "envío",
    heard: "oído",
    ms: "{ms} ms",
    modelLong: "del final del habla al primer audio del modelo",
    sentLong: "hasta enviar la primera trama",
    heardLong: "hasta volver la primera marca",
  },
});

const HOPS = ["model", "sent", "heard"];

/** @returns its element, what marks a turn as current, and what says a turn in words. */
export function transcript(call, lanes, begin, { seek, plays }) {
  const { turns, events } = call;
  const longest = Math.max(0, ...turns.map((turn) => waitOf(turn).totalMs));
  const { top } = valueAxis(longest);
  const items = turns.map((turn, at) => turnItem(turn, begin[at]));
  let current;

  function turnItem(turn, from) {
    const at = clock(from, 100);
    return h(
      "li",
      { class: `turn ${turn.who}`, onclick: (event) => clicked(event, from) },
      h(
        "button",
        {
          type: "button",
          class: "plain compact number at",
          "aria-label": word(plays ? "play" : "show", { at }),
          onclick: () => seek(from),
        },
        at,
      ),
      h(
        "div",
        { class: "words" },
        h("strong", { class: "small who" }, word(turn.who)),
        h("p", { class: turn.text ? undefined : "quiet" }, turn.text || word("noWords")),
        turn.cut ? h("p", { class: "small cut" }, cutWords(turn)) : undefined,
      ),
      turn.latency ? wait(turn, top) : undefined,
    );
  }

  /** A click beside the button, unless it is the end of choosing words to copy. */
  function clicked({ target }, from) {
    if (target.closest("button") || !getSelection()?.isCollapsed) return;
    seek(from);
  }

  const element = h(
    "section",
    { class: "card call-words", "aria-labelledby": "call-words" },
    h(
      "div",
      { class: "spread" },
      h("h3", { id: "call-words" }, word("title")),
      longest > 0 ? legend(top) : undefined,
    ),
    h(
      "ol",
      { class: "turns" },
      inOrder(begin, lanes.events).map((line) =>
        "turn" in line ? items[line.turn] : eventItem(events[line.event], lanes.events[line.event].fromMs)
      ),
    ),
  );

  return {
    element,
    mark(turn, follow) {
      if (turn === current) return;
      items[current]?.removeAttribute("aria-current");
      current = turn;
      items[turn]?.setAttribute("aria-current", "true");
      const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
      if (follow) items[turn]?.scrollIntoView({ block: "nearest", behavior });
    },
    say: (turn) => turns[turn] ? `${word(turns[turn].who)}: ${turns[turn].text || word("noWords")}` : "",
  };
}

function eventItem(event, fromMs) {
  const { kind, label, detail } = eventWords(event);
  return h(
    "li",
    { class: `event small ${event.ok === false ? "failed" : ""}` },
    h("span", { class: "number at" }, clock(fromMs, 100)),
    h(
      "p",
      {},
      h("strong", {}, kind),
      " ",
      label,
      detail ? h("span", { class: "quiet" }, ` ${detail}`) : undefined,
    ),
  );
}

function cutWords({ heardMs = 0, totalMs = 0 }) {
  const seconds = (ms) => number(ms / 1_000, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return word("cut", { heard: seconds(heardMs), total: seconds(totalMs) });
}

function wait(turn, top) {
  const { hops, totalMs } = waitOf(turn);
  return h(
    "div",
    { class: "wait small number" },
    h(
      "div",
      { class: "bar", "aria-hidden": "true" },
      hops.map(({ hop, ms }) => {
        const piece = h("i", { class: hop });
        piece.style.setProperty("--share", String(ms / top));
        return piece;
      }),
    ),
    h(
      "p",
      {},
      hops.map(({ hop, ms }) => `${word(hop)} ${number(Math.round(ms))}`).join(" + "),
      " = ",
      h("strong", {}, word("ms", { ms: number(Math.round(totalMs)) })),
    ),
  );
}

function legend(top) {
  return h(
    "p",
    { class: "small quiet hops" },
    h("span", {}, `${word("wait")}:`),
    HOPS.map((hop) =>
      h("span", { title: word(`${hop}Long`) }, h("i", { class: `swatch ${hop}` }), `${word(hop)} `)
    ),
    h("span", { class: "number" }, word("scale", { top: number(top) })),
  );
}
