/** The files of the console's phone, by name. */

import bar from "./bar.js" with { type: "text" };
import call from "./call.js" with { type: "text" };
import g711 from "./g711.js" with { type: "text" };
import gather from "./gather.js" with { type: "text" };
import handset from "./handset.js" with { type: "text" };
import keypad from "./keypad.js" with { type: "text" };
import line from "./line.js" with { type: "text" };
import meters from "./meters.js" with { type: "text" };
import phoneCss from "./phone.css" with { type: "text" };
import phone from "./phone.js" with { type: "text" };
import resampler from "./resampler.js" with { type: "text" };
import socket from "./socket.js" with { type: "text" };
import sound from "./sound.js" with { type: "text" };
import speech from "./speech.js" with { type: "text" };
import stream from "./stream.js" with { type: "text" };
import talk from "./talk.js" with { type: "text" };
import twiml from "./twiml.js" with { type: "text" };
import webhooks from "./webhooks.js" with { type: "text" };
import words from "./words.js" with { type: "text" };
import worklet from "./worklet.js" with { type: "text" };

export const PHONE_FILES: Readonly<Record<string, string>> = {
  "bar.js": bar,
  "call.js": call,
  "g711.js": g711,
  "gather.js": gather,
  "handset.js": handset,
  "keypad.js": keypad,
  "line.js": line,
  "meters.js": meters,
  "phone.css": phoneCss,
  "phone.js": phone,
  "resampler.js": resampler,
  "socket.js": socket,
  "sound.js": sound,
  "speech.js": speech,
  "stream.js": stream,
  "talk.js": talk,
  "twiml.js": twiml,
  "webhooks.js": webhooks,
  "words.js": words,
  "worklet.js": worklet,
};
