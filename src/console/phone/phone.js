/** The view Phone: calls this service by microphone, over the wires a telephone's call would take. */

import { get } from "../api.js";
import { checklist } from "../checklist.js";
import { h } from "../dom.js";
import { callBar } from "./bar.js";
import { PhoneCall } from "./call.js";
import { handset } from "./handset.js";
import { Sound } from "./sound.js";
import { talk } from "./talk.js";
import { word } from "./words.js";

/** How often the time and the counts are written (ms). */
const TICK_MS = 250;
/** The number that is called where none is configured. */
const NO_NUMBER = "client:parley";

/** The phone is one, and a call goes on while another view is shown. */
let phone;

/** Draws into `place`; returns what ends it. */
export function show(place) {
  phone ??= new Phone();
  return phone.show(place);
}

class Phone {
  #handset = handset({
    call: () => this.#call(),
    hangUp: () => this.#hangUp(),
    skip: () => this.#ready?.(),
    press: (key) => this.#press(key),
    mute: (muted) => this.#sound?.mute(muted),
    dialled: (status) => this.#current?.dialled(status),
  });
  #talk = talk();
  #bar = callBar(() => this.#hangUp());
  #steps = h("section", { class: "card" });
  #element = h(
    "div",
    {},
    h("div", { class: "page-head" }, h("h2", {}, word("phone"))),
    h(
      "div",
      { class: "phone-columns" },
      this.#handset.element,
      h("div", { class: "stack" }, this.#talk.element, this.#steps),
    ),
  );
  #setup;
  #current;
  #sound;
  /** Lets the call begin without the microphone. */
  #ready;
  #bufferedMs = 0;
  #following = false;

  constructor() {
    // Who leaves the page hangs up.
    addEventListener("pagehide", () => this.#hangUp());
  }

  show(place) {
    place.append(this.#element);
    this.#bar.show(false);
    const unlisten = this.#handset.listen();
    const endChecklist = checklist(this.#steps);
    this.#load();
    return () => {
      unlisten();
      endChecklist();
      this.#bar.show(this.#current !== undefined);
    };
  }

  async #load() {
    try {
      this.#setup = await get("setup");
      this.#handset.setUp(this.#setup);
    } catch (error) {
      this.#handset.tell("notSetUp", { why: error.message });
    }
  }

  async #call() {
    if (this.#current || !this.#setup) return;
    this.#handset.tell();
    try {
      this.#sound = new Sound();
    } catch (error) {
      return this.#handset.tell(error.name);
    }
    const sound = this.#sound;
    const skipped = new Promise((resolve) => this.#ready = resolve);
    const listening = sound.listen().catch((error) => this.#handset.tell(error.name));
    const call = new PhoneCall({
      // The page is in the folder of the console.
      base: new URL("../..", import.meta.url).href.replace(/\/$/, ""),
      publicUrl: this.#setup.publicUrl,
      to: this.#setup.phoneNumber ?? NO_NUMBER,
      assistant: this.#handset.assistant,
      sound,
      ready: Promise.race([listening, skipped]),
      changed: () => this.#changed(),
      heard: (levels) => {
        this.#bufferedMs = levels.bufferedMs;
        this.#handset.heard(levels);
      },
      noted: this.#talk.note,
    });
    this.#current = call;
    this.#following = false;
    this.#talk.begin();
    this.#changed();
    const ticking = setInterval(() => this.#tick(), TICK_MS);
    await call.run();
    clearInterval(ticking);
    this.#tick();
    this.#current = this.#sound = undefined;
    this.#talk.end();
    this.#bar.show(false);
    this.#handset.over(call.connected ? call.callSid : undefined);
  }

  #hangUp() {
    this.#current?.hangUp();
  }

  #press(key) {
    this.#handset.pressed(key);
    this.#current?.press(key);
  }

  #changed() {
    const { state, callSid } = this.#current;
    this.#handset.state({ ...state, publicUrl: this.#setup.publicUrl });
    if (state.phase !== "talking" || this.#following) return;
    // From its stream on, the service tells of the call.
    this.#following = true;
    this.#talk.follow(callSid);
  }

  #tick() {
    const { stream, talkedMs } = this.#current;
    this.#bar.tick(this.#handset.tick(talkedMs));
    if (stream) this.#talk.count(stream.counts, this.#bufferedMs);
  }
}
