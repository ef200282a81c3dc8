/**
 * Takes the pictures of the README and the docs, for docs/screens/, with invented calls to a real service:
 *
 *     deno run -A tests/browser/screens.ts
 *
 * Takes about a minute, and needs Chromium. Add the `deno test` flags of deno.json's tasks where the network
 * needs them.
 */

import type { Browser, Page } from "puppeteer-core";
import { ScriptedModel } from "../support/scripted_model.ts";
import { launch, visit, waitForText } from "./chromium.ts";
import { ConsoleService } from "./console_service.ts";
import { demoCalls, sidOf } from "./demo_calls.ts";
import { microphoneWav } from "./microphone_wav.ts";
import { type Line, placeStagedCall, playModel } from "./staged_call.ts";

const FOLDER = new URL("../../docs/screens/", import.meta.url);
const SIZE = { width: 1280, height: 800 };

const CALLED = "+15559870000";
const CALLER = "+15550176402";
const STAGED = sidOf(0x57a9ed);
const STAGED_TALK: readonly Line[] = [
  { atMs: 200, speaker: "assistant", text: "Example Garden Tools, good morning. How can I help?" },
  {
    atMs: 4_300,
    speaker: "caller",
    text: "Hi, I ordered a hedge trimmer and would like to know where it is.",
  },
  {
    atMs: 9_300,
    speaker: "assistant",
    text: "Gladly. Order 4711 left our warehouse yesterday and arrives on Thursday, between nine and twelve.",
  },
  { atMs: 12_800, speaker: "caller", text: "Thursday is no good, could it come on Friday?" },
  {
    atMs: 16_700,
    speaker: "assistant",
    text: "Friday it is. You get a message one hour before. Anything else?",
  },
];
const PHONE_TALK: readonly Line[] = [
  { atMs: 300, speaker: "assistant", text: "Example Garden Tools, good morning!" },
  { atMs: 2_700, speaker: "caller", text: "When do you open on Saturday?" },
  {
    atMs: 5_000,
    speaker: "assistant",
    text: "On Saturdays we are open from nine to two, and in May until four.",
  },
];

async function takePicture(page: Page, name: string): Promise<void> {
  // Let pending animation frames draw.
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  await Deno.writeFile(new URL(`${name}-wide-light.png`, FOLDER), await page.screenshot());
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function takePictures(browser: Browser): Promise<void> {
  await using model = new ScriptedModel();
  await using service = await ConsoleService.start({
    env: {
      OPENAI_REALTIME_URL: model.url,
      OPENAI_API_KEY: "sk-invented",
      RECORDING: "on",
      RECORDING_CONSENT: "",
      TWILIO_PHONE_NUMBER: CALLED,
    },
    assistants: { default: "reception", assistants: { reception: { greeting: "" } } },
    records: demoCalls(30, Date.now()),
    findings: [{ check: "model", level: "ok", message: "the model answers" }],
  });
  await using visited = await visit(browser, { origin: service.origin, ...SIZE });
  const { page } = visited;

  const [caller, session] = await Promise.all([
    placeStagedCall(service.origin, { callSid: STAGED, from: CALLER, to: CALLED }, STAGED_TALK),
    model.session(model.sessions.length),
  ]);
  await session.configure();
  playModel(session, STAGED_TALK);
  await page.goto(service.page(`#live/${STAGED}`));
  for (const text of ["Gladly", "Friday it is"]) await waitForText(page, text, ".live-turns li");
  await pause(1_200);
  await takePicture(page, "live-call");
  await pause(1_000);
  await caller.hangUp();
  await service.logged("call ended");
  await pause(1_500);
  await page.goto(service.page(`#calls/${STAGED}`));
  await page.waitForNetworkIdle({ idleTime: 300 });
  await takePicture(page, "call");

  await page.goto(service.page("#phone"));
  await page.waitForSelector(".phone-button:enabled");
  const [phoneSession] = await Promise.all([
    model.session(model.sessions.length),
    page.locator(".phone-button").click(),
  ]);
  await phoneSession.configure();
  await service.logged("stream started", 2);
  playModel(phoneSession, PHONE_TALK);
  await pause(6_300);
  await takePicture(page, "phone");
  await page.locator(".hang-up").click();
  await service.logged("call ended", 2);
}

await Deno.mkdir(FOLDER, { recursive: true });
const wav = await Deno.makeTempFile({ suffix: ".wav" });
await Deno.writeFile(wav, microphoneWav());
const browser = await launch(wav);
try {
  await takePictures(browser);
} finally {
  await browser.close();
  await Deno.remove(wav);
}
