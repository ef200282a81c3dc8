/** The transcript of a phone call in progress, and Twilio's steps. */

import { h, pair } from "../dom.js";
import { subscribe } from "../live/live_events.js";
import { liveTranscript } from "../live/live_transcript.js";
import { duration, number } from "../locale.js";
import { t } from "./phone_texts.js";

/** @import { EventHandlers, LiveCallEvents } from "../api_types.ts" */
/** @import { StreamWire } from "../../simulator/twilio/stream_wire.js" */
/** @import { StepName } from "./phone_types.ts" */

export function callActivity() {
  const transcriptPlace = h("div");
  const steps = h("ol", { class: "twilio-steps small" });
  const buffered = h("dd", {}, "0"),
    marks = h("dd", {}, "0"),
    clears = h("dd", {}, "0"),
    frames = h("dd", {}, "0");
  const element = h(
    "div",
    { class: "stack", hidden: true },
    h("section", { class: "card" }, h("h3", {}, t("transcript")), transcriptPlace),
    h(
      "section",
      { class: "card stack" },
      h("h3", {}, t("steps")),
      steps,
      h(
        "dl",
        { class: "facts small" },
        pair(t("buffered"), buffered),
        pair(t("marks"), marks),
        pair(t("clears"), clears),
        pair(t("frames"), frames),
      ),
    ),
  );
  let unsubscribe = () => {};
  let startedAt = 0;
  return {
    element,
    /** Clears the previous call. */
    begin() {
      unsubscribe();
      element.hidden = false;
      startedAt = performance.now();
      steps.replaceChildren();
      transcriptPlace.replaceChildren(h("p", { class: "quiet" }, t("transcriptHint")));
    },
    /**
     * Shows the live transcript.
     *
     * @param {string} callSid
     */
    follow(callSid) {
      unsubscribe();
      const transcript = liveTranscript();
      transcriptPlace.replaceChildren(transcript.element);
      let isRecorded = false;
      /** @type {EventHandlers<LiveCallEvents>} */
      const handlers = {
        call({ turns }) {
          isRecorded = true;
          transcript.replace(turns);
        },
        turn: transcript.update,
        level: transcript.showPlayback,
        ended: () => unsubscribe(),
      };
      const refused = () => {
        if (!isRecorded) transcriptPlace.replaceChildren(h("p", { class: "quiet" }, t("noTranscript")));
        return Promise.resolve(false);
      };
      unsubscribe = subscribe(`calls/${encodeURIComponent(callSid)}/events`, handlers, () => {}, refused);
    },
    /**
     * Lists a step of Twilio.
     *
     * @param {StepName} name
     * @param {Record<string, unknown>} values
     */
    addStep(name, values) {
      const at = duration((performance.now() - startedAt) / 1000);
      steps.append(
        h("li", {}, h("span", { class: "number quiet" }, at), " ", h("span", {}, t(name, values))),
      );
    },
    /** @param {StreamWire["counts"]} counts @param {number} bufferedMs */
    showCounts({ framesSent, marksReturned, clears: cleared }, bufferedMs) {
      frames.textContent = number(framesSent);
      marks.textContent = number(marksReturned);
      clears.textContent = number(cleared);
      buffered.textContent = t("milliseconds", { ms: number(Math.round(bufferedMs)) });
    },
    end() {
      unsubscribe();
      // Twilio discards the buffer when a call ends.
      buffered.textContent = t("milliseconds", { ms: number(0) });
    },
  };
}
