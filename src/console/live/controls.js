/** What one can do in a call: listen, put it through to a phone, pause its recording, end it. */

import { post } from "../api.js";
import { h } from "../dom.js";
import { hangUpDialog, takeOverDialog } from "./dialogs.js";
import { listenIn } from "./listen.js";
import { word } from "./words.js";

/** @returns the element, `recording` to tell it how that is, and `end`. */
export function controls(callSid) {
  const path = `calls/${encodeURIComponent(callSid)}`;
  const problem = h("p", { class: "notice bad", role: "alert", hidden: true });
  const news = h("p", { class: "quiet small", role: "status" });
  /** Does something, and says here what went wrong. */
  const attempt = async (button, failed, act) => {
    problem.hidden = true;
    news.textContent = "";
    button.disabled = true;
    try {
      await act();
    } catch ({ message }) {
      problem.textContent = word(failed, { why: message });
      problem.hidden = false;
    } finally {
      button.disabled = false;
    }
  };

  let ended = false;
  let stopListening;
  const listen = h("button", { type: "button", "aria-pressed": "false" }, word("listen"));
  const silent = () => {
    stopListening = undefined;
    listen.ariaPressed = "false";
  };
  listen.addEventListener("click", () => {
    if (stopListening) return stopListening();
    attempt(listen, "listenFailed", async () => {
      stopListening = await listenIn(callSid, silent);
      // Whoever has left meanwhile does not want to hear it.
      if (ended) return stopListening();
      listen.ariaPressed = "true";
    });
  });

  let recordingState;
  const record = h("button", { type: "button", hidden: true });
  const recording = (state) => {
    recordingState = state;
    record.hidden = state === undefined;
    record.textContent = word(state === "paused" ? "resumeRecording" : "pauseRecording");
  };
  record.addEventListener("click", () =>
    attempt(record, "notRecording", async () => {
      const state = recordingState === "paused" ? "on" : "paused";
      await post(`${path}/recording`, { state });
      recording(state);
    }));

  const takeOver = h("button", { type: "button" }, word("takeOver"));
  const phones = takeOverDialog((to) =>
    attempt(takeOver, "notTransferred", async () => {
      await post(`${path}/transfer`, { to });
      news.textContent = word("puttingThrough", { to });
    })
  );
  takeOver.addEventListener("click", phones.open);

  const hangUp = h("button", { type: "button", class: "danger" }, word("hangUp"));
  const sure = hangUpDialog(() => attempt(hangUp, "notHungUp", () => post(`${path}/hangup`, {})));
  hangUp.addEventListener("click", sure.open);

  const element = h(
    "div",
    { class: "controls stack" },
    h("div", { class: "row" }, listen, takeOver, record, hangUp),
    news,
    problem,
    phones.element,
    sure.element,
  );
  return {
    element,
    recording,
    end() {
      ended = true;
      stopListening?.();
      phones.close();
      sure.close();
    },
  };
}
