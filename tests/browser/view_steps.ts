/** What every view of the console must do, in a real browser. */

import axe from "axe-core";
import { assert, assertEquals } from "@std/assert";
import type { Browser, Page } from "puppeteer-core";
import { rateOf, toBytes } from "../../src/simulator/model/audio.ts";
import { chime } from "../../src/simulator/model/chime.ts";
import type { Mind } from "../../src/simulator/model/plan.ts";
import { StreamClient } from "../support/stream_client.ts";
import { seen, type Visit, visit } from "./chromium.ts";
import { ConsoleService } from "./console_service.ts";
import { EVIL, evilCall, madeUpCalls, sidOf } from "./made_up.ts";
import { axeProblems, hasMarkup } from "./in_page.js";

export const VIEW_STEPS: Readonly<Record<string, (browser: Browser) => Promise<void>>> = {
  "every view is for everybody: axe finds nothing, in both languages, wide and narrow, light and dark":
    accessible,
  "what callers and models say is text, whatever it says": onlyText,
};

/** Stands for the call in progress. */
const LIVE = sidOf(0x11fe);
/** Each view, and what is there once it is drawn. */
const VIEWS: readonly (readonly [view: string, ready: string])[] = [
  ["#live", `a[href="#live/${LIVE}"]`],
  [`#live/${LIVE}`, ".said li:not([hidden])"],
  ["#calls", `a[href="#calls/${sidOf(1)}"]`],
  [`#calls/${sidOf(1)}`, "main svg, main canvas"],
  ["#overview", "main svg"],
  ["#phone", ".phone-button:enabled"],
];
const SHAPES = [{ width: 1280, height: 800 }, { width: 360, height: 740 }];

const FINDINGS = [
  { line: "model", level: "warning", found: "the embedded stand-in answers", remedy: "set OPENAI_API_KEY" },
  {
    line: "public address",
    level: "failed",
    found: "https://x.example cannot be reached",
    remedy: "check DNS",
  },
  { line: "Twilio account", level: "ok", found: "the auth token is right" },
  { line: "phone number", level: "warning", found: "not checked: PUBLIC_URL is not set" },
] as const;

/** A call in progress, by a caller of this name. */
async function placeCall(
  service: ConsoleService,
  callSid: string,
  from = "+15550101234",
): Promise<StreamClient> {
  const form = { CallSid: callSid, From: from, To: "+15559870000", CallStatus: "ringing" };
  const answer = await fetch(`${service.origin}/incoming-call`, {
    method: "POST",
    body: new URLSearchParams(form),
  });
  const token = /name="token" value="([^"]+)"/.exec(await answer.text())?.[1] ?? "";
  const stream = new StreamClient(`${service.origin.replace("http", "ws")}/media-stream`);
  stream.echoMarks = true;
  await stream.start(callSid, { token, from });
  stream.media(0);
  return stream;
}

async function accessible(browser: Browser): Promise<void> {
  await using service = await ConsoleService.start({
    records: madeUpCalls(30, Date.now()),
    findings: FINDINGS,
  });
  await using _stream = await placeCall(service, LIVE);
  await using closed = await ConsoleService.start({ env: { ADMIN_TOKEN: "correct-horse-battery" } });
  const found: string[] = [];
  const lookIn = async (language: "en" | "es") => {
    await using signIn = await visit(browser, { origin: closed.origin, language });
    await signIn.page.goto(closed.page(""));
    await look(signIn, `${language} sign-in`, found);
    await using visited = await visit(browser, { origin: service.origin, language });
    const { page, problems } = visited;
    for (const [view, ready] of VIEWS) {
      await page.goto(service.page(view));
      await page.waitForSelector(ready, { timeout: 10_000 }).catch(() => found.push(`${view}: no ${ready}`));
      await look(visited, `${language} ${view}`, found);
    }
    await page.locator(".phone-button").click();
    await seen(page, "(a chime)", ".said li");
    await look(visited, `${language} #phone, talking`, found);
    await page.locator("nav a[href='#overview']").click();
    await look(visited, `${language} #overview, talking`, found);
    found.push(...problems);
  };
  // Looking takes a core each.
  await Promise.all([lookIn("en"), lookIn("es")]);
  assertEquals(found, []);
}

/** One page, in each shape and light; in Spanish, which is longer but no different to look at, in two of the four. */
async function look({ page }: Visit, name: string, found: string[]): Promise<void> {
  await page.evaluate(axe.source);
  for (const [i, shape] of SHAPES.entries()) {
    await page.setViewport(shape);
    const lights = ["light", "dark"];
    for (const light of name.startsWith("es") ? lights.slice(i, i + 1) : lights) {
      await page.emulateMediaFeatures([
        { name: "prefers-color-scheme", value: light },
        // Nothing is looked at while it changes.
        { name: "prefers-reduced-motion", value: "reduce" },
      ]);
      const problems = await page.evaluate(axeProblems);
      found.push(...problems.map((problem: string) => `${name}, ${shape.width} px, ${light}: ${problem}`));
    }
    const wide = await page.evaluate("document.documentElement.scrollWidth");
    if (Number(wide) > shape.width) found.push(`${name}: ${wide} px wide at ${shape.width}`);
  }
}

/** Says what it should not. */
const evil: Mind = {
  respond: ({ format }) => ({
    pieces: [{ type: "speech", audio: toBytes(format, chime(rateOf(format))), transcript: EVIL.text }],
    delayMs: 0,
    end: { type: "completed" },
  }),
};

async function onlyText(browser: Browser): Promise<void> {
  await using service = await ConsoleService.start({
    model: { mind: evil },
    records: [evilCall(Date.now())],
    findings: [{ line: EVIL.name, level: "failed", found: EVIL.text, remedy: EVIL.name }],
  });
  await using _stream = await placeCall(service, LIVE, EVIL.name);
  await using visited = await visit(browser, { origin: service.origin, microphone: false });
  const { page, problems } = visited;
  const views: [view: string, text: string][] = [
    ["#live", EVIL.name],
    [`#live/${LIVE}`, EVIL.text],
    ["#calls", EVIL.name],
    [`#calls/${sidOf(0xbad)}`, EVIL.text],
    ["#overview", ""],
    ["#phone", EVIL.name],
  ];
  for (const [view, text] of views) {
    await page.goto(service.page(view));
    await seen(page, text, "main");
    await assertNoMarkup(page, view);
  }
  await page.waitForSelector(".phone-button:enabled");
  await page.locator(".phone-button").click();
  await seen(page, EVIL.text, ".said li");
  await assertNoMarkup(page, "a call of the phone");
  assertEquals(problems, []);
}

async function assertNoMarkup(page: Page, view: string): Promise<void> {
  assert(!await page.evaluate(hasMarkup), `${view}: words have become markup`);
}
