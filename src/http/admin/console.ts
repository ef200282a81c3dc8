import { STATUS_CODE, type StatusCode } from "@std/http/status";
import api from "../../console/api.js" with { type: "text" };
import callCss from "../../console/call.css" with { type: "text" };
import call from "../../console/call.js" with { type: "text" };
import callEvents from "../../console/call_events.js" with { type: "text" };
import callFacts from "../../console/call_facts.js" with { type: "text" };
import callLanes from "../../console/call_lanes.js" with { type: "text" };
import callList from "../../console/call_list.js" with { type: "text" };
import callRow from "../../console/call_row.js" with { type: "text" };
import callTranscript from "../../console/call_transcript.js" with { type: "text" };
import callWords from "../../console/call_words.js" with { type: "text" };
import callsCss from "../../console/calls.css" with { type: "text" };
import calls from "../../console/calls.js" with { type: "text" };
import chart from "../../console/chart.js" with { type: "text" };
import checklist from "../../console/checklist.js" with { type: "text" };
import css from "../../console/console.css" with { type: "text" };
import js from "../../console/console.js" with { type: "text" };
import daySums from "../../console/day_sums.js" with { type: "text" };
import dom from "../../console/dom.js" with { type: "text" };
import eachAssistant from "../../console/each_assistant.js" with { type: "text" };
import endingsPlot from "../../console/endings_plot.js" with { type: "text" };
import eventSigns from "../../console/event_signs.js" with { type: "text" };
import icon from "../../console/icon.svg" with { type: "text" };
import page from "../../console/index.html" with { type: "text" };
import jitterBuffer from "../../console/jitter_buffer.js" with { type: "text" };
import languageChoice from "../../console/language_choice.js" with { type: "text" };
import listenWorklet from "../../console/listen_worklet.js" with { type: "text" };
import liveCss from "../../console/live.css" with { type: "text" };
import live from "../../console/live.js" with { type: "text" };
import liveCall from "../../console/live_call.js" with { type: "text" };
import liveControls from "../../console/live_controls.js" with { type: "text" };
import liveDialogs from "../../console/live_dialogs.js" with { type: "text" };
import liveHappenings from "../../console/live_happenings.js" with { type: "text" };
import liveList from "../../console/live_list.js" with { type: "text" };
import liveListen from "../../console/live_listen.js" with { type: "text" };
import livePeaks from "../../console/live_peaks.js" with { type: "text" };
import livePlayhead from "../../console/live_playhead.js" with { type: "text" };
import liveSource from "../../console/live_source.js" with { type: "text" };
import liveTranscript from "../../console/live_transcript.js" with { type: "text" };
import liveWaits from "../../console/live_waits.js" with { type: "text" };
import liveWave from "../../console/live_wave.js" with { type: "text" };
import liveWelcome from "../../console/live_welcome.js" with { type: "text" };
import liveWhisper from "../../console/live_whisper.js" with { type: "text" };
import liveWords from "../../console/live_words.js" with { type: "text" };
import login from "../../console/login.html" with { type: "text" };
import loginJs from "../../console/login.js" with { type: "text" };
import overviewCss from "../../console/overview.css" with { type: "text" };
import overview from "../../console/overview.js" with { type: "text" };
import overviewTable from "../../console/overview_table.js" with { type: "text" };
import phoneCss from "../../console/phone.css" with { type: "text" };
import phone from "../../console/phone.js" with { type: "text" };
import phoneBar from "../../console/phone_bar.js" with { type: "text" };
import phoneCall from "../../console/phone_call.js" with { type: "text" };
import phoneG711 from "../../console/phone_g711.js" with { type: "text" };
import phoneGather from "../../console/phone_gather.js" with { type: "text" };
import phoneHandset from "../../console/phone_handset.js" with { type: "text" };
import phoneKeypad from "../../console/phone_keypad.js" with { type: "text" };
import phoneLine from "../../console/phone_line.js" with { type: "text" };
import phoneMeters from "../../console/phone_meters.js" with { type: "text" };
import phoneResampler from "../../console/phone_resampler.js" with { type: "text" };
import phoneSocket from "../../console/phone_socket.js" with { type: "text" };
import phoneSound from "../../console/phone_sound.js" with { type: "text" };
import phoneSpeech from "../../console/phone_speech.js" with { type: "text" };
import phoneStream from "../../console/phone_stream.js" with { type: "text" };
import phoneTalk from "../../console/phone_talk.js" with { type: "text" };
import phoneWebhooks from "../../console/phone_webhooks.js" with { type: "text" };
import phoneWords from "../../console/phone_words.js" with { type: "text" };
import phoneWorklet from "../../console/phone_worklet.js" with { type: "text" };
import player from "../../console/player.js" with { type: "text" };
import plotLegend from "../../console/plot_legend.js" with { type: "text" };
import plotValues from "../../console/plot_values.js" with { type: "text" };
import scale from "../../console/scale.js" with { type: "text" };
import timelineCss from "../../console/timeline.css" with { type: "text" };
import timeline from "../../console/timeline.js" with { type: "text" };
import timelineLanes from "../../console/timeline_lanes.js" with { type: "text" };
import timelineLayout from "../../console/timeline_layout.js" with { type: "text" };
import timelineLegend from "../../console/timeline_legend.js" with { type: "text" };
import twiml from "../../console/twiml.js" with { type: "text" };
import wavStream from "../../console/wav_stream.js" with { type: "text" };
import waveform from "../../console/waveform.js" with { type: "text" };
import words from "../../console/words.js" with { type: "text" };

/** The console's files by name. They are parts of the program, and not read from a disk. */
const FILES: Readonly<Record<string, string>> = {
  "api.js": api,
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
  "chart.js": chart,
  "checklist.js": checklist,
  "console.css": css,
  "console.js": js,
  "day_sums.js": daySums,
  "dom.js": dom,
  "each_assistant.js": eachAssistant,
  "endings_plot.js": endingsPlot,
  "event_signs.js": eventSigns,
  "icon.svg": icon,
  "jitter_buffer.js": jitterBuffer,
  "language_choice.js": languageChoice,
  "listen_worklet.js": listenWorklet,
  "live.css": liveCss,
  "live.js": live,
  "live_call.js": liveCall,
  "live_controls.js": liveControls,
  "live_dialogs.js": liveDialogs,
  "live_happenings.js": liveHappenings,
  "live_list.js": liveList,
  "live_listen.js": liveListen,
  "live_peaks.js": livePeaks,
  "live_playhead.js": livePlayhead,
  "live_source.js": liveSource,
  "live_transcript.js": liveTranscript,
  "live_waits.js": liveWaits,
  "live_wave.js": liveWave,
  "live_welcome.js": liveWelcome,
  "live_whisper.js": liveWhisper,
  "live_words.js": liveWords,
  "login.js": loginJs,
  "overview.css": overviewCss,
  "overview.js": overview,
  "overview_table.js": overviewTable,
  "phone.css": phoneCss,
  "phone.js": phone,
  "phone_bar.js": phoneBar,
  "phone_call.js": phoneCall,
  "phone_g711.js": phoneG711,
  "phone_gather.js": phoneGather,
  "phone_handset.js": phoneHandset,
  "phone_keypad.js": phoneKeypad,
  "phone_line.js": phoneLine,
  "phone_meters.js": phoneMeters,
  "phone_resampler.js": phoneResampler,
  "phone_socket.js": phoneSocket,
  "phone_sound.js": phoneSound,
  "phone_speech.js": phoneSpeech,
  "phone_stream.js": phoneStream,
  "phone_talk.js": phoneTalk,
  "phone_webhooks.js": phoneWebhooks,
  "phone_words.js": phoneWords,
  "phone_worklet.js": phoneWorklet,
  "player.js": player,
  "plot_legend.js": plotLegend,
  "plot_values.js": plotValues,
  "scale.js": scale,
  "timeline.css": timelineCss,
  "timeline.js": timeline,
  "timeline_lanes.js": timelineLanes,
  "timeline_layout.js": timelineLayout,
  "timeline_legend.js": timelineLegend,
  "twiml.js": twiml,
  "wav_stream.js": wavStream,
  "waveform.js": waveform,
  "words.js": words,
};

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css",
  js: "text/javascript",
  svg: "image/svg+xml",
};

/** What the page to sign in looks like and says is no secret. */
const OPEN = new Set(["console.css", "dom.js", "icon.svg", "language_choice.js", "login.js", "words.js"]);

/** Whether a request comes from a browser that will show what it gets. */
export function wantsPage(request: Request): boolean {
  return /\btext\/html\b/.test(request.headers.get("accept") ?? "");
}

/** `GET /`: a word to a program; a browser is sent on to the console. */
export function welcome(request: Request): Response {
  const headers = { vary: "accept" };
  if (!wantsPage(request)) return Response.json({ message: "Parley is running" }, { headers });
  return seeOther("console/", headers);
}

/** Whether a file is for anybody. */
export function isOpenFile(request: Request): boolean {
  return OPEN.has(nameOf(request));
}

/** One of the console's files; undefined when there is none of this name. */
export function consoleFile(request: Request): Response | undefined {
  const name = nameOf(request);
  const text = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
  return text === undefined ? undefined : file(text, TYPES[name.split(".").at(-1) ?? ""] ?? "text/plain");
}

/** @param signOut Whether there is something to sign out of. */
export function consolePage(signOut: boolean): Response {
  const button = '<form method="post" action="logout"><button>Sign out</button></form>';
  return file(page.replace("<!-- sign out -->", signOut ? button : ""), "text/html");
}

/** @param message Why signing in failed, in words of our own; the page has its own words for some statuses. */
export function loginPage(message: string, status: StatusCode, headers: Record<string, string>): Response {
  const seconds = headers["retry-after"];
  const facts = message === ""
    ? ""
    : ` data-status="${status}"${seconds ? ` data-seconds="${seconds}"` : ""}`;
  const filled = login.replace('id="message"', `$&${facts}`).replace("<!-- message -->", message);
  return file(filled, "text/html", status, headers);
}

/** Sends a browser on. Addresses are relative: a proxy may have put us under a path. */
export function seeOther(location: string, headers: Record<string, string> = {}): Response {
  return new Response(null, { status: STATUS_CODE.SeeOther, headers: { ...headers, location } });
}

function nameOf(request: Request): string {
  return new URL(request.url).pathname.split("/").at(-1) ?? "";
}

function file(text: string, type: string, status: StatusCode = STATUS_CODE.OK, headers = {}): Response {
  return new Response(text, { status, headers: { ...headers, "content-type": `${type}; charset=utf-8` } });
}
