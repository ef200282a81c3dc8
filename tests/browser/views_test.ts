/** Tests of every view of the console in a real browser. */

import axe from "axe-core";
import { assert, assertEquals } from "@std/assert";
import type { Browser, Page } from "puppeteer-core";
import { rateOf, toBytes } from "../../src/simulator/model/model_audio.ts";
import { chime } from "../../src/simulator/model/echo_model.ts";
import type { ModelBehavior } from "../../src/simulator/model/model_behavior.ts";
import { StreamClient } from "../support/stream_client.ts";
import { browserTest, type Visit, visit, waitForText } from "./chromium.ts";
import { ConsoleService } from "./console_service.ts";
import { demoCalls, INJECTION, injectionCall, sidOf } from "./demo_calls.ts";
import { axeProblems, hasInjectedMarkup } from "./page_scripts.js";

/** The call in progress. */
const LIVE = sidOf(0x11fe);
/** Each view, and a selector that matches once it is drawn. */
const VIEWS: readonly (readonly [view: string, ready: string])[] = [
  ["#live", `a[href="#live/${LIVE}"]`],
  [`#live/${LIVE}`, ".live-turns li:not([hidden])"],
  ["#calls", `a[href="#calls/${sidOf(1)}"]`],
  [`#calls/${sidOf(1)}`, "main svg, main canvas"],
  ["#overview", "main svg"],
  ["#phone", ".steps .step"],
];
const SHAPES = [{ width: 1280, height: 800 }, { width: 360, height: 740 }];

/** The rules of axe that read colours. */
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];

const FINDINGS = [
  {
    check: "model",
    level: "warning",
    message: "the built-in stand-in model answers",
    remedy: "set OPENAI_API_KEY",
  },
  {
    check: "public address",
    level: "failed",
    message: "https://x.example cannot be reached",
    remedy: "check DNS",
  },
  { check: "Twilio account", level: "ok", message: "auth token accepted" },
  { check: "phone number", level: "warning", message: "not checked: PUBLIC_URL is not set" },
] as const;

/** Places a call that stays in progress. */
async function placeCall(
  service: ConsoleService,
  callSid: string,
  from = "+15550101234",
): Promise<StreamClient> {
  const form = { CallSid: callSid, From: from, To: "+15559870000", CallStatus: "ringing" };
  const response = await fetch(`${service.origin}/incoming-call`, {
    method: "POST",
    body: new URLSearchParams(form),
  });
  const token = /name="token" value="([^"]+)"/.exec(await response.text())?.[1] ?? "";
  const stream = new StreamClient(`${service.origin.replace("http", "ws")}/media-stream`);
  stream.echoMarks = true;
  await stream.start(callSid, { token, from });
  stream.media(0);
  return stream;
}

async function accessible(browser: Browser): Promise<void> {
  await using service = await ConsoleService.start({
    // The call in progress sends one frame, and must last until every view was checked.
    env: { MEDIA_TIMEOUT_SECONDS: "600" },
    records: demoCalls(12, Date.now()),
    findings: FINDINGS,
  });
  await using _stream = await placeCall(service, LIVE);
  await using closed = await ConsoleService.start({ env: { ADMIN_TOKEN: "correct-horse-battery" } });
  const problemsFound: string[] = [];
  const checkIn = async (language: "en" | "es") => {
    await using signIn = await visit(browser, { origin: closed.origin, language });
    await signIn.page.goto(closed.page(""));
    await checkPage(signIn, `${language} sign-in`, problemsFound);
    await using visited = await visit(browser, { origin: service.origin, language });
    const { page, problems } = visited;
    for (const [view, ready] of VIEWS) {
      await page.goto(service.page(view));
      await page.waitForSelector(ready).catch(() => problemsFound.push(`${view}: no ${ready}`));
      await checkPage(visited, `${language} ${view}`, problemsFound);
    }
    await page.locator(".phone-button").click();
    await waitForText(page, "(a chime)", ".live-turns li");
    await checkPage(visited, `${language} #phone, talking`, problemsFound);
    await page.locator("nav a[href='#overview']").click();
    await page.waitForSelector("main svg");
    await checkPage(visited, `${language} #overview, talking`, problemsFound);
    problemsFound.push(...problems);
  };
  // Each language takes a core.
  await Promise.all([checkIn("en"), checkIn("es")]);
  assertEquals(problemsFound, []);
}

/**
 * Checks a page in each shape and colour scheme; in Spanish, which differs only in length, in two of the
 * four. In the second scheme of a shape only the colours differ.
 */
async function checkPage({ page }: Visit, name: string, problemsFound: string[]): Promise<void> {
  // Most views are a fragment of the same page, which then has it already.
  if (!await page.evaluate("'axe' in globalThis")) await page.evaluate(axe.source);
  for (const [i, shape] of SHAPES.entries()) {
    await page.setViewport(shape);
    const lights = ["light", "dark"];
    for (const [at, light] of (name.startsWith("es") ? lights.slice(i, i + 1) : lights).entries()) {
      await page.emulateMediaFeatures([
        { name: "prefers-color-scheme", value: light },
        // axe must not measure colours during a transition.
        { name: "prefers-reduced-motion", value: "reduce" },
      ]);
      const problems = await page.evaluate(axeProblems, at === 0 ? undefined : COLOUR_RULES);
      problemsFound.push(
        ...problems.map((problem: string) => `${name}, ${shape.width} px, ${light}: ${problem}`),
      );
    }
    const wide = await page.evaluate("document.documentElement.scrollWidth");
    if (Number(wide) > shape.width) problemsFound.push(`${name}: ${wide} px wide at ${shape.width}`);
  }
}

/** Answers with markup. */
const injecting: ModelBehavior = {
  planResponse: ({ format }) => ({
    items: [{ type: "speech", audio: toBytes(format, chime(rateOf(format))), transcript: INJECTION.text }],
    delayMs: 0,
    end: { type: "completed" },
  }),
};

async function onlyText(browser: Browser): Promise<void> {
  await using service = await ConsoleService.start({
    model: { behavior: injecting },
    records: [injectionCall(Date.now())],
    findings: [{ check: INJECTION.name, level: "failed", message: INJECTION.text, remedy: INJECTION.name }],
  });
  await using _stream = await placeCall(service, LIVE, INJECTION.name);
  await using visited = await visit(browser, { origin: service.origin, microphone: false });
  const { page, problems } = visited;
  // The overview shows no text of callers, only its drawings.
  const views: [view: string, text: string, ready?: string][] = [
    ["#live", INJECTION.name],
    [`#live/${LIVE}`, INJECTION.text],
    ["#calls", INJECTION.name],
    [`#calls/${sidOf(0xbad)}`, INJECTION.text],
    ["#overview", "", "main svg"],
    ["#phone", INJECTION.name],
  ];
  for (const [view, text, ready = "main"] of views) {
    await page.goto(service.page(view));
    await page.waitForSelector(ready);
    await waitForText(page, text, "main");
    await assertNoMarkup(page, view);
  }
  await page.waitForSelector(".phone-button:enabled");
  await page.locator(".phone-button").click();
  await waitForText(page, INJECTION.text, ".live-turns li");
  await assertNoMarkup(page, "a call of the phone");
  assertEquals(problems, []);
}

async function assertNoMarkup(page: Page, view: string): Promise<void> {
  assert(!await page.evaluate(hasInjectedMarkup), `${view}: text became markup`);
}

browserTest("Console: every view", {
  "Views have no axe violations in both languages, wide and narrow, light and dark": accessible,
  "Views show what callers and models say as text, not as markup": onlyText,
});
