/** One call that is over: what is known of it, its drawing, its words, its recording. */

import { get } from "../api.js";
import { lanesOf, starts, turnAt } from "./call_lanes.js";
import { listAddress } from "./call_list.js";
import { callFacts, callSummary } from "./call_facts.js";
import { transcript } from "./call_transcript.js";
import { ending, endingKind, otherEnd, problem } from "./call_words.js";
import { h } from "../dom.js";
import { player } from "./player.js";
import { timeline } from "./timeline.js";
import { dictionary, time } from "../words.js";

const word = dictionary({
  en: {
    back: "All calls",
    call: "Call {who}",
    live: "This call is still going on.",
    watch: "Watch it live",
    loading: "Loading the call",
    drawing: "The call in time",
    approximate:
      "This call was kept by an older Parley: where something begins and ends in the drawing is approximate.",
    silent: "There is no recording of this call.",
    wordless: "Nothing was said in this call.",
  },
  es: {
    back: "Todas las llamadas",
    call: "Llamada {who}",
    live: "Esta llamada todavía está en curso.",
    watch: "Verla en vivo",
    loading: "Cargando la llamada",
    drawing: "La llamada en el tiempo",
    approximate:
      "Esta llamada la guardó un Parley anterior: dónde empieza y acaba cada cosa en el dibujo es aproximado.",
    silent: "No hay grabación de esta llamada.",
    wordless: "En esta llamada no se dijo nada.",
  },
});

/** Draws one call; returns what ends it. */
export function showCall(place, callSid) {
  const path = `calls/${encodeURIComponent(callSid)}`;
  let gone = false;
  let close = () => {};
  const body = h("div", { class: "stack one-call" });
  place.append(h("p", { class: "small" }, h("a", { href: listAddress() }, `← ${word("back")}`)), body);
  scrollTo(0, 0);
  load();

  return () => {
    gone = true;
    close();
  };

  async function load() {
    body.replaceChildren(h("p", { class: "quiet", role: "status" }, word("loading")));
    try {
      const call = await get(path);
      if (gone) return;
      body.replaceChildren();
      // A call in progress has a count of turns; one that was placed and not answered yet has none.
      if (Array.isArray(call.turns)) close = draw(call, path, body);
      else body.append(goesOn(callSid));
    } catch (error) {
      if (!gone) body.replaceChildren(problem(error, load));
    }
  }
}

function goesOn(callSid) {
  return h(
    "div",
    { class: "notice row" },
    h("p", { class: "grow" }, word("live")),
    h("a", { class: "button", href: `#live/${encodeURIComponent(callSid)}` }, word("watch")),
  );
}

function draw(call, path, body) {
  const lanes = lanesOf(call);
  const begin = starts(lanes, call.turns.length);
  body.append(
    h(
      "div",
      { class: "page-head" },
      h("h2", {}, word("call", { who: otherEnd(call) })),
      h("span", { class: `badge ${endingKind(call.reason)}` }, ending(call.reason)),
      h(
        "time",
        { datetime: call.startedAt, class: "quiet number" },
        time(call.startedAt, { dateStyle: "full", timeStyle: "medium" }),
      ),
    ),
    ...callSummary(call),
  );
  if (call.turns.length === 0 && call.events.length === 0 && !call.recording) {
    body.append(h("p", { class: "card empty" }, word("wordless")), callFacts(call));
    return () => {};
  }

  const controls = player({
    url: call.recording && `../api/${path}/recording.wav`,
    name: `${call.callSid}.wav`,
    totalMs: lanes.totalMs,
    begin,
    moved: (ms, { follow, playing }) => {
      const current = turnAt(begin, ms);
      drawing.move(ms, { follow, playing, words: words.say(current) });
      words.mark(current, follow);
    },
  });
  const drawing = timeline(call, lanes, controls);
  const words = transcript(call, lanes, begin, controls);

  body.append(
    h(
      "div",
      { class: "call-drawing" },
      h(
        "section",
        { class: "card", "aria-labelledby": "call-drawing" },
        h("div", { class: "spread" }, h("h3", { id: "call-drawing" }, word("drawing")), drawing.zoom),
        drawing.element,
        drawing.legend,
        lanes.approximate ? h("p", { class: "quiet small" }, word("approximate")) : undefined,
        call.recording ? undefined : h("p", { class: "quiet small" }, word("silent")),
      ),
      controls.element,
    ),
    words.element,
    callFacts(call),
  );
  controls.seek(0, { follow: false });
  if (call.recording) get(`${path}/levels`).then(drawing.levels, () => {});
  return () => {
    controls.close();
    drawing.close();
  };
}
