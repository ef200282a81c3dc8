/** Shows the calls in progress as the server tells of them. Words of callers become text and nothing else. */

const STATES = { announced: "connecting", connected: "talking", ending: "ending" };
/** How long to wait (ms) where the browser does not ask again by itself. */
const RETRY_MS = 5_000;
/** Ended calls that stay on the page. */
const KEPT = 10;

const element = (id) => document.getElementById(id);
/** Rows by CallSid. */
const rows = new Map();
/** What the server's clock is ahead of ours (ms). */
let ahead = 0;

function showConnection(state, words) {
  element("connection").className = state;
  element("connection").textContent = words;
}

function duration(startedAt) {
  const seconds = Math.max(0, Math.floor((Date.now() + ahead - Date.parse(startedAt)) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function show(call) {
  const row = rows.get(call.callSid)?.row ?? element("call").content.cloneNode(true).firstElementChild;
  row.className = call.state;
  row.querySelector(".from").textContent = call.from || "unknown";
  row.querySelector(".to").textContent = call.to || "unknown";
  row.querySelector(".state").textContent = STATES[call.state] ?? call.state;
  row.querySelector(".duration").textContent = duration(call.startedAt);
  if (!rows.has(call.callSid)) element("live").prepend(row);
  rows.set(call.callSid, { row, startedAt: call.startedAt });
}

function remove(callSid) {
  rows.get(callSid)?.row.remove();
  rows.delete(callSid);
}

function end(call) {
  show(call);
  const { row } = rows.get(call.callSid);
  rows.delete(call.callSid);
  row.className = "ended";
  row.querySelector(".state").textContent = call.reason ?? "ended";
  element("ended").prepend(row);
  while (element("ended").children.length > KEPT) element("ended").lastElementChild.remove();
  element("past").hidden = false;
}

function count() {
  element("nothing").hidden = rows.size > 0;
  element("count").textContent = rows.size === 0
    ? "No call at the moment."
    : rows.size === 1
    ? "One call."
    : `${rows.size} calls.`;
}

function connect() {
  const events = new EventSource("../api/events");
  events.onopen = () => showConnection("open", "Live");
  events.addEventListener("calls", ({ data }) => {
    const { now, calls } = JSON.parse(data);
    ahead = Date.parse(now) - Date.now();
    const current = new Set(calls.map(({ callSid }) => callSid));
    for (const callSid of [...rows.keys()]) if (!current.has(callSid)) remove(callSid);
    calls.forEach(show);
    count();
  });
  events.addEventListener("call", ({ data }) => {
    const { type, call } = JSON.parse(data);
    if (type === "ended") end(call);
    else show(call);
    count();
  });
  events.onerror = () => {
    showConnection("lost", "Connection lost, trying again");
    // The browser tries again after a break, but not after an answer that was no stream.
    if (events.readyState === EventSource.CLOSED) setTimeout(askAgain, RETRY_MS);
  };
}

async function askAgain() {
  const response = await fetch("../api/calls").catch(() => undefined);
  // Signed out: the server shows the page to sign in instead of this one.
  if (response?.status === 401) location.reload();
  else connect();
}

for (const place of document.querySelectorAll(".address")) {
  place.textContent = new URL("..", location.href).href.replace(/\/$/, "");
}
setInterval(() => {
  for (const { row, startedAt } of rows.values()) {
    row.querySelector(".duration").textContent = duration(startedAt);
  }
}, 1_000);
connect();
