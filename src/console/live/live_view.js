/** The Live view: all calls in progress, or one of them. */

import { showLiveCall } from "./live_call_view.js";
import { showLiveCalls } from "./live_call_list.js";

/** @param {HTMLElement} place @param {string} [callSid] */
export function show(place, callSid) {
  return callSid ? showLiveCall(place, callSid) : showLiveCalls(place);
}
