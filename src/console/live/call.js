/** One call, as it happens. */

import { get } from "../api.js";
import { ending } from "../calls/call_words.js";
import { h } from "../dom.js";
import { controls } from "./controls.js";
import { happenings } from "./happenings.js";
import { playhead } from "./playhead.js";
import { connectionBadge, follow } from "./source.js";
import { transcript } from "./transcript.js";
import { waits } from "./waits.js";
import { waveforms } from "./wave.js";
import { whisper } from "./whisper.js";
import { partyOf, stateOf, word } from "./words.js";
import { duration, money, number } from "../words.js";

/** Draws into `place`; returns what ends it. */
export function showCall(place, callSid) {
  const connection = connectionBadge();
  const head = callHead();
  const waves = waveforms();
  const hands = controls(callSid);
  const said = transcript();
  const audio = playhead();
  const hops = waits();
  const happened = happenings();
  const over = h("div", { role: "status" });
  const telling = whisper(callSid);
  const all = h("div", { class: "stack", hidden: true }, head.element, waves.element, hands.element);
  all.append(
    h(
      "div",
      { class: "call-columns" },
      h("section", { class: "card stack" }, h("h3", {}, word("transcript")), said.element, telling),
      h(
        "div",
        { class: "stack" },
        h("section", { class: "card" }, h("h3", {}, word("playout")), audio.element),
        h("section", { class: "card" }, h("h3", {}, word("waits")), hops.element),
        h("section", { class: "card" }, h("h3", {}, word("events")), happened.element),
      ),
    ),
  );
  place.append(
    h("div", { class: "page-head" }, h("a", { href: "#live" }, `← ${word("all")}`), connection.element),
    over,
    all,
  );

  const show = (call) => {
    head.call(call);
    hands.recording(call.recording);
  };
  const unfollow = follow(
    `calls/${encodeURIComponent(callSid)}/events`,
    {
      call: (state) => {
        all.hidden = false;
        head.ahead(Date.parse(state.now) - Date.now());
        show(state.call);
        head.cost(state);
        said.replace(state.said);
        hops.replace(state.turns);
        happened.replace(state.events);
      },
      said: said.say,
      level: (level) => {
        waves.level(level);
        audio.level(level);
        said.heard(level.item, level.heardMs, level.heardMs + level.twilioMs + level.queuedMs);
      },
      changed: show,
      turn: hops.add,
      event: happened.add,
      cost: head.cost,
      ended: ({ reason }) => finish(word("over", { reason: ending(reason) })),
    },
    connection.show,
    missed,
  );

  /** The service does not show this call: it is over, or there never was one. */
  async function missed() {
    const found = await get(`calls/${encodeURIComponent(callSid)}`).catch((error) => {
      if (error.status === 404) return undefined;
      throw error;
    });
    if (found && found.endedAt === undefined) return true;
    if (found) finish(word("isOver", { callSid }));
    else finish(word("noSuchCall", { callSid }), false);
    return false;
  }
  function finish(text, recorded = true) {
    const record = `#calls/${encodeURIComponent(callSid)}`;
    over.replaceChildren(
      h(
        "div",
        { class: "notice spread over" },
        h("p", {}, text),
        recorded ? h("a", { class: "button", href: record }, word("record")) : undefined,
      ),
    );
    for (const element of [hands.element, telling, audio.element.parentElement]) element.hidden = true;
    said.end();
    head.over();
    end();
  }
  let ended = false;
  function end() {
    if (ended) return;
    ended = true;
    connection.element.hidden = true;
    unfollow();
    hands.end();
    waves.end();
    head.end();
  }
  return end;
}

/** Who speaks with whom, how long, and for how much. */
function callHead() {
  const from = h("span", {});
  const to = h("span", {});
  const assistant = h("span", { class: "badge" });
  const state = h("span", { class: "badge" });
  const recording = h("span", { class: "badge bad", hidden: true });
  const values = { time: h("dd", {}), turns: h("dd", {}), cost: h("dd", {}), tokens: h("dd", {}) };
  let startedAt;
  let ahead = 0;
  const tick = () => {
    if (startedAt !== undefined) values.time.textContent = duration((Date.now() + ahead - startedAt) / 1000);
  };
  const timer = setInterval(tick, 1_000);
  return {
    element: h(
      "div",
      { class: "call-head" },
      h(
        "div",
        { class: "stack" },
        h(
          "h2",
          {},
          from,
          h("span", { class: "visually-hidden" }, ` ${word("called")} `),
          h("span", { class: "quiet", "aria-hidden": "true" }, " → "),
          to,
        ),
        h("div", { class: "row" }, state, recording, assistant),
      ),
      h(
        "dl",
        { class: "figures" },
        Object.entries(values).map(([name, value]) => h("div", {}, h("dt", {}, word(name)), value)),
      ),
    ),
    ahead(ms) {
      ahead = ms;
    },
    call(call) {
      const { text, look } = stateOf(call);
      from.textContent = partyOf(call.from);
      to.textContent = partyOf(call.to);
      assistant.textContent = call.assistant;
      state.textContent = text;
      state.className = `badge ${look}`;
      recording.hidden = call.recording === undefined;
      recording.textContent = word(call.recording === "paused" ? "paused" : "recording");
      recording.classList.toggle("bad", call.recording === "on");
      values.turns.textContent = number(call.turns);
      startedAt = Date.parse(call.startedAt);
      tick();
    },
    cost({ costUsd, inputTokens, outputTokens }) {
      values.cost.textContent = money(costUsd);
      values.tokens.textContent = `${number(inputTokens)} / ${number(outputTokens)}`;
    },
    over() {
      state.hidden = true;
      recording.hidden = true;
    },
    end: () => clearInterval(timer),
  };
}
