/** A form that sends the assistant an instruction the caller does not hear. */

import { messageOf, post } from "../api_client.js";
import { h } from "../dom.js";
import { t } from "./live_texts.js";

/** @param {string} callSid */
export function whisperForm(callSid) {
  const input = h("input", {
    id: "whisper",
    type: "text",
    required: true,
    maxlength: "2000",
    autocomplete: "off",
    placeholder: t("whisperExample"),
    "aria-describedby": "whisper-hint",
  });
  const button = h("button", {}, t("send"));
  const status = h("p", { class: "quiet small", role: "status" });
  const problem = h("p", { class: "notice bad small", role: "alert", hidden: true });
  /** @param {SubmitEvent} event */
  const send = async (event) => {
    event.preventDefault();
    problem.hidden = true;
    button.disabled = true;
    try {
      await post(`calls/${encodeURIComponent(callSid)}/whisper`, { text: input.value });
      status.textContent = t("whisperSent", { text: input.value });
      input.value = "";
    } catch (error) {
      problem.textContent = t("whisperFailed", { why: messageOf(error) });
      problem.hidden = false;
    } finally {
      button.disabled = false;
    }
  };
  return h(
    "form",
    { class: "whisper field", onsubmit: send },
    h("label", { for: input.id }, t("whisper")),
    h("div", { class: "row" }, h("div", { class: "grow" }, input), button),
    h("p", { class: "hint", id: "whisper-hint" }, t("whisperHint")),
    status,
    problem,
  );
}
