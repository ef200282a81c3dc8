/** Tests of the console's Live view in a real browser, with a call that talks. */

import { assert, assertEquals } from "@std/assert";
import type { Browser, Page } from "puppeteer-core";
import { type Clock, wait } from "../../src/clock.ts";
import { ScriptedModel } from "../support/scripted_model.ts";
import { SteadyClock } from "../support/steady_clock.ts";
import { browserTest, sendLiveEvents, signIn, visit, waitForText } from "./chromium.ts";
import { ConsoleService } from "./console_service.ts";
import { demoCalls, sidOf } from "./demo_calls.ts";
import { type Line, placeStagedCall, playModel } from "./staged_call.ts";

const CALL = { callSid: sidOf(0x57a9ed), from: "+15550176402", to: "+15559870000" };
const GREETING = "Good morning.";
const QUESTION = "When are you open?";
const ANSWER =
  "On Saturdays from nine to two, on Sundays not at all, and on every other day of the week from nine to six.";
const TALK: readonly Line[] = [
  { atMs: 100, speaker: "assistant", text: GREETING },
  { atMs: 1_800, speaker: "caller", text: QUESTION },
  { atMs: 4_000, speaker: "assistant", text: ANSWER },
];

/** A service whose model the test plays. */
async function startService(model: ScriptedModel, clock?: Clock): Promise<ConsoleService> {
  return await ConsoleService.start({
    ...(clock && { clock }),
    env: { OPENAI_REALTIME_URL: model.url, OPENAI_API_KEY: "sk-invented", RECORDING: "off" },
    assistants: { default: "reception", assistants: { reception: { greeting: "" } } },
  });
}

/** A service with a call in progress, in which nobody speaks until `talk`. */
async function talkingService() {
  const clock = new SteadyClock();
  const model = new ScriptedModel();
  const service = await startService(model, clock);
  const [caller, session] = await Promise.all([
    placeStagedCall(service.origin, CALL, TALK, clock),
    model.session(model.sessions.length),
  ]);
  await session.configure();
  let spoken = Promise.resolve();
  return {
    service,
    clock,
    /** Plays `TALK`. Resolves once everything was sent. */
    talk: () => spoken = playModel(session, TALK, clock),
    async [Symbol.asyncDispose]() {
      await spoken;
      await caller.hangUp();
      await service[Symbol.asyncDispose]();
      await model[Symbol.asyncDispose]();
    },
  };
}

/** The part of each of the assistant's turns that is shown as not heard. */
async function unheardTexts(page: Page): Promise<string[]> {
  return await page.$$eval(
    ".live-turns li.assistant .ahead",
    (spans) => spans.map(({ textContent }) => textContent ?? ""),
  );
}

async function openedInMiddle(browser: Browser): Promise<void> {
  await using talking = await talkingService();
  const { service, clock, talk } = talking;
  await using visited = await visit(browser, { origin: service.origin, microphone: false });
  const { page, problems } = visited;
  clock.rate = 3;
  await talk();
  for (let visits = 0; visits < 2; visits++) {
    clock.rate = 1;
    await wait(clock, 300, undefined);
    // The call waits until the page is open, and until it was read.
    clock.rate = 0;
    if (visits === 0) await page.goto(service.page(`#live/${CALL.callSid}`));
    else await page.reload();
    await waitForText(page, "On Saturdays", ".live-turns li.assistant");
    clock.rate = 1;
    // The playback meter has a figure once a level arrived.
    await page.waitForFunction(
      "!document.querySelector('.playback-meter dd').textContent.startsWith('0.0')",
      { polling: 50 },
    );
    clock.rate = 0;
    const [greeting, answer = ""] = await unheardTexts(page);
    assertEquals(greeting, "", `visit ${visits}: the greeting was heard`);
    assert(answer.endsWith("to six."), `visit ${visits}: the answer is playing, "${answer}" was not heard`);
  }
  clock.rate = 3;
  await page.waitForFunction(
    "[...document.querySelectorAll('.live-turns .ahead')].every(({ textContent }) => textContent === '')",
    { polling: 50 },
  );
  await page.reload();
  await waitForText(page, "On Saturdays", ".live-turns li.assistant");
  await page.waitForFunction(
    "[...document.querySelectorAll('.live-turns .ahead')].every(({ textContent }) => textContent === '')",
    { polling: 50 },
  );
  assertEquals(problems, []);
}

async function wallboard(browser: Browser): Promise<void> {
  await using talking = await talkingService();
  const { service, talk } = talking;
  await using visited = await visit(browser, { origin: service.origin, microphone: false });
  const { page, problems } = visited;
  await page.goto(service.page("#live"));
  await waitForText(page, CALL.from, ".live-calls");
  talk();
  await Promise.all([
    waitForText(page, QUESTION, ".live-calls .words").then(() =>
      waitForText(page, "to six.", ".live-calls .words")
    ),
    // Only while the assistant speaks.
    page.waitForFunction(
      "Number(document.querySelector('.live-calls i.assistant').style.getPropertyValue('--share')) > 0.1",
      { polling: 50 },
    ),
  ]);
  assertEquals(problems, []);
}

async function hangUpDialog(browser: Browser): Promise<void> {
  await using talking = await talkingService();
  const { service } = talking;
  await using visited = await visit(browser, { origin: service.origin, microphone: false });
  const { page } = visited;
  await page.goto(service.page(`#live/${CALL.callSid}`));
  await page.locator(".controls .danger").click();
  await page.waitForSelector("dialog[open]");
  assertEquals(await page.evaluate("document.activeElement.textContent"), "Cancel");
  const buttons = await page.$$eval("dialog[open] button", (all) =>
    all.map((button) => {
      const { left, top } = button.getBoundingClientRect();
      return { text: button.textContent, left, top };
    }));
  assertEquals(buttons.map(({ text }) => text), ["Cancel", "Hang up"]);
  const [cancel, hangUp] = buttons;
  assert(cancel && hangUp && cancel.left < hangUp.left && cancel.top === hangUp.top, JSON.stringify(buttons));
}

async function viewer(browser: Browser): Promise<void> {
  const token = "viewer-of-the-switchboard";
  const env = {
    ADMIN_TOKEN: "correct-horse-battery",
    VIEWER_TOKEN: token,
    TWILIO_AUTH_TOKEN: "the-account-token",
    PUBLIC_URL: "https://phone.example.com",
  };
  await using service = await ConsoleService.start({ env });
  await using visited = await visit(browser, { origin: service.origin });
  const { page } = visited;
  const [call] = demoCalls(1, Date.now());
  await sendLiveEvents(page, [["call", { ...call, state: "connected", now: call?.startedAt }]]);
  await page.goto(service.page(""));
  await signIn(page, token);
  await page.goto(service.page(`#live/${call?.callSid}`));
  await page.waitForSelector(".live-turns li:not([hidden])");
  const controls = await page.$$eval(
    "main button, main input",
    (all) => all.map(({ textContent }) => textContent),
  );
  assertEquals(controls, ["Listen"]);
  await page.goto(service.page("#phone"));
  await waitForText(page, "VIEWER_TOKEN", ".phone-notice");
  assertEquals(await page.$eval(".phone-button", (button) => button.matches(":disabled")), true);
}

async function turnWithoutText(browser: Browser): Promise<void> {
  await using service = await ConsoleService.start({});
  await using visited = await visit(browser, { origin: service.origin });
  const { page } = visited;
  const [call] = demoCalls(1, Date.now());
  const turns = [
    { id: "a", speaker: "assistant", text: "Good morning.", atMs: 0, done: true },
    { id: "b", previous: "a", speaker: "caller", text: "", atMs: 2_000, done: false },
  ];
  await sendLiveEvents(page, [["call", { ...call, turns, state: "connected", now: call?.startedAt }]]);
  await page.goto(service.page(`#live/${call?.callSid}`));
  await page.waitForSelector(".live-turns li:not([hidden])");
  const speakers = await page.$$eval(
    ".live-turns li:not([hidden]) .speaker",
    (all) => all.map(({ textContent }) => textContent),
  );
  assertEquals(speakers, ["Assistant"]);
}

async function bufferedAfterEnd(browser: Browser): Promise<void> {
  await using model = new ScriptedModel();
  await using service = await startService(model);
  await using visited = await visit(browser, { origin: service.origin, microphone: false });
  const { page } = visited;
  await page.goto(service.page("#phone"));
  await page.waitForSelector(".phone-button:enabled");
  const [session] = await Promise.all([
    model.session(model.sessions.length),
    page.locator(".phone-button").click(),
  ]);
  await session.configure();
  await service.logged("stream started");
  const spoken = playModel(session, [{ atMs: 0, speaker: "assistant", text: ANSWER }]);
  await page.waitForFunction(
    "!document.querySelector('.twilio-steps + .facts dd').textContent.startsWith('0')",
    { polling: 50 },
  );
  const [{ callSid }] = (await (await fetch(`${service.origin}/api/calls`)).json()).calls;
  const ended = await fetch(`${service.origin}/api/calls/${callSid}/hangup`, { method: "POST", body: "{}" });
  await ended.body?.cancel();
  await waitForText(page, "Ended: the service hung up", ".phone-state");
  await page.waitForFunction(
    "document.querySelector('.twilio-steps + .facts dd').textContent === '0 ms'",
    { polling: 50 },
  );
  await spoken;
}

browserTest("Console: live calls", {
  "Live call opened in its middle, and after a reload, shows earlier answers as heard": openedInMiddle,
  "Live list shows levels and the last words of each call": wallboard,
  "Hang-up dialog has Cancel before Hang up, in one row, and gives Cancel the focus": hangUpDialog,
  "Viewer can listen to a live call but finds no control that changes it, and cannot call": viewer,
  "Phone shows no buffered audio after the call ended": bufferedAfterEnd,
  "Live call shows no bubble of a turn without text": turnWithoutText,
});
