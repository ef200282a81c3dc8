/** All calls in progress, as they come and go. */

import { get } from "../api.js";
import { ending } from "../calls/call_words.js";
import { h } from "../dom.js";
import { connectionBadge, follow } from "./source.js";
import { welcome } from "./welcome.js";
import { partyOf, stateOf, word } from "./words.js";
import { duration, money } from "../words.js";

/** Ended calls that stay on the page. */
const KEPT = 10;

/** Draws into `place`; returns what ends it. */
export function showList(place) {
  /** By CallSid. */
  const rows = new Map();
  /** What the service's clock is ahead of ours (ms). */
  let ahead = 0;
  let invitation;

  const connection = connectionBadge();
  const title = h("h2", {}, word("inProgress"));
  const count = h("p", { class: "quiet number grow", role: "status" });
  const current = h("ul", { class: "live-calls", "aria-label": word("inProgress") });
  const nothing = h("div", { hidden: true });
  const ended = h("ul", { class: "live-calls ended" });
  const past = h("section", { hidden: true, class: "live-past" }, h("h3", {}, word("endedHere")), ended);
  place.append(h("div", { class: "page-head" }, title, count, connection.element), current, nothing, past);

  const show = (call) => {
    const row = rows.get(call.callSid);
    if (row) return row.update(call);
    const added = drawRow(call);
    rows.set(call.callSid, added);
    current.prepend(added.element);
  };
  const end = (call) => {
    rows.get(call.callSid)?.element.remove();
    rows.delete(call.callSid);
    ended.prepend(drawRow(call, Date.now() + ahead).element);
    while (ended.children.length > KEPT) ended.lastElementChild.remove();
    past.hidden = false;
  };
  const summarise = () => {
    const text = rows.size === 0
      ? word("none")
      : rows.size === 1
      ? word("oneCall")
      : word("manyCalls", { count: rows.size });
    put(count, text);
    nothing.hidden = rows.size > 0;
    if (rows.size === 0) invitation ??= welcome(nothing);
  };
  const tick = () => rows.forEach((row) => row.tick(Date.now() + ahead));

  const unfollow = follow(
    "events",
    {
      calls: ({ now, calls }) => {
        ahead = Date.parse(now) - Date.now();
        const there = new Set(calls.map(({ callSid }) => callSid));
        for (const [callSid, { element }] of rows) {
          if (there.has(callSid)) continue;
          element.remove();
          rows.delete(callSid);
        }
        calls.toSorted((a, b) => a.startedAt < b.startedAt ? -1 : 1).forEach(show);
        tick();
        summarise();
      },
      call: ({ type, call }) => {
        if (type === "ended") end(call);
        else show(call);
        summarise();
      },
    },
    connection.show,
    () => get("calls", { limit: 1 }).then(() => true),
  );
  const timer = setInterval(tick, 1_000);
  return () => {
    clearInterval(timer);
    unfollow();
    invitation?.();
  };
}

/** One call; `endedAt` (ms) for one that is over. Only what changed is written. */
function drawRow(call, endedAt) {
  const from = h("b", {});
  const to = h("span", {});
  const assistant = h("span", { class: "quiet clip" });
  const state = h("span", { class: "badge" });
  const recording = h("span", { class: "badge bad" });
  const time = h("span", { class: "number" });
  const turns = h("span", { class: "number" });
  const cost = h("span", { class: "number" });
  const link = h(
    "a",
    { href: `#${endedAt === undefined ? "live" : "calls"}/${encodeURIComponent(call.callSid)}` },
    h(
      "span",
      { class: "who" },
      from,
      h("span", { class: "visually-hidden" }, ` ${word("called")} `),
      h("span", { class: "quiet", "aria-hidden": "true" }, " → "),
      to,
    ),
    assistant,
    h("span", { class: "states" }, state, recording),
    time,
    turns,
    cost,
  );
  const startedAt = Date.parse(call.startedAt);
  const tick = (now) => put(time, duration((now - startedAt) / 1000));
  const update = (call) => {
    const { text, look } = call.reason === undefined
      ? stateOf(call)
      : { text: ending(call.reason), look: "" };
    put(from, partyOf(call.from));
    put(to, partyOf(call.to));
    put(assistant, call.assistant);
    put(state, text);
    state.className = `badge ${look}`;
    recording.hidden = call.recording === undefined || endedAt !== undefined;
    put(recording, word(call.recording === "paused" ? "paused" : "recording"));
    put(turns, call.turns === 1 ? word("oneTurn") : word("manyTurns", { count: call.turns ?? 0 }));
    put(cost, money(call.costUsd ?? 0));
  };
  update(call);
  tick(endedAt ?? startedAt);
  return { element: h("li", {}, link), update, tick };
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
