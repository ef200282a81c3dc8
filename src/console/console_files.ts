/**
 * The files served under `/console/`, embedded in the program as text, so that the compiled binary
 * contains them.
 */

import apiClient from "./api_client.js" with { type: "text" };
import checklist from "./checklist.js" with { type: "text" };
import checklistCss from "./checklist.css" with { type: "text" };
import consoleCss from "./console.css" with { type: "text" };
import controlsCss from "./controls.css" with { type: "text" };
import dom from "./dom.js" with { type: "text" };
import figuresCss from "./figures.css" with { type: "text" };
import icon from "./icon.svg" with { type: "text" };
import languageSelect from "./language_select.js" with { type: "text" };
import layoutCss from "./layout.css" with { type: "text" };
import locale from "./locale.js" with { type: "text" };
import loginPage from "./login_page.js" with { type: "text" };
import rehearseHint from "./rehearse_hint.js" with { type: "text" };
import shellCss from "./shell.css" with { type: "text" };
import viewRouter from "./view_router.js" with { type: "text" };
import axisScale from "./calls/axis_scale.js" with { type: "text" };
import callFacts from "./calls/call_facts.js" with { type: "text" };
import callFilter from "./calls/call_filter.js" with { type: "text" };
import callLanes from "./calls/call_lanes.js" with { type: "text" };
import callRecordView from "./calls/call_record_view.js" with { type: "text" };
import callRow from "./calls/call_row.js" with { type: "text" };
import callTexts from "./calls/call_texts.js" with { type: "text" };
import callsPageCss from "./calls/calls_page.css" with { type: "text" };
import endedCallList from "./calls/ended_call_list.js" with { type: "text" };
import eventIcons from "./calls/event_icons.js" with { type: "text" };
import eventLane from "./calls/event_lane.js" with { type: "text" };
import eventTexts from "./calls/event_texts.js" with { type: "text" };
import recordPageCss from "./calls/record_page.css" with { type: "text" };
import recordTimelineCss from "./calls/record_timeline.css" with { type: "text" };
import recordTranscript from "./calls/record_transcript.js" with { type: "text" };
import recordingPlayer from "./calls/recording_player.js" with { type: "text" };
import recordingWaveform from "./calls/recording_waveform.js" with { type: "text" };
import toolData from "./calls/tool_data.js" with { type: "text" };
import timelineLanes from "./calls/timeline_lanes.js" with { type: "text" };
import timelineLayout from "./calls/timeline_layout.js" with { type: "text" };
import timelineLegend from "./calls/timeline_legend.js" with { type: "text" };
import timelineView from "./calls/timeline_view.js" with { type: "text" };
import callControls from "./live/call_controls.js" with { type: "text" };
import callDialogs from "./live/call_dialogs.js" with { type: "text" };
import jitterBuffer from "./live/jitter_buffer.js" with { type: "text" };
import latencyTable from "./live/latency_table.js" with { type: "text" };
import levelHistory from "./live/level_history.js" with { type: "text" };
import listenIn from "./live/listen_in.js" with { type: "text" };
import listenWorklet from "./live/listen_worklet.js" with { type: "text" };
import liveBadges from "./live/live_badges.js" with { type: "text" };
import liveCss from "./live/live.css" with { type: "text" };
import liveCallCss from "./live/live_call.css" with { type: "text" };
import liveCallList from "./live/live_call_list.js" with { type: "text" };
import liveCallView from "./live/live_call_view.js" with { type: "text" };
import liveEventLog from "./live/live_event_log.js" with { type: "text" };
import liveEvents from "./live/live_events.js" with { type: "text" };
import livePanelsCss from "./live/live_panels.css" with { type: "text" };
import liveTexts from "./live/live_texts.js" with { type: "text" };
import liveTranscript from "./live/live_transcript.js" with { type: "text" };
import liveWaveform from "./live/live_waveform.js" with { type: "text" };
import playbackMeter from "./live/playback_meter.js" with { type: "text" };
import wavStreamReader from "./live/wav_stream_reader.js" with { type: "text" };
import welcome from "./live/welcome.js" with { type: "text" };
import whisperForm from "./live/whisper_form.js" with { type: "text" };
import assistantPlots from "./overview/assistant_plots.js" with { type: "text" };
import chart from "./overview/chart.js" with { type: "text" };
import daySeries from "./overview/day_series.js" with { type: "text" };
import endReasonsPlot from "./overview/end_reasons_plot.js" with { type: "text" };
import overviewCss from "./overview/overview.css" with { type: "text" };
import overviewView from "./overview/overview_view.js" with { type: "text" };
import plotFormat from "./overview/plot_format.js" with { type: "text" };
import plotLegend from "./overview/plot_legend.js" with { type: "text" };
import statsTable from "./overview/stats_table.js" with { type: "text" };
import callActivity from "./phone/call_activity.js" with { type: "text" };
import callBar from "./phone/call_bar.js" with { type: "text" };
import handset from "./phone/handset.js" with { type: "text" };
import keypadButtons from "./phone/keypad_buttons.js" with { type: "text" };
import levelMeters from "./phone/level_meters.js" with { type: "text" };
import phoneCss from "./phone/phone.css" with { type: "text" };
import phoneAudio from "./phone/phone_audio.js" with { type: "text" };
import phoneCall from "./phone/phone_call.js" with { type: "text" };
import phoneLine from "./phone/phone_line.js" with { type: "text" };
import phoneTexts from "./phone/phone_texts.js" with { type: "text" };
import phoneView from "./phone/phone_view.js" with { type: "text" };
import phoneWorklet from "./phone/phone_worklet.js" with { type: "text" };
import speechSynthesis from "./phone/speech_synthesis.js" with { type: "text" };
import g711 from "../audio/g711.js" with { type: "text" };
import lineFormat from "../audio/line_format.js" with { type: "text" };
import lowPass from "../audio/low_pass.js" with { type: "text" };
import resampler from "../audio/resampler.js" with { type: "text" };
import callError from "../simulator/twilio/call_error.js" with { type: "text" };
import dialedNumber from "../simulator/twilio/dialed_number.js" with { type: "text" };
import keyGatherer from "../simulator/twilio/key_gatherer.js" with { type: "text" };
import pause from "../simulator/twilio/pause.js" with { type: "text" };
import playbackLine from "../simulator/twilio/playback_line.js" with { type: "text" };
import sid from "../simulator/twilio/sid.js" with { type: "text" };
import socketOpener from "../simulator/twilio/socket_opener.js" with { type: "text" };
import streamRunner from "../simulator/twilio/stream_runner.js" with { type: "text" };
import streamWire from "../simulator/twilio/stream_wire.js" with { type: "text" };
import twilioCall from "../simulator/twilio/twilio_call.js" with { type: "text" };
import twimlReader from "../simulator/twilio/twiml_reader.js" with { type: "text" };
import webhookClient from "../simulator/twilio/webhook_client.js" with { type: "text" };
import xml from "../simulator/twilio/xml.js" with { type: "text" };

/** File texts by their path below `/console/`. */
export const CONSOLE_FILES: Readonly<Record<string, string>> = {
  "api_client.js": apiClient,
  "checklist.js": checklist,
  "checklist.css": checklistCss,
  "console.css": consoleCss,
  "controls.css": controlsCss,
  "dom.js": dom,
  "figures.css": figuresCss,
  "icon.svg": icon,
  "language_select.js": languageSelect,
  "layout.css": layoutCss,
  "locale.js": locale,
  "login_page.js": loginPage,
  "rehearse_hint.js": rehearseHint,
  "shell.css": shellCss,
  "view_router.js": viewRouter,
  "calls/axis_scale.js": axisScale,
  "calls/call_facts.js": callFacts,
  "calls/call_filter.js": callFilter,
  "calls/call_lanes.js": callLanes,
  "calls/call_record_view.js": callRecordView,
  "calls/call_row.js": callRow,
  "calls/call_texts.js": callTexts,
  "calls/calls_page.css": callsPageCss,
  "calls/ended_call_list.js": endedCallList,
  "calls/event_icons.js": eventIcons,
  "calls/event_lane.js": eventLane,
  "calls/event_texts.js": eventTexts,
  "calls/record_page.css": recordPageCss,
  "calls/record_timeline.css": recordTimelineCss,
  "calls/record_transcript.js": recordTranscript,
  "calls/recording_player.js": recordingPlayer,
  "calls/recording_waveform.js": recordingWaveform,
  "calls/timeline_lanes.js": timelineLanes,
  "calls/tool_data.js": toolData,
  "calls/timeline_layout.js": timelineLayout,
  "calls/timeline_legend.js": timelineLegend,
  "calls/timeline_view.js": timelineView,
  "live/call_controls.js": callControls,
  "live/call_dialogs.js": callDialogs,
  "live/jitter_buffer.js": jitterBuffer,
  "live/latency_table.js": latencyTable,
  "live/level_history.js": levelHistory,
  "live/listen_in.js": listenIn,
  "live/listen_worklet.js": listenWorklet,
  "live/live_badges.js": liveBadges,
  "live/live.css": liveCss,
  "live/live_call.css": liveCallCss,
  "live/live_call_list.js": liveCallList,
  "live/live_call_view.js": liveCallView,
  "live/live_event_log.js": liveEventLog,
  "live/live_events.js": liveEvents,
  "live/live_panels.css": livePanelsCss,
  "live/live_texts.js": liveTexts,
  "live/live_transcript.js": liveTranscript,
  "live/live_waveform.js": liveWaveform,
  "live/playback_meter.js": playbackMeter,
  "live/wav_stream_reader.js": wavStreamReader,
  "live/welcome.js": welcome,
  "live/whisper_form.js": whisperForm,
  "overview/assistant_plots.js": assistantPlots,
  "overview/chart.js": chart,
  "overview/day_series.js": daySeries,
  "overview/end_reasons_plot.js": endReasonsPlot,
  "overview/overview.css": overviewCss,
  "overview/overview_view.js": overviewView,
  "overview/plot_format.js": plotFormat,
  "overview/plot_legend.js": plotLegend,
  "overview/stats_table.js": statsTable,
  "phone/call_activity.js": sharedImports(callActivity),
  "phone/call_bar.js": sharedImports(callBar),
  "phone/handset.js": sharedImports(handset),
  "phone/keypad_buttons.js": sharedImports(keypadButtons),
  "phone/level_meters.js": sharedImports(levelMeters),
  "phone/phone.css": phoneCss,
  "phone/phone_audio.js": sharedImports(phoneAudio),
  "phone/phone_call.js": sharedImports(phoneCall),
  "phone/phone_line.js": sharedImports(phoneLine),
  "phone/phone_texts.js": sharedImports(phoneTexts),
  "phone/phone_view.js": sharedImports(phoneView),
  "phone/phone_worklet.js": sharedImports(phoneWorklet),
  "phone/speech_synthesis.js": sharedImports(speechSynthesis),
  "shared/audio/g711.js": g711,
  "shared/audio/line_format.js": lineFormat,
  "shared/audio/low_pass.js": lowPass,
  "shared/audio/resampler.js": resampler,
  "shared/simulator/twilio/call_error.js": callError,
  "shared/simulator/twilio/dialed_number.js": dialedNumber,
  "shared/simulator/twilio/key_gatherer.js": keyGatherer,
  "shared/simulator/twilio/pause.js": pause,
  "shared/simulator/twilio/playback_line.js": playbackLine,
  "shared/simulator/twilio/sid.js": sid,
  "shared/simulator/twilio/socket_opener.js": socketOpener,
  "shared/simulator/twilio/stream_runner.js": streamRunner,
  "shared/simulator/twilio/stream_wire.js": streamWire,
  "shared/simulator/twilio/twilio_call.js": twilioCall,
  "shared/simulator/twilio/twiml_reader.js": twimlReader,
  "shared/simulator/twilio/webhook_client.js": webhookClient,
  "shared/simulator/twilio/xml.js": xml,
};

/**
 * Points imports of `../../audio/` and `../../simulator/` at `/console/shared/`, where the service serves
 * these folders of `src/`. Import maps are no alternative, because audio worklets ignore them.
 */
function sharedImports(script: string): string {
  return script.replace(/(?<=from ")\.\.\/\.\.\/(?=(?:audio|simulator)\/)/g, "../shared/");
}
