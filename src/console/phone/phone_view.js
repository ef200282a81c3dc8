/** The Phone view: calls this service from the browser. */

import { get, messageOf } from "../api_client.js";
import { checklist } from "../checklist.js";
import { h } from "../dom.js";
import { callActivity } from "./call_activity.js";
import { callBar } from "./call_bar.js";
import { handset } from "./handset.js";
import { MicrophoneError, PhoneAudio } from "./phone_audio.js";
import { PhoneCall } from "./phone_call.js";
import { t } from "./phone_texts.js";

/** @import { Setup } from "../api_types.ts" */

/** Update interval of time and counts (ms). */
const TICK_MS = 250;
/** Called number if none is configured. */
const NO_NUMBER = "client:parley";

/** @type {Phone | undefined} One for the page: a call continues while another view is shown. */
let phone;

/**
 * @param {HTMLElement} place
 * @returns {() => void} Ends the view, not the call.
 */
export function showPhone(place) {
  phone ??= new Phone();
  return phone.show(place);
}

class Phone {
  #handset = handset({
    call: () => void this.#placeCall(),
    hangUp: () => this.#hangUp(),
    skipMicrophone: () => this.#skipMicrophone(),
    press: (key) => this.#press(key),
    mute: (muted) => this.#audio?.mute(muted),
    endDial: (status) => this.#call?.endDial(status),
  });
  #activity = callActivity();
  #bar = callBar(() => this.#hangUp());
  #steps = h("section", { class: "card" });
  #element = h(
    "div",
    {},
    h("div", { class: "page-head" }, h("h2", {}, t("phone"))),
    h(
      "div",
      { class: "phone-columns" },
      this.#handset.element,
      h("div", { class: "stack" }, this.#activity.element, this.#steps),
    ),
  );
  /** @type {Setup | undefined} */
  #setup;
  /** @type {PhoneCall | undefined} The call in progress. */
  #call;
  /** @type {PhoneAudio | undefined} */
  #audio;
  #skipMicrophone = () => {};
  #bufferedMs = 0;
  #following = false;

  constructor() {
    addEventListener("pagehide", () => this.#hangUp());
  }

  /** @param {HTMLElement} place */
  show(place) {
    place.append(this.#element);
    this.#bar.show(false);
    const stopListening = this.#handset.listen();
    /** @type {Promise<Setup>} */
    const setup = get("setup");
    const endChecklist = checklist(this.#steps, setup);
    this.#load(setup);
    return () => {
      stopListening();
      endChecklist();
      this.#bar.show(this.#call !== undefined);
    };
  }

  /** @param {Promise<Setup>} setup */
  async #load(setup) {
    try {
      this.#setup = await setup;
      this.#handset.showSetup(this.#setup);
    } catch (error) {
      this.#handset.showNotice("setupFailed", { why: messageOf(error) });
    }
  }

  async #placeCall() {
    const setup = this.#setup;
    if (this.#call || !setup) return;
    this.#handset.hideNotice();
    /** @param {unknown} error */
    const showProblem = (error) => {
      if (!(error instanceof MicrophoneError)) throw error;
      this.#handset.showNotice(error.reason);
    };
    let audio;
    try {
      audio = this.#audio = new PhoneAudio();
    } catch (error) {
      return showProblem(error);
    }
    const skipped = new Promise((resolve) => this.#skipMicrophone = () => resolve(undefined));
    /** @type {PhoneCall} */
    const call = this.#call = new PhoneCall({
      // This script is in a folder of the console, which is one level below the service.
      base: new URL("../..", import.meta.url).href.replace(/\/$/, ""),
      publicUrl: setup.publicUrl,
      to: setup.phoneNumber ?? NO_NUMBER,
      assistant: this.#handset.assistant,
      audio,
      ready: Promise.race([audio.connectMicrophone().catch(showProblem), skipped]),
      onChange: () => this.#onChange(call, setup.publicUrl),
      onLevels: (levels) => {
        this.#bufferedMs = levels.bufferedMs;
        this.#handset.showLevels(levels);
      },
      onStep: this.#activity.addStep,
    });
    this.#following = false;
    this.#activity.begin();
    this.#onChange(call, setup.publicUrl);
    const ticking = setInterval(() => this.#tick(call), TICK_MS);
    await call.run();
    clearInterval(ticking);
    this.#tick(call);
    this.#call = this.#audio = undefined;
    this.#activity.end();
    this.#bar.show(false);
    this.#handset.end(call.connected ? call.callSid : undefined);
  }

  #hangUp() {
    this.#call?.hangUp();
  }

  /** @param {string} key */
  #press(key) {
    this.#handset.showKey(key);
    this.#call?.press(key);
  }

  /** @param {PhoneCall} call @param {string} publicUrl */
  #onChange({ state, callSid }, publicUrl) {
    this.#handset.showState(state, publicUrl);
    if (state.phase !== "talking" || this.#following) return;
    // The service has events of a call only after its stream started.
    this.#following = true;
    this.#activity.follow(callSid);
  }

  /** @param {PhoneCall} call */
  #tick({ stream, answeredMs }) {
    this.#bar.showTime(this.#handset.showTime(answeredMs));
    if (stream) this.#activity.showCounts(stream.counts, this.#bufferedMs);
  }
}
