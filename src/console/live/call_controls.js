/**
 * The buttons of a call in progress: listen, take over, pause the recording, hang up. A viewer may only
 * listen.
 */

import { isReadOnly, messageOf, post } from "../api_client.js";
import { h } from "../dom.js";
import { hangUpDialog, takeOverDialog } from "./call_dialogs.js";
import { listenIn } from "./listen_in.js";
import { t } from "./live_texts.js";

/** @typedef {NonNullable<import("../api_types.ts").CallRecord["recording"]>["state"]} RecordingState */

/** @param {string} callSid */
export function callControls(callSid) {
  const path = `calls/${encodeURIComponent(callSid)}`;
  const problem = h("p", { class: "notice bad", role: "alert", hidden: true });
  const status = h("p", { class: "quiet small", role: "status" });
  /**
   * Runs an action with its button disabled, and shows an error.
   *
   * @param {HTMLButtonElement} button
   * @param {"listenFailed" | "recordingFailed" | "transferFailed" | "hangUpFailed"} failedText
   * @param {() => Promise<void>} action
   */
  const attempt = async (button, failedText, action) => {
    problem.hidden = true;
    status.textContent = "";
    button.disabled = true;
    try {
      await action();
    } catch (error) {
      problem.textContent = t(failedText, { why: messageOf(error) });
      problem.hidden = false;
    } finally {
      button.disabled = false;
    }
  };

  let ended = false;
  /** @type {(() => void) | undefined} */
  let stopListening;
  const listen = h("button", { type: "button", "aria-pressed": "false" }, t("listen"));
  const onListenEnd = () => {
    stopListening = undefined;
    listen.ariaPressed = "false";
  };
  listen.addEventListener("click", () => {
    if (stopListening) return stopListening();
    attempt(listen, "listenFailed", async () => {
      stopListening = await listenIn(callSid, onListenEnd);
      // The view may have ended while the audio was loading.
      if (ended) return stopListening();
      listen.ariaPressed = "true";
    });
  });

  /** @type {RecordingState | undefined} */
  let recordingState;
  const record = h("button", { type: "button", hidden: true });
  /** @param {RecordingState | undefined} state */
  const showRecording = (state) => {
    recordingState = state;
    record.hidden = state === undefined;
    record.textContent = t(state === "paused" ? "resumeRecording" : "pauseRecording");
  };
  record.addEventListener("click", () =>
    attempt(record, "recordingFailed", async () => {
      const state = recordingState === "paused" ? "on" : "paused";
      await post(`${path}/recording`, { state });
      showRecording(state);
    }));

  const takeOver = h("button", { type: "button" }, t("takeOver"));
  const destinations = takeOverDialog((to) =>
    attempt(takeOver, "transferFailed", async () => {
      await post(`${path}/transfer`, { to });
      status.textContent = t("transferring", { to });
    })
  );
  takeOver.addEventListener("click", destinations.open);

  const hangUp = h("button", { type: "button", class: "danger" }, t("hangUp"));
  const confirmation = hangUpDialog(() => attempt(hangUp, "hangUpFailed", () => post(`${path}/hangup`, {})));
  hangUp.addEventListener("click", confirmation.open);

  const [actions, dialogs] = isReadOnly()
    ? [[], []]
    : [[takeOver, record, hangUp], [destinations.element, confirmation.element]];
  return {
    element: h(
      "div",
      { class: "controls stack" },
      h("div", { class: "row" }, listen, actions),
      status,
      problem,
      dialogs,
    ),
    showRecording,
    end() {
      ended = true;
      stopListening?.();
      destinations.close();
      confirmation.close();
    },
  };
}
