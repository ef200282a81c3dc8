/** The transcript of a call in progress, word by word. Only the turn that changed is redrawn. */

import { h } from "../dom.js";
import { tenths } from "../locale.js";
import { t } from "./live_texts.js";

/** @import { Level, Turn } from "../api_types.ts" */

/** Turns kept in the screen reader's log; the full text is in the list. */
const MAX_ANNOUNCED = 5;
/** The list follows new text while it is scrolled to within this of its end (px). */
const FOLLOW_PX = 48;

export function liveTranscript() {
  /** By the id of the turn. @type {Map<string, ReturnType<typeof turnItem>>} */
  const items = new Map();
  const list = h("ol", { class: "live-turns" });
  const empty = h("p", { class: "quiet" }, t("noTurns"));
  const scroll = h(
    "div",
    { class: "transcript", tabindex: "0", role: "region", "aria-label": t("transcript") },
    empty,
    list,
  );
  // Screen readers get each turn when it is complete, not word by word.
  const announcer = h("div", { class: "visually-hidden", role: "log" });
  /** @type {string | undefined} The turn that is being played to the caller. */
  let playing;
  /** Whether the playing and the waiting turns of {@linkcode replace} are known. */
  let placed = true;
  let following = true;
  let scheduled = false;
  scroll.addEventListener("scroll", () => {
    following = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < FOLLOW_PX;
  });

  const scrollToEnd = () => {
    if (scheduled || !following) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      scroll.scrollTop = scroll.scrollHeight;
    });
  };
  /** @param {Turn} turn */
  const put = (turn) => {
    const { id = "" } = turn;
    empty.hidden = true;
    const existing = items.get(id);
    const item = existing ?? turnItem(turn.speaker);
    const previous = turn.previous === undefined ? undefined : items.get(turn.previous)?.element;
    items.set(id, item);
    if (previous && previous.nextElementSibling !== item.element) previous.after(item.element);
    else if (!existing) list.append(item.element);
    item.update(turn);
    scrollToEnd();
  };
  /** @param {Turn} turn */
  const announce = ({ speaker, text = "" }) => {
    if (text === "") return;
    announcer.append(h("p", {}, t("announced", { speaker: t(speaker), text })));
    if (announcer.children.length > MAX_ANNOUNCED) announcer.firstElementChild?.remove();
  };
  /** Shows the turns before `end` as heard; without `end`, all. @param {Element} [end] */
  const showHeardBefore = (end) => {
    for (const { element, showAll } of items.values()) {
      if (!end || element.compareDocumentPosition(end) & Node.DOCUMENT_POSITION_FOLLOWING) showAll();
    }
  };

  return {
    element: h("div", {}, scroll, announcer),
    /** @param {readonly Turn[]} turns Replace the shown ones. */
    replace(turns) {
      items.clear();
      list.replaceChildren();
      empty.hidden = false;
      turns.forEach(put);
      playing = undefined;
      placed = false;
    },
    /** @param {Turn} turn New, or with more text. */
    update(turn) {
      const wasDone = items.get(turn.id ?? "")?.done ?? false;
      put(turn);
      if (turn.done && !wasDone) announce(turn);
    },
    /**
     * Marks the heard part of the assistant's current turn.
     *
     * @param {Level} level
     */
    showPlayback({ item, heardMs = 0, twilioMs, queuedMs }) {
      const current = item === undefined ? undefined : items.get(item);
      if (current && playing !== item) showHeardBefore(current.element);
      // A turn that came after the others may have its text before its audio.
      if (!current && playing !== undefined) items.get(playing)?.showAll();
      if (!current && !placed) showHeardBefore();
      playing = item;
      placed = true;
      const knownMs = heardMs + twilioMs + queuedMs;
      current?.showHeard(knownMs > 0 ? heardMs / knownMs : 0);
    },
    /** The call has ended, so no turn will get more text. */
    end() {
      showHeardBefore();
      items.forEach((item) => item.close());
    },
  };
}

/** @param {Turn["speaker"]} speaker */
function turnItem(speaker) {
  const heard = document.createTextNode("");
  const rest = document.createTextNode("");
  const unheard = document.createTextNode("");
  const interruption = h("span", { class: "interrupted-at badge warn" });
  const struck = h(
    "span",
    { hidden: true },
    " ",
    h("span", { class: "visually-hidden" }, t("notHeard"), " "),
    h("del", {}, unheard),
    " ",
    interruption,
  );
  const element = h(
    "li",
    { class: speaker, hidden: true },
    h("b", { class: "speaker" }, t(speaker)),
    h("p", {}, heard, h("span", { class: "ahead" }, rest), struck),
  );
  let text = "";
  /** Heard share of the text, from 0 to 1. The assistant's text arrives before it is played. */
  let share = speaker === "assistant" ? 0 : 1;
  const write = () => {
    const at = share >= 1 ? text.length : wordEnd(text, share);
    if (heard.data !== text.slice(0, at)) heard.data = text.slice(0, at);
    if (rest.data !== text.slice(at)) rest.data = text.slice(at);
  };
  return {
    element,
    done: false,
    /** @param {Turn} turn */
    update(turn) {
      text = turn.text ?? "";
      this.done = turn.done ?? false;
      // Some turns never get a transcript: a cough, for example. Others get it only when they are complete.
      element.hidden = text === "" && !turn.unheard;
      element.classList.toggle("open", !this.done);
      if (turn.heardMs !== undefined) share = 1;
      if (turn.interrupted) {
        struck.hidden = false;
        unheard.data = turn.unheard ?? "";
        interruption.textContent = turn.heardMs === undefined
          ? t("interrupted")
          : t("interruptedAfter", { seconds: tenths(turn.heardMs) });
      }
      write();
    },
    /** @param {number} heardShare From 0 to 1. */
    showHeard(heardShare) {
      if (!struck.hidden || heardShare === share) return;
      share = heardShare;
      write();
    },
    showAll() {
      share = 1;
      write();
    },
    close() {
      element.hidden ||= text === "" && struck.hidden;
      element.classList.remove("open");
    },
  };
}

/**
 * The end of the word at a share of the text.
 *
 * @param {string} text
 * @param {number} share
 */
function wordEnd(text, share) {
  const end = text.indexOf(" ", Math.floor(text.length * share));
  return end < 0 ? text.length : end;
}
