/**
 * Takes pictures of every view, wide and narrow, light and dark, for docs/screens/:
 *
 *     deno run $(deno run -q --no-config --no-lock --allow-net --allow-env=JSR_URL .mirror/flags.ts) -A tests/browser/screens.ts
 *
 * The calls are made up; the service that tells of them is real. It takes about a minute, and needs Chromium.
 */

import type { Browser } from "puppeteer-core";
import { ScriptedModel } from "../support/scripted_model.ts";
import { launch, seen, type Visit, visit } from "./chromium.ts";
import { ConsoleService } from "./console_service.ts";
import { madeUpCalls, sidOf } from "./made_up.ts";
import { microphoneWav } from "./microphone.ts";
import { type Line, placeStagedCall, playModel } from "./staged_call.ts";

const FOLDER = new URL("../../docs/screens/", import.meta.url);
const SHAPES = {
  wide: { width: 1280, height: 800 },
  narrow: { width: 390, height: 844 },
};
const LIGHTS = ["light", "dark"];

const TO = "+15559870000";
const SALES = "+15559870001";
const STAGED = sidOf(0x57a9ed);
const TALK: readonly Line[] = [
  { atMs: 200, who: "assistant", text: "Example Garden Tools, good morning. How can I help?" },
  { atMs: 3_700, who: "caller", text: "Hi, I ordered a hedge trimmer and would like to know where it is." },
  {
    atMs: 8_500,
    who: "assistant",
    text: "Gladly. Order 4711 left our warehouse yesterday and arrives on Thursday, between nine and twelve.",
  },
  { atMs: 12_000, who: "caller", text: "Thursday is no good, could it come on Friday?" },
  { atMs: 15_700, who: "assistant", text: "Friday it is. You get a message one hour before. Anything else?" },
];
const TRIED: readonly Line[] = [
  { atMs: 300, who: "assistant", text: "Example Garden Tools, good morning!" },
  { atMs: 2_700, who: "caller", text: "When do you open on Saturday?" },
  {
    atMs: 5_000,
    who: "assistant",
    text: "On Saturdays we are open from nine to two, and in May until four.",
  },
];
const FINDINGS = [
  {
    line: "model",
    level: "warning",
    found: "the embedded stand-in answers, which only says back what it hears",
    remedy: "set OPENAI_API_KEY to talk to a real one",
  },
  { line: "public address", level: "warning", found: "not checked: PUBLIC_URL is not set" },
  { line: "Twilio account", level: "ok", found: "the auth token is right, the account is active" },
  { line: "phone number", level: "warning", found: "not checked: PUBLIC_URL is not set" },
] as const;

/** Takes the four pictures of what a page shows now. */
async function shoot({ page }: Visit, name: string): Promise<void> {
  for (const [shape, size] of Object.entries(SHAPES)) {
    await page.setViewport(size);
    for (const light of LIGHTS) {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: light }]);
      // Drawings follow with the next frame.
      await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
      const png = await page.screenshot({ optimizeForSpeed: false });
      await Deno.writeFile(new URL(`${name}-${shape}-${light}.png`, FOLDER), png);
    }
  }
  await page.setViewport(SHAPES.wide);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function calls(browser: Browser): Promise<void> {
  await using model = new ScriptedModel();
  await using service = await ConsoleService.start({
    env: {
      OPENAI_REALTIME_URL: model.url,
      OPENAI_API_KEY: "sk-made-up",
      RECORDING: "on",
      RECORDING_CONSENT: "",
      TWILIO_PHONE_NUMBER: TO,
    },
    assistants: {
      default: "reception",
      assistants: {
        reception: { greeting: "" },
        sales: { greeting: "", answers: { to: [SALES] } },
        recepcion: { greeting: "" },
      },
    },
    records: madeUpCalls(64, Date.now()),
    findings: FINDINGS,
  });
  const place = async (callSid: string, from: string, lines: readonly Line[], to = TO) => {
    const [caller, session] = await Promise.all([
      placeStagedCall(service.origin, { callSid, from, to }, lines),
      model.session(model.sessions.length).then(async (session) => {
        await session.configure();
        return session;
      }),
    ]);
    playModel(session, lines);
    return caller;
  };
  const others = [
    await place(sidOf(0xa1), "+15550142318", []),
    await place(sidOf(0xa2), "anonymous", TRIED, SALES),
  ];
  const staged = await place(STAGED, "+15550176402", TALK);
  await using watching = await visit(browser, { origin: service.origin });
  await using looking = await visit(browser, { origin: service.origin });
  await watching.page.goto(service.page(`#live/${STAGED}`));
  await looking.page.goto(service.page("#live"));
  await pause(10_000);
  await shoot(looking, "live");
  await seen(watching.page, "Friday it is", ".said li");
  await pause(1_200);
  await shoot(watching, "live-call");
  await pause(1_000);
  for (const caller of [staged, ...others]) await caller.hangUp();
  await service.logged("call ended", 3);
  await pause(1_500);
  const { page } = looking;
  for (
    const [view, name] of [["#calls", "calls"], [`#calls/${STAGED}`, "call"], [
      "#overview",
      "overview",
    ]] as const
  ) {
    await page.goto(service.page(view));
    await page.waitForNetworkIdle({ idleTime: 300 });
    await shoot(looking, name);
  }
  await page.goto(service.page("#phone"));
  await page.waitForSelector(".phone-button:enabled");
  const [session] = await Promise.all([
    model.session(model.sessions.length),
    page.locator(".phone-button").click(),
  ]);
  await session.configure();
  await service.logged("stream started", 4);
  playModel(session, TRIED);
  await pause(6_300);
  await shoot(looking, "phone");
  await page.locator(".hang-up").click();
  await service.logged("call ended", 4);
}

async function firstVisit(browser: Browser): Promise<void> {
  await using service = await ConsoleService.start({ findings: FINDINGS });
  await using visited = await visit(browser, { origin: service.origin });
  await visited.page.goto(service.page(""));
  await visited.page.waitForSelector(".steps");
  await shoot(visited, "first-visit");
}

async function signIn(browser: Browser): Promise<void> {
  await using service = await ConsoleService.start({ env: { ADMIN_TOKEN: "correct-horse-battery" } });
  await using visited = await visit(browser, { origin: service.origin });
  await visited.page.goto(service.page(""));
  await visited.page.waitForSelector("#token");
  await shoot(visited, "sign-in");
}

await Deno.mkdir(FOLDER, { recursive: true });
const wav = await Deno.makeTempFile({ suffix: ".wav" });
await Deno.writeFile(wav, microphoneWav());
const browser = await launch(wav);
try {
  await calls(browser);
  await firstVisit(browser);
  await signIn(browser);
} finally {
  await browser.close();
  await Deno.remove(wav);
}
