/** The phone's display, buttons and keypad. */

import { isReadOnly } from "../api_client.js";
import { h } from "../dom.js";
import { duration } from "../locale.js";
import { keypadButtons } from "./keypad_buttons.js";
import { levelMeters } from "./level_meters.js";
import { t } from "./phone_texts.js";

/** @import { Setup } from "../api_types.ts" */
/** @import { HandsetActions, MicrophoneProblem, PhoneState } from "./phone_types.ts" */

/** Maximum number of shown keys. */
const MAX_KEYS = 24;
/** Phases in which keys have an effect. */
const KEY_PHASES = new Set(["saying", "gathering", "talking"]);

/** @param {HandsetActions} actions */
export function handset(actions) {
  const status = h("p", { class: "phone-state", role: "status" }, t("idle"));
  const time = h("p", { class: "phone-time number" }, duration(0));
  const notice = h("div", { role: "alert", class: "phone-notice" });
  const record = h("p", { hidden: true });
  const pressed = h("p", { class: "quiet number pressed-keys" });
  const keypad = keypadButtons(actions.press);
  const meters = levelMeters();
  const assistants = h("select", { id: "phone-assistant" });
  const choice = h(
    "div",
    { class: "field" },
    h("label", { for: assistants.id }, t("assistant")),
    assistants,
  );
  const call = h(
    "button",
    { type: "button", class: "primary phone-button", disabled: true, onclick: actions.call },
    t("call"),
  );
  const hangUp = h(
    "button",
    { type: "button", class: "phone-button hang-up", hidden: true, onclick: actions.hangUp },
    t("hangUp"),
  );
  const skip = h(
    "button",
    { type: "button", hidden: true, onclick: actions.skipMicrophone },
    t("withoutMicrophone"),
  );
  const dial = h(
    "div",
    { class: "row", hidden: true },
    h("button", { type: "button", onclick: () => actions.endDial("completed") }, t("answer")),
    h("button", { type: "button", onclick: () => actions.endDial("no-answer") }, t("noAnswer")),
  );
  const mute = h(
    "button",
    { type: "button", class: "mute", "aria-pressed": "false", disabled: true },
    t("mute"),
  );
  mute.addEventListener("click", () => {
    const muted = mute.ariaPressed !== "true";
    mute.ariaPressed = String(muted);
    actions.mute(muted);
  });
  let keys = "";
  const hideNotice = () => notice.replaceChildren();
  /** @param {MicrophoneProblem | "noToken" | "readOnly" | "setupFailed"} name @param {Record<string, unknown>} [values] */
  const showNotice = (name, values) =>
    notice.replaceChildren(h("p", { class: "notice warn" }, t(name, values)));

  return {
    element: h(
      "section",
      { class: "card handset", "aria-label": t("phone") },
      h("p", { class: "quiet" }, t("lead")),
      notice,
      choice,
      h("div", { class: "phone-display" }, status, time, pressed, dial, record),
      h("div", { class: "row phone-buttons" }, call, hangUp, mute, skip),
      meters.element,
      keypad.element,
      h("p", { class: "small quiet keypad-hint" }, t("keypadHint")),
    ),
    /** The chosen assistant. Undefined: the service chooses. */
    get assistant() {
      return assistants.value || undefined;
    },
    /** @param {Pick<Setup, "assistants" | "signatureRequired" | "signInRequired">} setup */
    showSetup(setup) {
      const chosen = assistants.value;
      assistants.replaceChildren(
        h("option", { value: "" }, t("byRule")),
        ...setup.assistants.map(({ name }) => h("option", { value: name, selected: name === chosen }, name)),
      );
      choice.hidden = setup.assistants.length < 2;
      // The page cannot sign requests as Twilio does. The session cookie replaces the signature.
      call.disabled = setup.signatureRequired && (!setup.signInRequired || isReadOnly());
      if (call.disabled) showNotice(isReadOnly() ? "readOnly" : "noToken");
    },
    showNotice,
    hideNotice,
    /** Listens to the keyboard, until the returned function is called. */
    listen: keypad.listen,
    /** @param {PhoneState} state @param {string} publicUrl */
    showState(state, publicUrl) {
      const { phase } = state;
      const ended = phase === "ended";
      const focused = document.activeElement;
      const hadFocus = focused === call || focused === hangUp || focused === skip;
      status.textContent = t(ended ? state.why : phase, { ...state, publicUrl });
      call.hidden = !ended;
      hangUp.hidden = ended;
      skip.hidden = phase !== "microphone";
      dial.hidden = phase !== "dialling";
      assistants.disabled = !ended;
      mute.disabled = ended;
      keypad.setEnabled(KEY_PHASES.has(phase));
      if (phase === "microphone") {
        record.hidden = true;
        keys = pressed.textContent = "";
        mute.ariaPressed = "false";
      }
      // The focused button may be hidden now.
      if (hadFocus) (ended ? call : hangUp).focus();
    },
    /** @param {string} key */
    showKey(key) {
      keys = (keys + key).slice(-MAX_KEYS);
      pressed.textContent = t("pressed", { keys });
    },
    showLevels: meters.show,
    /**
     * @param {number} ms Since the call was answered.
     * @returns {string} The displayed time.
     */
    showTime(ms) {
      return time.textContent = duration(ms / 1000);
    },
    /** @param {string | undefined} callSid Of the call that ended, if it has a record. */
    end(callSid) {
      meters.reset();
      record.hidden = callSid === undefined;
      if (callSid === undefined) return;
      record.replaceChildren(h("a", { href: `#calls/${encodeURIComponent(callSid)}` }, t("record")));
    },
  };
}
