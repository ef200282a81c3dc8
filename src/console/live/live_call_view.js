/** One call in progress. */

import { ApiError, get, isReadOnly } from "../api_client.js";
import { endReasonText } from "../calls/call_texts.js";
import { h, pair } from "../dom.js";
import { duration, money, number } from "../locale.js";
import { callControls } from "./call_controls.js";
import { latencyTable } from "./latency_table.js";
import { liveEventLog } from "./live_event_log.js";
import { connectionBadge, parties, recordingBadge, stateBadge } from "./live_badges.js";
import { subscribe } from "./live_events.js";
import { t } from "./live_texts.js";
import { liveTranscript } from "./live_transcript.js";
import { liveWaveform } from "./live_waveform.js";
import { playbackMeter } from "./playback_meter.js";
import { whisperForm } from "./whisper_form.js";

/** @import { CallRecord, CallOverview, Cost, EventHandlers, LiveCallEvents } from "../api_types.ts" */

/**
 * @param {HTMLElement} place
 * @param {string} callSid
 * @returns {() => void} Ends the view.
 */
export function showLiveCall(place, callSid) {
  const connection = connectionBadge();
  const head = callHead();
  const waveform = liveWaveform();
  const controls = callControls(callSid);
  const transcript = liveTranscript();
  const playback = playbackMeter();
  const latency = latencyTable();
  const eventLog = liveEventLog();
  const whisper = isReadOnly() ? undefined : whisperForm(callSid);
  const endNotice = h("div", { role: "status" });
  const playbackCard = h("section", { class: "card" }, h("h3", {}, t("playback")), playback.element);
  const body = h(
    "div",
    { class: "stack", hidden: true },
    head.element,
    waveform.element,
    controls.element,
    h(
      "div",
      { class: "call-columns" },
      h("section", { class: "card stack" }, h("h3", {}, t("transcript")), transcript.element, whisper),
      h(
        "div",
        { class: "stack" },
        playbackCard,
        h("section", { class: "card" }, h("h3", {}, t("latency")), latency.element),
        h("section", { class: "card" }, h("h3", {}, t("events")), eventLog.element),
      ),
    ),
  );
  place.append(
    h("div", { class: "page-head" }, h("a", { href: "#live" }, `← ${t("all")}`), connection.element),
    endNotice,
    body,
  );

  /** @param {CallOverview} call */
  const show = (call) => {
    head.show(call);
    controls.showRecording(call.recording?.state);
  };
  /** @type {EventHandlers<LiveCallEvents>} */
  const handlers = {
    call(record) {
      body.hidden = false;
      head.setClockOffset(Date.parse(record.now) - Date.now());
      show(record);
      head.showCost(record);
      transcript.replace(record.turns);
      latency.replace(record.turns.flatMap((turn) => turn.latency ? [turn.latency] : []));
      eventLog.replace(record.events);
    },
    changed: show,
    turn: transcript.update,
    level(level) {
      waveform.add(level);
      playback.update(level);
      transcript.showPlayback(level);
    },
    latency: latency.add,
    event: eventLog.add,
    cost: head.showCost,
    ended: ({ endReason }) => finish(t("ended", { reason: endReasonText(endReason) })),
  };
  const path = `calls/${encodeURIComponent(callSid)}`;
  const unsubscribe = subscribe(`${path}/events`, handlers, connection.show, refused);

  /** Shows that the service does not stream this call, because it has ended or never existed. */
  async function refused() {
    /** @type {CallRecord | undefined} */
    const call = await get(path).catch((error) => {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    });
    if (call && call.endedAt === undefined) return true;
    if (call) finish(t("hasEnded", { callSid }));
    else finish(t("noSuchCall", { callSid }), false);
    return false;
  }

  /** @param {string} text @param {boolean} [hasRecord] */
  function finish(text, hasRecord = true) {
    endNotice.replaceChildren(
      h(
        "div",
        { class: "notice spread ended" },
        h("p", {}, text),
        hasRecord
          ? h("a", { class: "button", href: `#calls/${encodeURIComponent(callSid)}` }, t("record"))
          : undefined,
      ),
    );
    for (const element of [controls.element, whisper, playbackCard]) if (element) element.hidden = true;
    transcript.end();
    head.hideState();
    end();
  }

  let ended = false;
  function end() {
    if (ended) return;
    ended = true;
    connection.element.hidden = true;
    unsubscribe();
    controls.end();
    waveform.end();
    head.end();
  }
  return end;
}

/** The parties, state, duration and cost of a call. */
function callHead() {
  const { elements, show: showParties } = parties();
  const assistant = h("span", { class: "badge" });
  const state = h("span", { class: "badge" });
  const recording = recordingBadge();
  const time = h("dd"), turns = h("dd"), cost = h("dd"), tokens = h("dd");
  /** @type {number | undefined} */
  let startedAt;
  /** Offset of the service's clock from the browser's (ms). */
  let clockOffset = 0;
  const tick = () => {
    if (startedAt !== undefined) time.textContent = duration((Date.now() + clockOffset - startedAt) / 1000);
  };
  const timer = setInterval(tick, 1_000);
  return {
    element: h(
      "div",
      { class: "call-head" },
      h(
        "div",
        { class: "stack" },
        h("h2", {}, elements),
        h("div", { class: "row" }, state, recording.element, assistant),
      ),
      h(
        "dl",
        { class: "figures" },
        pair(t("time"), time),
        pair(t("turns"), turns),
        pair(t("cost"), cost),
        pair(t("tokens"), tokens),
      ),
    ),
    /** @param {number} ms */
    setClockOffset(ms) {
      clockOffset = ms;
    },
    /** @param {CallOverview} call */
    show(call) {
      const { text, look } = stateBadge(call);
      showParties(call);
      assistant.textContent = call.assistant;
      state.textContent = text;
      state.className = `badge ${look}`;
      recording.show(call.recording?.state);
      turns.textContent = number(call.callerTurns);
      startedAt = Date.parse(call.startedAt);
      tick();
    },
    /** @param {Cost} soFar */
    showCost({ costUsd, tokens: { textIn, audioIn, textOut, audioOut } }) {
      cost.textContent = money(costUsd);
      tokens.textContent = `${number(textIn + audioIn)} / ${number(textOut + audioOut)}`;
    },
    hideState() {
      state.hidden = true;
      recording.show(undefined);
    },
    end: () => clearInterval(timer),
  };
}
