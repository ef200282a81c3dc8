/** What is seen of a call while one talks: its words, and what Twilio does. */

import { h } from "../dom.js";
import { follow } from "../live/source.js";
import { transcript } from "../live/transcript.js";
import { word } from "./words.js";
import { duration, number } from "../words.js";

/** @returns the element, and what a call tells it. */
export function talk() {
  const said = h("div", {});
  const steps = h("ol", { class: "twilio-steps small" });
  const facts = Object.fromEntries(
    ["buffered", "marks", "clears", "sent"].map((name) => [name, h("dd", {}, "0")]),
  );
  const element = h(
    "div",
    { class: "stack", hidden: true },
    h("section", { class: "card" }, h("h3", {}, word("transcript")), said),
    h(
      "section",
      { class: "card stack" },
      h("h3", {}, word("steps")),
      steps,
      h(
        "dl",
        { class: "facts small" },
        Object.entries(facts).map(([name, value]) => h("div", {}, h("dt", {}, word(name)), value)),
      ),
    ),
  );
  let unfollow = () => {};
  let startedAt = 0;
  return {
    element,
    /** A call begins: nothing is left of the one before. */
    begin() {
      unfollow();
      element.hidden = false;
      startedAt = performance.now();
      steps.replaceChildren();
      said.replaceChildren(h("p", { class: "quiet" }, word("transcriptLater")));
    },
    /** It is known to the service: from now on it tells what is said. */
    follow(callSid) {
      unfollow();
      const words = transcript();
      said.replaceChildren(words.element);
      const missing = () => said.replaceChildren(h("p", { class: "quiet" }, word("noTranscript")));
      let known = false;
      unfollow = follow(
        `calls/${encodeURIComponent(callSid)}/events`,
        {
          call: (state) => {
            known = true;
            words.replace(state.said);
          },
          said: words.say,
          level: ({ item, heardMs, twilioMs, queuedMs }) =>
            words.heard(item, heardMs, heardMs + twilioMs + queuedMs),
          ended: () => unfollow(),
        },
        () => {},
        () => {
          if (!known) missing();
          return Promise.resolve(false);
        },
      );
    },
    /** Twilio does something. */
    note(name, values) {
      const at = duration((performance.now() - startedAt) / 1000);
      steps.append(
        h("li", {}, h("span", { class: "number quiet" }, at), " ", h("span", {}, word(name, values))),
      );
    },
    /** What went over the stream. */
    count({ sent, marks, clears }, bufferedMs) {
      facts.sent.textContent = number(sent);
      facts.marks.textContent = number(marks);
      facts.clears.textContent = number(clears);
      facts.buffered.textContent = word("milliseconds", { ms: number(Math.round(bufferedMs)) });
    },
    end() {
      unfollow();
    },
  };
}
