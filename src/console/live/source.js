/** Keeps to a stream of server-sent events, however often it breaks. */

import { events } from "../api.js";
import { h } from "../dom.js";
import { word } from "./words.js";

/** How long to wait (ms) where the browser does not ask again by itself. */
const RETRY_MS = 5_000;

/**
 * While nobody can see the page it asks for nothing: browsers open six connections to a place and no more, and a seventh
 * tab would not even load.
 *
 * @param handlers What to do with each kind of event.
 * @param told Told how the connection is: `open` or `lost`.
 * @param refused Asked, when the service says no, whether to ask again all the same.
 * @returns what ends it.
 */
export function follow(path, handlers, told, refused) {
  let source;
  let timer;
  let over = false;
  const open = () => {
    source?.close();
    clearTimeout(timer);
    if (over || document.hidden) return;
    source = events(path);
    source.onopen = () => told("open");
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, ({ data }) => handle(JSON.parse(data)));
    }
    source.onerror = async ({ target }) => {
      told("lost");
      // The browser asks again after a break, but not after an answer that was no stream.
      if (target.readyState !== EventSource.CLOSED) return;
      const again = await refused().catch(() => true);
      if (again && target === source) timer = setTimeout(open, RETRY_MS);
    };
  };
  document.addEventListener("visibilitychange", open);
  open();
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", open);
    open();
  };
}

/** Shows how a connection is. */
export function connectionBadge() {
  const dot = h("span", { class: "dot", "aria-hidden": "true" });
  const text = h("span", {}, word("connecting"));
  const element = h("p", { class: "connection row small quiet", role: "status" }, dot, text);
  const LOOKS = { open: "good", lost: "bad" };
  return {
    element,
    show(state) {
      dot.className = `dot ${LOOKS[state]}`;
      element.classList.toggle("alarm", state === "lost");
      text.textContent = word(state);
    },
  };
}
