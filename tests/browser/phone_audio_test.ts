/** Tests of the audio of the console's phone in a real browser. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Browser, Page } from "puppeteer-core";
import { find, levelDb, resample, toneDb } from "./audio_analysis.ts";
import { browserTest, visit, waitForText } from "./chromium.ts";
import { ConsoleService } from "./console_service.ts";
import { HISS, WORDS } from "./microphone_wav.ts";
import { containsText, disableAudioProcessing, playedAudio } from "./page_scripts.js";
import { assertClosed, modelAudio, openPhone, samplesOf, sentMessages, waitForState } from "./phone_page.ts";

/** Maximum time from the `clear` to silence (ms). Twilio's buffer alone would play for 200 ms. */
const CLEAR_MS = 80;
/**
 * Levels (0 to 1): a sample below the first is silence (or the filter's tail), one above the second is speech.
 */
const SILENCE_LEVEL = 0.002;
const SPEECH_LEVEL = 0.05;

/** The audio played, and when it began (s of the audio clock). */
async function audioPlayed(page: Page): Promise<{ rate: number; from: number; samples: Float32Array }> {
  const { rate, from, text } = await page.evaluate(playedAudio);
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return { rate, from, samples: samplesOf(new Int16Array(bytes.buffer)) };
}

async function wholeCall(browser: Browser): Promise<void> {
  const model = modelAudio();
  await using service = await ConsoleService.start({ model: { onEvent: model.onEvent } });
  await using visited = await visit(browser, {
    origin: service.origin,
    tapped: true,
    before: [disableAudioProcessing],
  });
  const { page, problems } = visited;
  await openPhone(page, service);
  await page.locator(".phone-button").click();
  await waitForState(page, "Talking");
  // On a slow machine the first utterance may interrupt the greeting: the barge-in measured is one on an answer.
  await page.waitForFunction(containsText, { polling: 50 }, "You said: (", ".live-turns li");
  const earlier = Number(await page.evaluate("tapped.clears.length"));
  await page.waitForFunction(`tapped.clears.length > ${earlier}`, { polling: 50 });
  // Long enough to hear what the clear should have discarded, and to say all of the utterance.
  await page.waitForFunction(`tapped.contexts[0].currentTime > tapped.clears[${earlier}] + 1.2`, {
    polling: 50,
  });
  await page.locator(".hang-up").click();
  assertEquals((await service.logged("call ended")).end_reason, "caller hung up");
  await assertClosed(page, service);

  assertArrived(model.received());
  await assertPlayedBack(page, model.received());
  await assertCutOff(page, earlier);
  const { heard_ms } = service.events("barge-in").at(-1) ?? {};
  // How much of it depends on the machine; tests/conformance checks the figure to 20 ms.
  assert(Number(heard_ms) > 0 && Number(heard_ms) < WORDS.length / 8, `heard ${heard_ms} ms`);
  const sent = await sentMessages(page);
  assertEquals(sent[0], '{"event":"connected","protocol":"Call","version":"1.0.0"}');
  assertMatch(sent[1] ?? "", /^\{"event":"start","sequenceNumber":"1",/);
  assertMatch(sent.at(-1) ?? "", /^\{"event":"stop",/);
  assertEquals(await page.$$eval(".live-turns li:not([hidden])", (items) => items.length > 2), true);
  await page.waitForSelector(".phone-display a[href^='#calls/CA']");
  assertEquals(problems, []);
}

/** Asserts that the speech arrived with its length and level, and without frequencies above the telephone band. */
function assertArrived(received: Float32Array): void {
  const words = samplesOf(WORDS);
  const { at, similarity } = find(words, received);
  assert(similarity > 0.99, `similarity of the speech received: ${similarity}`);
  const arrived = received.subarray(at, at + words.length);
  const louder = levelDb(arrived) - levelDb(words);
  assert(Math.abs(louder) < 0.5, `${louder} dB louder`);
  // Without a filter, the hiss would alias into the middle of the band at full level.
  const hiss = toneDb(arrived, HISS.aliasHertz, 8_000) - 20 * Math.log10(HISS.level);
  assert(hiss < -45, `hiss at ${hiss} dB`);
  const rest = levelDb(received.subarray(at - 4_000, at - 400));
  assert(rest < -55, `before the speech: ${rest} dB`);
}

/** Asserts that the page played the speech, which the stand-in model repeats, at the rate of its audio context. */
async function assertPlayedBack(page: Page, received: Float32Array): Promise<void> {
  const { rate, samples } = await audioPlayed(page);
  const { at } = find(samplesOf(WORDS), received);
  const played = resample(samples, rate, 8_000);
  // The barge-in comes after a second, part of which is the silence before the speech. On a busy machine the playback has
  // gaps, which most of the pieces of 50 ms then contain. Each piece has two borders of frames.
  const similarities = Array.from({ length: 12 }, (_, piece) => {
    const from = at + piece * 400;
    return find(received.subarray(from, from + 400), played).similarity;
  }).sort((a, b) => b - a);
  const similarity = similarities[2] ?? 0;
  assert(
    rate >= 16_000 && similarity > 0.99,
    `similarity of the speech played at ${rate} Hz: ${similarities}`,
  );
}

interface Interruption {
  readonly cleared: number;
  readonly spoken: readonly { readonly at: number; readonly peak: number }[];
}

/**
 * Asserts how soon playback stops after the `clear`. The time since the caller began to speak is printed: it has the delays
 * of six processes that share the machine.
 *
 * @param clear Index of the `clear`.
 */
async function assertCutOff(page: Page, clear: number): Promise<void> {
  const { rate, from, samples } = await audioPlayed(page);
  const { cleared, spoken }: Interruption = JSON.parse(
    String(
      await page.evaluate(`JSON.stringify({ cleared: tapped.clears[${clear}], spoken: tapped.spoken })`),
    ),
  );
  const upTo = samples.subarray(0, Math.round((cleared + 0.5 - from) * rate));
  const silentFrom = from + (upTo.findLastIndex((sample) => Math.abs(sample) > SILENCE_LEVEL) + 1) / rate;
  // A frame is sent at its end, 20 ms after its start.
  const before = spoken.filter(({ at }) => at <= cleared);
  const onset =
    (before.findLast(({ peak }, i) => peak > SPEECH_LEVEL && isQuiet(before.slice(i - 25, i)))?.at ?? 0) -
    0.02;
  const afterClear = (silentFrom - cleared) * 1000, afterOnset = (silentFrom - onset) * 1000;
  console.log(
    `    barge-in: silent ${afterClear.toFixed(0)} ms after the clear, ${
      afterOnset.toFixed(0)
    } ms after the caller spoke`,
  );
  assert(afterClear < CLEAR_MS, `silent ${afterClear} ms after the clear`);
  assert(afterOnset > 0, `silent ${afterOnset} ms after the caller spoke`);
  // On a busy machine the playback may have a gap at the clear.
  const justBefore = levelDb(
    samples.subarray(...[0.5, 0.01].map((s) => Math.round((cleared - s - from) * rate))),
  );
  assert(justBefore > -30, `before the clear: ${justBefore} dB`);
}

function isQuiet(frames: readonly { peak: number }[]): boolean {
  return frames.length === 25 && frames.every(({ peak }) => peak < SPEECH_LEVEL);
}

/** Asserts that frames are sent every 20 ms, even while the page is busy. */
async function assertKeepsTime(page: Page): Promise<void> {
  const text = async () => String(await page.evaluate("JSON.stringify(tapped.spoken)"));
  const frames = async (): Promise<Interruption["spoken"]> => JSON.parse(await text());
  const before = (await frames()).length;
  await page.evaluate("for (const end = performance.now() + 500; performance.now() < end;);");
  await page.waitForFunction(`tapped.spoken.length > ${before + 40}`, { polling: 20 });
  const all = await frames();
  // A busy machine stamps single frames late: the earliest of 20 shows when they were due.
  const lateness = all.map(({ at }, i) => at - i * 0.02);
  const late = Math.min(...lateness.slice(-20)) - Math.min(...lateness.slice(0, 20));
  // Frames lost while the page was busy would make 0.5 s.
  assert(Math.abs(late) < 0.25, `the last of ${all.length} frames are ${late} s late`);
}

async function backgroundCall(browser: Browser): Promise<void> {
  await using service = await ConsoleService.start();
  await using visited = await visit(browser, { origin: service.origin, microphone: false, tapped: true });
  const { page, problems } = visited;
  await openPhone(page, service);
  await page.focus(".phone-button");
  await page.keyboard.press("Enter");
  await waitForState(page, "Talking");
  assertEquals(await page.evaluate("document.activeElement.className"), "phone-button hang-up");
  await page.locator("nav a[href='#live']").click();
  await page.waitForSelector(".call-bar:not([hidden])");
  await waitForText(page, "client:parley", "main");
  await page.locator(".call-bar a").click();
  await waitForState(page, "Talking");
  await assertKeepsTime(page);
  await page.goto(service.page("icon.svg"));
  assertEquals((await service.logged("call ended")).end_reason, "caller hung up");
  assertEquals(problems, []);
}

browserTest("Console: audio of the phone", {
  "Phone carries speech both ways, stops at a barge-in, and closes everything after the call": wholeCall,
  "Phone keeps a call while another view is shown, and ends it when the page closes": backgroundCall,
});
