/** The list of calls in progress. */

import { get } from "../api_client.js";
import { endReasonText } from "../calls/call_texts.js";
import { h, setText } from "../dom.js";
import { duration, money } from "../locale.js";
import { connectionBadge, parties, recordingBadge, stateBadge } from "./live_badges.js";
import { subscribe } from "./live_events.js";
import { t } from "./live_texts.js";
import { welcome } from "./welcome.js";

/** @import { CallActivity, CallListEvents, CallOverview, EventHandlers } from "../api_types.ts" */

/** Maximum number of ended calls on the page. */
const MAX_ENDED = 10;

/**
 * @param {HTMLElement} place
 * @returns {() => void} Ends the view.
 */
export function showLiveCalls(place) {
  /** By CallSid. @type {Map<string, ReturnType<typeof callRow>>} */
  const rows = new Map();
  /** Offset of the service's clock from the browser's (ms). */
  let clockOffset = 0;
  /** @type {(() => void) | undefined} */
  let endWelcome;

  const connection = connectionBadge();
  const count = h("p", { class: "quiet number grow", role: "status" });
  const current = h("ul", { class: "live-calls", "aria-label": t("inProgress") });
  const empty = h("div", { hidden: true });
  const ended = h("ul", { class: "live-calls ended" });
  const endedSection = h("section", { hidden: true, class: "live-past" }, h("h3", {}, t("endedHere")), ended);
  place.append(
    h("div", { class: "page-head" }, h("h2", {}, t("inProgress")), count, connection.element),
    current,
    empty,
    endedSection,
  );

  /** @param {CallOverview} call */
  const show = (call) => {
    const row = rows.get(call.callSid);
    if (row) return row.update(call);
    const added = callRow(call);
    rows.set(call.callSid, added);
    current.prepend(added.element);
  };
  /** @param {string} callSid */
  const remove = (callSid) => {
    rows.get(callSid)?.element.remove();
    rows.delete(callSid);
  };
  /** @param {CallOverview} call */
  const moveToEnded = (call) => {
    remove(call.callSid);
    ended.prepend(callRow(call, Date.now() + clockOffset).element);
    while (ended.children.length > MAX_ENDED) ended.lastElementChild?.remove();
    endedSection.hidden = false;
  };
  const updateCount = () => {
    setText(
      count,
      rows.size === 0 ? t("none") : rows.size === 1 ? t("oneCall") : t("manyCalls", { count: rows.size }),
    );
    empty.hidden = rows.size > 0;
    if (rows.size === 0) endWelcome ??= welcome(empty);
  };
  const tick = () => rows.forEach((row) => row.tick(Date.now() + clockOffset));

  /** @type {EventHandlers<CallListEvents>} */
  const handlers = {
    calls({ now, calls }) {
      clockOffset = Date.parse(now) - Date.now();
      const running = new Set(calls.map(({ callSid }) => callSid));
      for (const callSid of [...rows.keys()]) if (!running.has(callSid)) remove(callSid);
      calls.toSorted((a, b) => a.startedAt < b.startedAt ? -1 : 1).forEach(show);
      tick();
      updateCount();
    },
    call({ type, call }) {
      if (type === "ended") moveToEnded(call);
      else show(call);
      updateCount();
    },
    activity({ calls }) {
      for (const activity of calls) rows.get(activity.callSid)?.showActivity(activity);
    },
  };
  // If the session has expired, the 401 of this request reloads the page.
  const unsubscribe = subscribe(
    "events?activity=true",
    handlers,
    connection.show,
    () => get("calls", { limit: 1 }).then(() => true),
  );
  const timer = setInterval(tick, 1_000);
  return () => {
    clearInterval(timer);
    unsubscribe();
    endWelcome?.();
  };
}

/**
 * A row of the list.
 *
 * @param {CallOverview} call
 * @param {number} [endedAt] When the call ended (ms since 1970); undefined while it runs.
 */
function callRow(call, endedAt) {
  const { elements, show } = parties();
  const assistant = h("span", { class: "quiet clip" });
  const state = h("span", { class: "badge" });
  const recording = recordingBadge();
  const time = h("span", { class: "number" });
  const turns = h("span", { class: "number" });
  const cost = h("span", { class: "number" });
  const words = endedAt === undefined ? liveWords() : undefined;
  const link = h(
    "a",
    { href: `#${endedAt === undefined ? "live" : "calls"}/${encodeURIComponent(call.callSid)}` },
    h("span", { class: "parties" }, elements),
    assistant,
    h("span", { class: "states" }, state, recording.element),
    time,
    turns,
    cost,
    words?.element,
  );
  const startedAt = Date.parse(call.startedAt);
  /** @param {number} now Milliseconds since 1970. */
  const tick = (now) => setText(time, duration((now - startedAt) / 1000));
  /** @param {CallOverview} call */
  const update = (call) => {
    const { text, look } = call.endReason === undefined
      ? stateBadge(call)
      : { text: endReasonText(call.endReason), look: "" };
    show(call);
    setText(assistant, call.assistant);
    setText(state, text);
    state.className = `badge ${look}`;
    recording.show(endedAt === undefined ? call.recording?.state : undefined);
    setText(turns, call.callerTurns === 1 ? t("oneTurn") : t("manyTurns", { count: call.callerTurns }));
    setText(cost, money(call.costUsd));
  };
  update(call);
  tick(endedAt ?? startedAt);
  return { element: h("li", {}, link), update, tick, showActivity: words?.show ?? (() => {}) };
}

/** The levels of both sides, and the last words. */
function liveWords() {
  const caller = levelBar("caller");
  const assistant = levelBar("assistant");
  const speaker = h("b", { class: "small" });
  const text = h("span", { class: "words" });
  return {
    element: h(
      "span",
      { class: "activity" },
      h("span", { class: "levels", "aria-hidden": "true" }, caller.element, assistant.element),
      speaker,
      text,
    ),
    /** @param {CallActivity} activity */
    show(activity) {
      caller.show(activity.caller);
      assistant.show(activity.assistant);
      if (activity.speaker === undefined) return;
      setText(speaker, t(activity.speaker));
      speaker.className = `small ${activity.speaker}`;
      setText(text, activity.text ?? "");
    },
  };
}

/** @param {"caller" | "assistant"} side */
function levelBar(side) {
  const bar = h("i", { class: side });
  return {
    element: h("span", { class: "bar" }, bar),
    /** @param {number} peak From 0 to 255. */
    show: (peak) => bar.style.setProperty("--share", (peak / 255).toFixed(2)),
  };
}
