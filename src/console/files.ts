/** The console's files by their place in it. They are parts of the program, and not read from a disk. */

import api from "./api.js" with { type: "text" };
import checklist from "./checklist.js" with { type: "text" };
import consoleCss from "./console.css" with { type: "text" };
import console from "./console.js" with { type: "text" };
import dom from "./dom.js" with { type: "text" };
import icon from "./icon.svg" with { type: "text" };
import languageChoice from "./language_choice.js" with { type: "text" };
import login from "./login.js" with { type: "text" };
import words from "./words.js" with { type: "text" };
import { LIVE_FILES } from "./live/files.ts";
import { CALLS_FILES } from "./calls/files.ts";
import { OVERVIEW_FILES } from "./overview/files.ts";
import { PHONE_FILES } from "./phone/files.ts";

export const FILES: Readonly<Record<string, string>> = {
  "api.js": api,
  "checklist.js": checklist,
  "console.css": consoleCss,
  "console.js": console,
  "dom.js": dom,
  "icon.svg": icon,
  "language_choice.js": languageChoice,
  "login.js": login,
  "words.js": words,
  ...inFolder("live", LIVE_FILES),
  ...inFolder("calls", CALLS_FILES),
  ...inFolder("overview", OVERVIEW_FILES),
  ...inFolder("phone", PHONE_FILES),
};

function inFolder(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));
}
