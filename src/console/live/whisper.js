/** Tells the assistant something the caller does not hear. */

import { post } from "../api.js";
import { h } from "../dom.js";
import { word } from "./words.js";

export function whisper(callSid) {
  const text = h("input", {
    id: "whisper",
    type: "text",
    required: true,
    maxlength: "2000",
    autocomplete: "off",
    placeholder: word("whisperExample"),
    "aria-describedby": "whisper-hint",
  });
  const button = h("button", {}, word("tell"));
  const news = h("p", { class: "quiet small", role: "status" });
  const problem = h("p", { class: "notice bad small", role: "alert", hidden: true });
  const tell = async (event) => {
    event.preventDefault();
    problem.hidden = true;
    button.disabled = true;
    try {
      await post(`calls/${encodeURIComponent(callSid)}/whisper`, { text: text.value });
      news.textContent = word("told", { text: text.value });
      text.value = "";
    } catch ({ message }) {
      problem.textContent = word("notTold", { why: message });
      problem.hidden = false;
    } finally {
      button.disabled = false;
    }
  };
  return h(
    "form",
    { class: "whisper field", onsubmit: tell },
    h("label", { for: text.id }, word("whisper")),
    h("div", { class: "row" }, h("div", { class: "grow" }, text), button),
    h("p", { class: "hint", id: "whisper-hint" }, word("whisperHint")),
    news,
    problem,
  );
}
