/** The view Live: all calls in progress, or one of them. */

import { showCall } from "./call.js";
import { showList } from "./list.js";

/** Draws into `place`; returns what ends it. */
export function show(place, callSid) {
  return callSid ? showCall(place, callSid) : showList(place);
}
