/** The files of the console's view of calls as they happen, by name. */

import call from "./call.js" with { type: "text" };
import controls from "./controls.js" with { type: "text" };
import dialogs from "./dialogs.js" with { type: "text" };
import happenings from "./happenings.js" with { type: "text" };
import jitterBuffer from "./jitter_buffer.js" with { type: "text" };
import list from "./list.js" with { type: "text" };
import listen from "./listen.js" with { type: "text" };
import listenWorklet from "./listen_worklet.js" with { type: "text" };
import liveCss from "./live.css" with { type: "text" };
import live from "./live.js" with { type: "text" };
import peaks from "./peaks.js" with { type: "text" };
import playhead from "./playhead.js" with { type: "text" };
import source from "./source.js" with { type: "text" };
import transcript from "./transcript.js" with { type: "text" };
import waits from "./waits.js" with { type: "text" };
import wavStream from "./wav_stream.js" with { type: "text" };
import wave from "./wave.js" with { type: "text" };
import welcome from "./welcome.js" with { type: "text" };
import whisper from "./whisper.js" with { type: "text" };
import words from "./words.js" with { type: "text" };

export const LIVE_FILES: Readonly<Record<string, string>> = {
  "call.js": call,
  "controls.js": controls,
  "dialogs.js": dialogs,
  "happenings.js": happenings,
  "jitter_buffer.js": jitterBuffer,
  "list.js": list,
  "listen.js": listen,
  "listen_worklet.js": listenWorklet,
  "live.css": liveCss,
  "live.js": live,
  "peaks.js": peaks,
  "playhead.js": playhead,
  "source.js": source,
  "transcript.js": transcript,
  "waits.js": waits,
  "wav_stream.js": wavStream,
  "wave.js": wave,
  "welcome.js": welcome,
  "whisper.js": whisper,
  "words.js": words,
};
