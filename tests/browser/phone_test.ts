/** Tests of the console's phone in a real browser. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Browser } from "puppeteer-core";
import { ChangeSignal } from "../support/wait_until.ts";
import { browserTest, signIn, visit } from "./chromium.ts";
import { ConsoleService } from "./console_service.ts";
import { containsText, hasPlayed, tryWithoutSignIn } from "./page_scripts.js";
import { assertClosed, modelAudio, openPhone, sentMessages, waitForState } from "./phone_page.ts";

const SIGNED = {
  TWILIO_AUTH_TOKEN: "the-account-token",
  PUBLIC_URL: "https://phone.example.com",
  ADMIN_TOKEN: "correct-horse-battery",
};

async function signedCall(browser: Browser): Promise<void> {
  await using service = await ConsoleService.start({ env: SIGNED });
  await using visited = await visit(browser, { origin: service.origin, tapped: true });
  const { page, problems } = visited;
  await page.goto(service.page("#phone"));
  await signIn(page, SIGNED.ADMIN_TOKEN);
  assertEquals(await page.evaluate("location.hash"), "#phone");
  await openPhone(page, service);
  await page.locator(".phone-button").click();
  await page.waitForFunction(containsText, { polling: 50 }, "You said: (", ".live-turns li");
  const { echoCancellation, noiseSuppression, autoGainControl } = JSON.parse(
    String(await page.evaluate("JSON.stringify(tapped.tracks[0].getSettings())")),
  );
  const constraints = [echoCancellation, noiseSuppression, autoGainControl];
  assertEquals(constraints, [true, true, true]);
  await page.locator(".hang-up").click();
  await service.logged("call ended");
  await assertClosed(page, service, SIGNED.ADMIN_TOKEN);
  // The sign-in page has status 401.
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
  const responses = await page.evaluate(tryWithoutSignIn);
  assertEquals(responses, [403, false]);

  const { ADMIN_TOKEN: _, ...env } = SIGNED;
  await using closed = await ConsoleService.start({ env });
  await using other = await visit(browser, { origin: closed.origin });
  await other.page.goto(closed.page("#phone"));
  await other.page.waitForSelector(".phone-notice .notice");
  const notice = await other.page.$eval(".phone-notice", ({ textContent }) => textContent);
  assertStringIncludes(notice ?? "", "Set ADMIN_TOKEN");
  assertEquals(await other.page.$eval(".phone-button", (button) => button.matches(":disabled")), true);
}

async function silentCall(browser: Browser): Promise<void> {
  const model = modelAudio();
  const modelEvents: string[] = [];
  const changes = new ChangeSignal();
  const onEvent = (direction: string, event: object) => {
    model.onEvent(direction, event);
    if (direction === "in") modelEvents.push(JSON.stringify(event));
    changes.notify();
  };
  await using service = await ConsoleService.start({ model: { onEvent } });
  await using visited = await visit(browser, { origin: service.origin, microphone: false, tapped: true });
  const { page, problems } = visited;
  await openPhone(page, service);
  await page.locator(".phone-button").click();
  await page.waitForSelector(".phone-notice .notice");
  assertStringIncludes(await page.$eval(".phone-notice", ({ textContent }) => textContent ?? ""), "blocked");
  await waitForState(page, "Talking");
  await page.locator("::-p-aria(Keypad) button:nth-child(4)").click();
  await page.keyboard.type("2*#");
  await page.waitForFunction(hasPlayed, { polling: 50 }, 0.1);
  const digits = (await sentMessages(page)).map((text) => JSON.parse(text).dtmf?.digit).filter((digit) =>
    digit
  );
  assertEquals(digits, ["4", "2", "*", "#"]);
  assertEquals(await page.$eval(".pressed-keys", ({ textContent }) => textContent), "Pressed: 42*#");
  await changes.until(
    "the model to receive the keys",
    () => modelEvents.some((event) => event.includes("42*")),
  );
  const [{ callSid }] = (await (await fetch(`${service.origin}/api/calls`)).json()).calls;
  const ended = await fetch(`${service.origin}/api/calls/${callSid}/hangup`, { method: "POST", body: "{}" });
  await ended.body?.cancel();
  await waitForState(page, "Ended: the service hung up");
  await assertClosed(page, service);
  const heard = model.received();
  assert(heard.length > 1_000 && heard.every((sample) => sample === 0), "not silence");
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
  await page.select("#phone-assistant", "polyglot");
  await page.locator(".phone-button").click();
  await waitForState(page, "Twilio says: For English, press 1.");
  await page.keyboard.press("2");
  await waitForState(page, "Talking");
  assertEquals((await service.logged("call announced")).assistant, "polyglot");
  const callSid = String((await service.logged("stream started")).call);
  const transfer = async () => {
    const path = `${service.origin}/api/calls/${callSid}/transfer`;
    const headers = { "content-type": "application/json" };
    const response = await fetch(path, { method: "POST", headers, body: '{"to":"sales"}' });
    assertEquals([response.status, await response.text()], [204, ""]);
  };
  await transfer();
  await waitForState(page, "Twilio would call +15550100");
  await page.locator("::-p-text(Nobody answers)").click();
  await service.logged("stream started", 2);
  await waitForState(page, "Talking");
  await transfer();
  await waitForState(page, "Twilio would call +15550100");
  await page.locator("::-p-text(They answer)").click();
  await waitForState(page, "Ended: transferred to +15550100");
  assertEquals((await service.logged("call ended")).end_reason, "transferred");
  await assertClosed(page, service);
  const steps = await page.$eval(".twilio-steps", ({ textContent }) => textContent ?? "");
  for (const step of ["language-chosen", "received 2", "after-stream", "does not answer", "after-transfer"]) {
    assertStringIncludes(steps, step);
  }
  assertEquals(problems, []);
}

browserTest("Console: phone", {
  "Phone of a signed-in user calls a service that requires signatures, with audio processing on": signedCall,
  "Phone cannot call without sign-in when signatures are required": refusedCall,
  "Phone calls without a microphone, sends keys, and ends when the service hangs up": silentCall,
  "Phone selects assistant and language, and simulates an unanswered and an answered transfer":
    transferredCall,
});
