/** What is said in a call, word by word. Only the item that changed is written. */

import { h } from "../dom.js";
import { word } from "./words.js";
import { number } from "../words.js";

/** Sentences kept for screen readers; the whole text is in the transcript. */
const ANNOUNCED = 5;
/** So near its end (px) the transcript follows what is said. */
const NEAR_PX = 48;
const TENTHS = { minimumFractionDigits: 1, maximumFractionDigits: 1 };

/** @returns the element, and what changes it. */
export function transcript() {
  const items = new Map();
  const list = h("ol", { class: "said" });
  const nothing = h("p", { class: "quiet" }, word("nothingSaid"));
  const scroll = h(
    "div",
    { class: "transcript", tabindex: "0", role: "region", "aria-label": word("transcript") },
    nothing,
    list,
  );
  // Word by word nobody could listen to it: whole sentences are announced, when they are complete.
  const announcer = h("div", { class: "visually-hidden", role: "log" });
  /** What the caller hears now, which is not yet known to be heard whole. */
  let playing;
  let following = true;
  let waiting = false;
  scroll.addEventListener("scroll", () => {
    following = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_PX;
  });

  const follow = () => {
    if (waiting || !following) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      scroll.scrollTop = scroll.scrollHeight;
    });
  };
  const put = (said) => {
    nothing.hidden = true;
    const item = items.get(said.id) ?? drawItem(said.who);
    const before = items.get(said.previous)?.element;
    if (!items.has(said.id)) {
      items.set(said.id, item);
      if (before) before.after(item.element);
      else list.append(item.element);
    } else if (before && before.nextElementSibling !== item.element) before.after(item.element);
    item.say(said);
    follow();
    return item;
  };
  const announce = ({ who, text }) => {
    if (text === "") return;
    announcer.append(h("p", {}, word("announced", { who: word(who), text })));
    if (announcer.children.length > ANNOUNCED) announcer.firstElementChild.remove();
  };

  return {
    element: h("div", {}, scroll, announcer),
    /** Shows this and nothing else. */
    replace(all) {
      items.clear();
      list.replaceChildren();
      nothing.hidden = false;
      all.forEach(put);
    },
    say(said) {
      const wasDone = items.get(said.id)?.done ?? false;
      put(said);
      if (said.done && !wasDone) announce(said);
    },
    /** So much of an answer was heard, of so much as there is by now (ms). */
    heard(id, heardMs, knownMs) {
      if (playing !== id) items.get(playing)?.stop();
      playing = id;
      items.get(id)?.play(knownMs > 0 ? heardMs / knownMs : 0);
    },
    /** Nothing more is said. */
    end() {
      items.get(playing)?.stop();
      items.forEach((item) => item.close());
    },
  };
}

function drawItem(who) {
  const heard = document.createTextNode("");
  const rest = document.createTextNode("");
  const unheard = document.createTextNode("");
  const ahead = h("span", { class: "ahead" }, rest);
  const cut = h("span", { class: "cut-at badge warn" });
  const struck = h(
    "span",
    { hidden: true },
    " ",
    h("span", { class: "visually-hidden" }, word("notHeard"), " "),
    h("del", {}, unheard),
    " ",
    cut,
  );
  const words = h("p", {}, heard, ahead, struck);
  const element = h("li", { class: who, hidden: true }, h("b", { class: "voice" }, word(who)), words);
  let text = "";
  /** How much of the text was heard; an answer is known before it is. */
  let part = who === "assistant" ? 0 : 1;
  const write = () => {
    const at = part >= 1 ? text.length : wordEnd(text, part);
    if (heard.data !== text.slice(0, at)) heard.data = text.slice(0, at);
    if (rest.data !== text.slice(at)) rest.data = text.slice(at);
  };
  return {
    element,
    done: false,
    say(said) {
      text = said.text;
      this.done = said.done;
      // Some never get words, as a cough does not.
      element.hidden = text === "" && said.done && !said.unheard;
      element.classList.toggle("open", !said.done);
      if (said.heardMs !== undefined) part = 1;
      if (said.cut) {
        struck.hidden = false;
        unheard.data = said.unheard ?? "";
        cut.textContent = said.heardMs === undefined
          ? word("cut")
          : word("cutAfter", { seconds: number(said.heardMs / 1000, TENTHS) });
      }
      write();
    },
    play(now) {
      if (!struck.hidden || now === part) return;
      part = now;
      write();
    },
    stop() {
      part = 1;
      write();
    },
    close() {
      element.hidden ||= text === "" && struck.hidden;
      element.classList.remove("open");
    },
  };
}

/** The end of the word up to which so much of a text goes. */
function wordEnd(text, part) {
  const end = text.indexOf(" ", Math.floor(text.length * part));
  return end < 0 ? text.length : end;
}
