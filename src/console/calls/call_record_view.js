/** The record of one ended call: facts, timeline, transcript, recording. */

import { get } from "../api_client.js";
import { h } from "../dom.js";
import { dictionary, time } from "../locale.js";
import { callFacts, callSummary } from "./call_facts.js";
import { callLanes, turnAt, turnStarts } from "./call_lanes.js";
import { endedCallsAddress } from "./ended_call_list.js";
import { endReasonLook, endReasonText, otherParty, requestProblem } from "./call_texts.js";
import { timelineView } from "./timeline_view.js";
import { recordTranscript } from "./record_transcript.js";
import { recordingPlayer } from "./recording_player.js";

/** @import { CallRecord } from "../api_types.ts" */

const t = dictionary({
  en: {
    back: "All calls",
    call: "Call {party}",
    live: "This call is in progress.",
    watch: "Watch it live",
    loading: "Loading the call",
    timeline: "Timeline",
    approximate: "An older version of Parley recorded this call: positions in the timeline are approximate.",
    noRecording: "This call has no recording.",
    noTurns: "Nobody spoke in this call.",
  },
  es: {
    back: "Todas las llamadas",
    call: "Llamada {party}",
    live: "Esta llamada está en curso.",
    watch: "Verla en vivo",
    loading: "Cargando la llamada",
    timeline: "Línea de tiempo",
    approximate:
      "Una versión anterior de Parley registró esta llamada: las posiciones en la línea de tiempo son " +
      "aproximadas.",
    noRecording: "Esta llamada no tiene grabación.",
    noTurns: "En esta llamada no habló nadie.",
  },
});

/**
 * @param {HTMLElement} place
 * @param {string} callSid
 * @returns {() => void} Ends the view.
 */
export function showCallRecord(place, callSid) {
  const path = `calls/${encodeURIComponent(callSid)}`;
  let closed = false;
  let closeDrawing = () => {};
  const body = h("div", { class: "stack one-call" });
  place.append(h("p", { class: "small" }, h("a", { href: endedCallsAddress() }, `← ${t("back")}`)), body);
  scrollTo(0, 0);
  load();

  return () => {
    closed = true;
    closeDrawing();
  };

  async function load() {
    body.replaceChildren(h("p", { class: "quiet", role: "status" }, t("loading")));
    try {
      /** @type {CallRecord} */
      const call = await get(path);
      if (closed) return;
      body.replaceChildren();
      if (call.state === "ended") closeDrawing = draw(call, path, body);
      else body.append(inProgressNotice(callSid));
    } catch (error) {
      if (!closed) body.replaceChildren(requestProblem(error, load));
    }
  }
}

/** @param {string} callSid */
function inProgressNotice(callSid) {
  return h(
    "div",
    { class: "notice row" },
    h("p", { class: "grow" }, t("live")),
    h("a", { class: "button", href: `#live/${encodeURIComponent(callSid)}` }, t("watch")),
  );
}

/**
 * @param {CallRecord} call
 * @param {string} path Of the call in the API.
 * @param {HTMLElement} body
 * @returns {() => void} Stops playing and drawing.
 */
function draw(call, path, body) {
  const { callSid, endReason = "", startedAt, turns, events, recording } = call;
  const lanes = callLanes(call);
  const starts = turnStarts(lanes, turns.length);
  body.append(
    h(
      "div",
      { class: "page-head" },
      h("h2", {}, t("call", { party: otherParty(call) })),
      h("span", { class: `badge ${endReasonLook(endReason)}` }, endReasonText(endReason)),
      h(
        "time",
        { datetime: startedAt, class: "quiet number" },
        time(startedAt, { dateStyle: "full", timeStyle: "medium" }),
      ),
    ),
    ...callSummary(call),
  );
  if (turns.length === 0 && events.length === 0 && !recording) {
    body.append(h("p", { class: "card empty" }, t("noTurns")), callFacts(call));
    return () => {};
  }

  const player = recordingPlayer({
    url: recording && `../api/${path}/recording.wav`,
    fileName: `${callSid}.wav`,
    totalMs: lanes.totalMs,
    starts,
    onMove: (ms, move) => {
      const current = turnAt(starts, ms);
      timeline.move(ms, { ...move, text: transcript.textOf(current) });
      transcript.mark(current, move.follow);
    },
  });
  const timeline = timelineView(call, lanes, player);
  const transcript = recordTranscript(call, lanes, starts, player);

  body.append(
    h(
      "div",
      { class: "call-drawing" },
      h(
        "section",
        { class: "card", "aria-labelledby": "call-drawing" },
        h("div", { class: "spread" }, h("h3", { id: "call-drawing" }, t("timeline")), timeline.zoom),
        timeline.element,
        timeline.legend,
        lanes.approximate ? h("p", { class: "quiet small" }, t("approximate")) : undefined,
        recording ? undefined : h("p", { class: "quiet small" }, t("noRecording")),
      ),
      ...(player.element ? [player.element] : []),
    ),
    transcript.element,
    callFacts(call),
  );
  player.seek(0, { follow: false });
  // Without levels, the timeline has no waveform.
  if (recording) get(`${path}/levels`).then(timeline.showLevels, () => {});
  return () => {
    player.close();
    timeline.close();
  };
}
