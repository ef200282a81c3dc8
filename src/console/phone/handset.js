/** The telephone itself: what it says, and what one can press. */

import { h } from "../dom.js";
import { keypad } from "./keypad.js";
import { meters } from "./meters.js";
import { word } from "./words.js";
import { duration } from "../words.js";

/** Most keys that are shown of those that were pressed. */
const SHOWN_KEYS = 24;
/** Phases in which keys are of use. */
const WITH_KEYS = new Set(["saying", "gathering", "talking"]);

/**
 * @param hands What is done: `call()`, `hangUp()`, `skip()` the microphone, `press(key)`, `mute(muted)`,
 *   `dialled(status)`.
 * @returns the element, and what a call tells it.
 */
export function handset(hands) {
  const state = h("p", { class: "phone-state", role: "status" }, word("idle"));
  const time = h("p", { class: "phone-time number" }, duration(0));
  const notice = h("div", { role: "alert", class: "phone-notice" });
  const record = h("p", { hidden: true });
  const pressed = h("p", { class: "quiet number pressed-keys" });
  const pad = keypad(hands.press);
  const levels = meters();
  const who = h("select", { id: "who-answers" });
  const choice = h("div", { class: "field" }, h("label", { for: "who-answers" }, word("assistant")), who);
  const button = (name, looks, onclick) =>
    h("button", { type: "button", class: looks, hidden: true, onclick }, word(name));
  const call = button("call", "primary phone-button", hands.call);
  const hangUp = button("hangUp", "phone-button hang-up", hands.hangUp);
  const skip = button("withoutMicrophone", "", hands.skip);
  const dial = h(
    "div",
    { class: "row", hidden: true },
    h("button", { type: "button", onclick: () => hands.dialled("completed") }, word("answer")),
    h("button", { type: "button", onclick: () => hands.dialled("no-answer") }, word("noAnswer")),
  );
  const mute = h(
    "button",
    { type: "button", class: "mute", "aria-pressed": "false", disabled: true },
    word("mute"),
  );
  mute.addEventListener("click", () => {
    const muted = mute.getAttribute("aria-pressed") !== "true";
    mute.setAttribute("aria-pressed", muted);
    hands.mute(muted);
  });
  let keys = "";
  call.hidden = false;
  call.disabled = true;

  return {
    element: h(
      "section",
      { class: "card handset", "aria-label": word("phone") },
      h("p", { class: "quiet" }, word("lead")),
      notice,
      choice,
      h("div", { class: "phone-display" }, state, time, pressed, dial, record),
      h("div", { class: "row phone-buttons" }, call, hangUp, mute, skip),
      levels.element,
      pad.element,
      h("p", { class: "small quiet keypad-hint" }, word("keypadHint")),
    ),
    /** The assistant chosen; undefined: whoever would answer a caller. */
    get assistant() {
      return who.value || undefined;
    },
    /** What this service is. */
    setUp({ assistants, signed, signedIn }) {
      const chosen = who.value;
      who.replaceChildren(
        h("option", { value: "" }, word("byRule")),
        ...assistants.map(({ name }) => h("option", { value: name, selected: name === chosen }, name)),
      );
      choice.hidden = assistants.length < 2;
      // Without a token there is nothing this page could show in place of Twilio's signature.
      call.disabled = signed && !signedIn;
      if (call.disabled) this.tell("noToken");
    },
    /** Says what is wrong, or nothing any more. */
    tell(name, values) {
      notice.replaceChildren(...(name ? [h("p", { class: "notice warn" }, word(name, values))] : []));
    },
    /** Lets the keyboard press keys, until what is returned is called. */
    listen: pad.listen,
    state({ phase, why, ...values }) {
      const over = phase === "ended";
      const name = over ? why : phase;
      const hadFocus = [call, hangUp, skip].includes(document.activeElement);
      state.textContent = word(name, values);
      call.hidden = !over;
      hangUp.hidden = over;
      skip.hidden = phase !== "microphone";
      dial.hidden = phase !== "dialling";
      who.disabled = !over;
      mute.disabled = over;
      pad.enable(WITH_KEYS.has(phase));
      if (phase === "microphone") {
        record.hidden = true;
        keys = pressed.textContent = "";
        mute.setAttribute("aria-pressed", "false");
      }
      // The button that was pressed is gone.
      if (hadFocus) (over ? call : hangUp).focus();
    },
    pressed(key) {
      keys = (keys + key).slice(-SHOWN_KEYS);
      pressed.textContent = word("pressed", { keys });
    },
    heard: levels.show,
    /** Writes how long they talk (ms), and gives the text. */
    tick(ms) {
      return time.textContent = duration(ms / 1000);
    },
    /** The call is over; its record can be seen where it has one. */
    over(callSid) {
      levels.rest();
      record.hidden = callSid === undefined;
      record.replaceChildren(h("a", { href: `#calls/${encodeURIComponent(callSid)}` }, word("record")));
    },
  };
}
