/** Parts of the Live view that show the parties and the state of a call, and the state of the connection. */

import { h, setText } from "../dom.js";
import { states, t } from "./live_texts.js";

/** @import { CallRecord } from "../api_types.ts" */
/** @import { ConnectionState } from "./live_events.js" */

/** Badge classes. */
const STATE_LOOKS = {
  announced: "info",
  connected: "",
  reconnecting: "warn",
  transferring: "warn",
  ending: "",
};

/**
 * The text and badge class of a call's state; an unknown state is shown unchanged.
 *
 * @param {{ readonly state: string }} call
 */
export function stateBadge({ state }) {
  return states.has(state) ? { text: states(state), look: STATE_LOOKS[state] } : { text: state, look: "" };
}

/** A badge of the state of a recording. */
export function recordingBadge() {
  const dot = h("span", { class: "dot", "aria-hidden": "true" });
  const label = h("span");
  const element = h("span", { class: "badge recording", hidden: true }, dot, label);
  return {
    element,
    /** @param {NonNullable<CallRecord["recording"]>["state"] | undefined} state Undefined hides it. */
    show(state) {
      element.hidden = state === undefined;
      element.classList.toggle("on", state === "on");
      setText(label, t(state === "paused" ? "paused" : "recording"));
    },
  };
}

/** Shows the state of a connection. */
export function connectionBadge() {
  const dot = h("span", { class: "dot", "aria-hidden": "true" });
  const label = h("span", {}, t("connecting"));
  const element = h("p", { class: "connection row small quiet", role: "status" }, dot, label);
  return {
    element,
    /** @param {ConnectionState} state */
    show(state) {
      dot.className = `dot ${state === "open" ? "good" : "bad"}`;
      element.classList.toggle("alarm", state === "lost");
      label.textContent = t(state);
    },
  };
}

/** Who calls whom. */
export function parties() {
  const from = h("span");
  const to = h("span");
  const called = h("span", { class: "visually-hidden" }, ` ${t("called")} `);
  const arrow = h("span", { class: "quiet", "aria-hidden": "true" }, " → ");
  return {
    elements: [from, called, arrow, to],
    /** @param {Pick<CallRecord, "from" | "to">} call */
    show(call) {
      setText(from, partyText(call.from));
      setText(to, partyText(call.to));
    },
  };
}

/**
 * A party of a call in words.
 *
 * @param {string} party As Twilio sends it.
 */
function partyText(party) {
  if (party === "") return t("unknown");
  if (party === "anonymous") return t("anonymous");
  return party === "client:console" ? t("browserPhone") : party;
}
