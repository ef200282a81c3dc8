/** What the console's phone must do, in a real browser. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Browser, Page } from "puppeteer-core";
import { decodeMulaw } from "../../src/audio/mod.ts";
import { isObject } from "../../src/json.ts";
import { seen, visit } from "./chromium.ts";
import { ConsoleService } from "./console_service.ts";
import { asItIs, hasPlayed, leftOpen, played, tryTheDoor } from "./in_page.js";
import { HISS, WORDS } from "./microphone.ts";
import { converted, find, levelDb, toneDb } from "./sound.ts";

/** The assistant is silent so soon (ms) after the caller began to speak … */
const BARGE_IN_MS = 300;
/** … and after its `clear` came. Without that, what Twilio has in its buffer would sound for 200 ms. */
const CLEAR_MS = 80;
/** Quieter than this (of 1) is silence: the last of the filter. */
const SILENT = 0.002;
/** Louder than this, somebody speaks. */
const LOUD = 0.05;

export const PHONE_STEPS: Readonly<Record<string, (browser: Browser) => Promise<void>>> = {
  "a call to the stand-in: what is said arrives, the words come back, a barge-in cuts them, nothing stays open":
    wholeCall,
  "with signatures on: who has signed in may call, as Chromium improves the sound, and sees the words":
    signedCall,
  "with signatures on: nobody else may": refusedCall,
  "without a microphone: the call goes on, with the keypad, to the goodbye": silentCall,
  "choices of language and assistant, a transfer nobody takes and one somebody takes": transferredCall,
  "a call goes on under another view, and ends with the page": awayCall,
};

async function openPhone(page: Page, service: ConsoleService): Promise<void> {
  await page.goto(service.page("#phone"));
  await page.waitForSelector(".phone-button:enabled");
}

async function says(page: Page, state: string): Promise<void> {
  await seen(page, state, ".phone-state");
}

/** The messages it sent, without the audio. */
async function sentBy(page: Page): Promise<string[]> {
  return JSON.parse(String(await page.evaluate("JSON.stringify(tapped.sent)")));
}

/** What was played, in one piece, and when that began (s of the audio). */
async function playedIn(page: Page): Promise<{ rate: number; from: number; samples: Float32Array }> {
  const { rate, from, text } = await page.evaluate(played);
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return { rate, from, samples: samplesOf(new Int16Array(bytes.buffer)) };
}

/** What a call left in the page, and in the service. */
async function assertClosed(page: Page, service: ConsoleService): Promise<void> {
  await says(page, "Ended");
  const left = await page.evaluate(leftOpen);
  const { calls } = await (await fetch(`${service.origin}/readyz`)).json();
  const all = (list: readonly unknown[], value: unknown) => list.every((each) => each === value);
  assert(all(left.tracks, "ended") && all(left.contexts, "closed"), JSON.stringify(left));
  assert(all(left.sockets, WebSocket.CLOSED) && all(left.sources, EventSource.CLOSED), JSON.stringify(left));
  assert(left.contexts.length > 0);
  assertEquals(calls, 0, "calls of the service");
}

/** Collects what the model hears. */
function ear(): { onEvent: (direction: string, event: object) => void; heard(): Float32Array } {
  const pieces: Uint8Array[] = [];
  return {
    onEvent(_direction, event) {
      if (!isObject(event) || event.type !== "input_audio_buffer.append") return;
      pieces.push(Uint8Array.fromBase64(String(event.audio)));
    },
    heard: () => samplesOf(decodeMulaw(Uint8Array.from(pieces.flatMap((piece) => [...piece])))),
  };
}

function samplesOf(pcm: Int16Array): Float32Array {
  return Float32Array.from(pcm, (sample) => sample / 32_768);
}

async function wholeCall(browser: Browser): Promise<void> {
  const model = ear();
  await using service = await ConsoleService.start({ model: { onEvent: model.onEvent } });
  await using visited = await visit(browser, { origin: service.origin, tapped: true, before: [asItIs] });
  const { page, problems } = visited;
  await openPhone(page, service);
  await page.locator(".phone-button").click();
  await says(page, "Talking");
  await page.waitForFunction("tapped.clears.length > 0", { timeout: 12_000, polling: 50 });
  // What would be heard after it, were it not for it.
  await page.waitForFunction("tapped.contexts[0].currentTime > tapped.clears[0] + 0.7", { polling: 50 });
  await page.locator(".hang-up").click();
  assertEquals((await service.logged("call ended")).reason, "caller hung up");
  await assertClosed(page, service);

  assertArrived(model.heard());
  await assertPlayedBack(page, model.heard());
  await assertCutOff(page);
  const { heard_ms } = await service.logged("barge-in");
  assert(Number(heard_ms) < WORDS.length / 8 - 500, `more was to be heard than ${heard_ms} ms`);
  const sent = await sentBy(page);
  assertEquals(sent[0], '{"event":"connected","protocol":"Call","version":"1.0.0"}');
  assertMatch(sent[1] ?? "", /^\{"event":"start","sequenceNumber":"1",/);
  assertMatch(sent.at(-1) ?? "", /^\{"event":"stop",/);
  assertEquals(await page.$$eval(".said li:not([hidden])", (items) => items.length > 2), true);
  await page.waitForSelector(".phone-display a[href^='#calls/CA']");
  assertEquals(problems, []);
}

/** The words at the service: as long and as loud as they were said, and nothing above a telephone's band. */
function assertArrived(heard: Float32Array): void {
  const words = samplesOf(WORDS);
  const { at, alike } = find(words, heard);
  assert(alike > 0.99, `the words arrived, ${alike} alike`);
  const arrived = heard.subarray(at, at + words.length);
  const louder = levelDb(arrived) - levelDb(words);
  assert(Math.abs(louder) < 0.5, `they are ${louder} dB louder`);
  // Unfiltered, 8 kHz samples would have the hiss at full strength in the middle of the band.
  const hiss = toneDb(arrived, HISS.heardAs, 8_000) - 20 * Math.log10(HISS.level);
  assert(hiss < -45, `the hiss is heard at ${hiss} dB`);
  const rest = levelDb(heard.subarray(at - 4_000, at - 400));
  assert(rest < -55, `before them is silence: ${rest} dB`);
}

/** The stand-in says back what it heard: it is played as it was said, at the context's own rate. */
async function assertPlayedBack(page: Page, heard: Float32Array): Promise<void> {
  const { rate, samples } = await playedIn(page);
  const { at } = find(samplesOf(WORDS), heard);
  // They are talked over after a second, of which a part is the silence before them.
  const { alike } = find(heard.subarray(at, at + 5_000), converted(samples, rate, 8_000));
  assert(rate >= 16_000 && alike > 0.99, `the words came back at ${rate} Hz, ${alike} alike`);
}

interface Talk {
  readonly cleared: number;
  readonly spoken: readonly { readonly at: number; readonly peak: number }[];
}

/** How soon the sound stops: after the `clear` came, and after the caller began to speak. */
async function assertCutOff(page: Page): Promise<void> {
  const { rate, from, samples } = await playedIn(page);
  const { cleared, spoken }: Talk = JSON.parse(
    String(await page.evaluate("JSON.stringify({ cleared: tapped.clears[0], spoken: tapped.spoken })")),
  );
  const upTo = samples.subarray(0, Math.round((cleared + 0.5 - from) * rate));
  const silentFrom = from + (upTo.findLastIndex((sample) => Math.abs(sample) > SILENT) + 1) / rate;
  // A frame is sent when its 20 ms are over.
  const before = spoken.filter(({ at }) => at <= cleared);
  const onset = (before.findLast(({ peak }, i) => peak > LOUD && quiet(before.slice(i - 25, i)))?.at ?? 0) -
    0.02;
  const afterClear = (silentFrom - cleared) * 1000, afterOnset = (silentFrom - onset) * 1000;
  console.log(
    `    barge-in: silent ${afterClear.toFixed(0)} ms after the clear, ${
      afterOnset.toFixed(0)
    } ms after the caller spoke`,
  );
  assert(afterClear > -50 && afterClear < CLEAR_MS, `silent ${afterClear} ms after the clear`);
  assert(afterOnset > 0 && afterOnset < BARGE_IN_MS, `silent ${afterOnset} ms after the caller spoke`);
  const justBefore = levelDb(
    samples.subarray(...[0.1, 0.01].map((s) => Math.round((cleared - s - from) * rate))),
  );
  assert(justBefore > -30, `there was something to cut: ${justBefore} dB`);
}

function quiet(frames: readonly { peak: number }[]): boolean {
  return frames.length === 25 && frames.every(({ peak }) => peak < LOUD);
}

/** The sound does not wait for the page: whatever that is busy with, each 20 ms of the call are a frame. */
async function assertKeepsTime(page: Page): Promise<void> {
  const text = async () => String(await page.evaluate("JSON.stringify(tapped.spoken)"));
  const frames = async (): Promise<Talk["spoken"]> => JSON.parse(await text());
  const before = (await frames()).length;
  await page.evaluate("for (const end = performance.now() + 500; performance.now() < end;);");
  await page.waitForFunction(`tapped.spoken.length > ${before + 40}`, { polling: 20 });
  const all = await frames();
  const seconds = (all.at(-1)?.at ?? 0) - (all[0]?.at ?? 0);
  const late = seconds - (all.length - 1) * 0.02;
  assert(Math.abs(late) < 0.06, `${all.length} frames in ${seconds} s`);
}

const SIGNED = {
  TWILIO_AUTH_TOKEN: "the-account-token",
  PUBLIC_URL: "https://phone.example.com",
  ADMIN_TOKEN: "correct-horse-battery",
};

async function signedCall(browser: Browser): Promise<void> {
  await using service = await ConsoleService.start({ env: SIGNED });
  await using visited = await visit(browser, { origin: service.origin, tapped: true });
  const { page, problems } = visited;
  await page.goto(service.page(""));
  await page.type("#token", SIGNED.ADMIN_TOKEN);
  await Promise.all([page.waitForNavigation(), page.locator(".sign-in form button").click()]);
  await openPhone(page, service);
  await page.locator(".phone-button").click();
  await seen(page, "You said: (", ".said li");
  const { echoCancellation, noiseSuppression, autoGainControl } = JSON.parse(
    String(await page.evaluate("JSON.stringify(tapped.tracks[0].getSettings())")),
  );
  const constraints = [echoCancellation, noiseSuppression, autoGainControl];
  assertEquals(constraints, [true, true, true]);
  await page.locator(".hang-up").click();
  await service.logged("call ended");
  await assertClosed(page, service);
  // The page to sign in is answered with 401.
  assertEquals(problems.filter((problem) => !problem.includes("401")), []);
}

async function refusedCall(browser: Browser): Promise<void> {
  await using service = await ConsoleService.start({ env: SIGNED });
  await using visited = await visit(browser, { origin: service.origin });
  const { page } = visited;
  const signature = "x".repeat(43);
  const expires = Math.floor(Date.now() / 1000) + 3_600;
  await visited.context.setCookie({
    name: "__Host-parley",
    value: `${expires}.${signature}`,
    domain: "localhost",
    path: "/",
    secure: true,
  });
  await page.goto(service.page("#phone"));
  await page.waitForSelector(".sign-in");
  const answers = await page.evaluate(tryTheDoor);
  assertEquals(answers, [403, false]);

  const { ADMIN_TOKEN: _, ...env } = SIGNED;
  await using untold = await ConsoleService.start({ env });
  await using other = await visit(browser, { origin: untold.origin });
  await other.page.goto(untold.page("#phone"));
  await other.page.waitForSelector(".phone-notice .notice");
  const told = await other.page.$eval(".phone-notice", ({ textContent }) => textContent);
  assertStringIncludes(told ?? "", "Set ADMIN_TOKEN");
  assertEquals(await other.page.$eval(".phone-button", (button) => button.matches(":disabled")), true);
}

async function silentCall(browser: Browser): Promise<void> {
  const model = ear();
  const told: string[] = [];
  const onEvent = (direction: string, event: object) => {
    model.onEvent(direction, event);
    if (direction === "in") told.push(JSON.stringify(event));
  };
  await using service = await ConsoleService.start({ model: { onEvent } });
  await using visited = await visit(browser, { origin: service.origin, microphone: false, tapped: true });
  const { page, problems } = visited;
  await openPhone(page, service);
  await page.locator(".phone-button").click();
  await page.waitForSelector(".phone-notice .notice");
  assertStringIncludes(await page.$eval(".phone-notice", ({ textContent }) => textContent ?? ""), "blocked");
  await says(page, "Talking");
  await page.locator("::-p-aria(Keypad) button:nth-child(4)").click();
  await page.keyboard.type("2*#");
  await page.waitForFunction(hasPlayed, { polling: 50 }, 0.1);
  const digits = (await sentBy(page)).map((text) => JSON.parse(text).dtmf?.digit).filter((digit) => digit);
  assertEquals(digits, ["4", "2", "*", "#"]);
  assertEquals(await page.$eval(".pressed-keys", ({ textContent }) => textContent), "Pressed: 42*#");
  assert(told.some((event) => event.includes("42*")), "the assistant is told the number");
  const [{ callSid }] = (await (await fetch(`${service.origin}/api/calls`)).json()).calls;
  const ended = await fetch(`${service.origin}/api/calls/${callSid}/hangup`, { method: "POST", body: "{}" });
  await ended.body?.cancel();
  await says(page, "Ended: the service hung up");
  await assertClosed(page, service);
  const heard = model.heard();
  assert(heard.length > 1_000 && heard.every((sample) => sample === 0), "silence arrived all the while");
  assertEquals(problems, []);
}

const ASSISTANTS = {
  default: "reception",
  destinations: { sales: { number: "+15550100", about: "Orders", ringSeconds: 15 } },
  assistants: {
    reception: {},
    polyglot: {
      language: "en",
      languages: {
        en: { key: "1", offer: "For English, press 1." },
        es: { key: "2", offer: "Para español, pulse 2." },
      },
      tools: ["transfer_call"],
      transferTo: ["sales"],
    },
  },
};

async function transferredCall(browser: Browser): Promise<void> {
  await using service = await ConsoleService.start({ assistants: ASSISTANTS });
  await using visited = await visit(browser, { origin: service.origin, microphone: false, tapped: true });
  const { page, problems } = visited;
  await openPhone(page, service);
  await page.select("#who-answers", "polyglot");
  await page.locator(".phone-button").click();
  await says(page, "Twilio says: For English, press 1.");
  await page.keyboard.press("2");
  await says(page, "Talking");
  assertEquals((await service.logged("call announced")).assistant, "polyglot");
  const callSid = String((await service.logged("stream started")).call);
  const transfer = async () => {
    const path = `${service.origin}/api/calls/${callSid}/transfer`;
    const headers = { "content-type": "application/json" };
    const answer = await fetch(path, { method: "POST", headers, body: '{"to":"sales"}' });
    assertEquals([answer.status, await answer.text()], [204, ""]);
  };
  await transfer();
  await says(page, "Twilio would ring +15550100");
  await page.locator("::-p-text(Nobody answers)").click();
  await service.logged("stream started", 2);
  await says(page, "Talking");
  await transfer();
  await says(page, "Twilio would ring +15550100");
  await page.locator("::-p-text(They answer)").click();
  await says(page, "Ended: passed on to +15550100");
  assertEquals((await service.logged("call ended")).reason, "transferred");
  await assertClosed(page, service);
  const steps = await page.$eval(".twilio-steps", ({ textContent }) => textContent ?? "");
  for (const step of ["language-chosen", "got 2", "after-stream", "does not answer", "after-transfer"]) {
    assertStringIncludes(steps, step);
  }
  assertEquals(problems, []);
}

async function awayCall(browser: Browser): Promise<void> {
  await using service = await ConsoleService.start();
  await using visited = await visit(browser, { origin: service.origin, microphone: false, tapped: true });
  const { page, problems } = visited;
  await openPhone(page, service);
  await page.focus(".phone-button");
  await page.keyboard.press("Enter");
  await says(page, "Talking");
  assertEquals(await page.evaluate("document.activeElement.className"), "phone-button hang-up");
  await page.locator("nav a[href='#live']").click();
  await page.waitForSelector(".call-bar:not([hidden])");
  await seen(page, "client:parley", "main");
  await page.locator(".call-bar a").click();
  await says(page, "Talking");
  await assertKeepsTime(page);
  await page.goto(service.page("icon.svg"));
  assertEquals((await service.logged("call ended")).reason, "caller hung up");
  assertEquals(problems, []);
}
