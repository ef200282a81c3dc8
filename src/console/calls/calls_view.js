/** The Calls view: the list of ended calls, or the record of one. */

import { showEndedCalls } from "./ended_call_list.js";
import { showCallRecord } from "./call_record_view.js";

/**
 * @param {HTMLElement} place
 * @param {string} [parameter] A CallSid, or `?` and a filter.
 */
export function show(place, parameter = "") {
  return parameter === "" || parameter.startsWith("?")
    ? showEndedCalls(place)
    : showCallRecord(place, parameter);
}
