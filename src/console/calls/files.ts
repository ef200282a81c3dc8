/** The files of the console's view of calls that are over, by name. */

import callCss from "./call.css" with { type: "text" };
import call from "./call.js" with { type: "text" };
import callEvents from "./call_events.js" with { type: "text" };
import callFacts from "./call_facts.js" with { type: "text" };
import callLanes from "./call_lanes.js" with { type: "text" };
import callList from "./call_list.js" with { type: "text" };
import callRow from "./call_row.js" with { type: "text" };
import callTranscript from "./call_transcript.js" with { type: "text" };
import callWords from "./call_words.js" with { type: "text" };
import callsCss from "./calls.css" with { type: "text" };
import calls from "./calls.js" with { type: "text" };
import eventSigns from "./event_signs.js" with { type: "text" };
import player from "./player.js" with { type: "text" };
import scale from "./scale.js" with { type: "text" };
import timelineCss from "./timeline.css" with { type: "text" };
import timeline from "./timeline.js" with { type: "text" };
import timelineLanes from "./timeline_lanes.js" with { type: "text" };
import timelineLayout from "./timeline_layout.js" with { type: "text" };
import timelineLegend from "./timeline_legend.js" with { type: "text" };
import waveform from "./waveform.js" with { type: "text" };

export const CALLS_FILES: Readonly<Record<string, string>> = {
  "call.css": callCss,
  "call.js": call,
  "call_events.js": callEvents,
  "call_facts.js": callFacts,
  "call_lanes.js": callLanes,
  "call_list.js": callList,
  "call_row.js": callRow,
  "call_transcript.js": callTranscript,
  "call_words.js": callWords,
  "calls.css": callsCss,
  "calls.js": calls,
  "event_signs.js": eventSigns,
  "player.js": player,
  "scale.js": scale,
  "timeline.css": timelineCss,
  "timeline.js": timeline,
  "timeline_lanes.js": timelineLanes,
  "timeline_layout.js": timelineLayout,
  "timeline_legend.js": timelineLegend,
  "waveform.js": waveform,
};
