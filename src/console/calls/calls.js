/** The view of calls that are over: a list, or one of them. */

import { showCall } from "./call.js";
import { showList } from "./call_list.js";

/** @param parameter A CallSid; or `?` and a filter; or nothing, for all calls. */
export function show(place, parameter = "") {
  return parameter === "" || parameter.startsWith("?") ? showList(place) : showCall(place, parameter);
}
