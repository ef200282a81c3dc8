/** Tests of the console's views of stored calls in a real browser. */

import { assert, assertEquals } from "@std/assert";
import type { Browser } from "puppeteer-core";
import type { EndedCall } from "../../src/records/call_record.ts";
import { browserTest, sendLiveEvents, visit, waitForPaint, waitForText } from "./chromium.ts";
import { ConsoleService } from "./console_service.ts";
import { demoCalls, sidOf } from "./demo_calls.ts";

const [SAMPLE] = demoCalls(1, Date.now());
assert(SAMPLE);
const TOOL = {
  atMs: 5_000,
  kind: "tool",
  name: "find_slot",
  ok: true,
  ms: 300,
  arguments: '{"day":"Tuesday"}',
  result: '{"slots":["9:00"',
} as const;
const CALL: EndedCall = {
  ...SAMPLE,
  assistant: "retired",
  events: [TOOL, {
    atMs: SAMPLE.seconds * 1_000 - 500,
    kind: "transfer",
    name: "front_desk_of_the_clinic",
    ok: true,
  }],
};

async function toolData(browser: Browser): Promise<void> {
  await using service = await ConsoleService.start({ records: [CALL] });
  await using visited = await visit(browser, { origin: service.origin, microphone: false });
  const { page, problems } = visited;
  await page.goto(service.page(`#calls/${CALL.callSid}`));
  await page.waitForSelector(".turns .event details:not([open])");
  await page.locator(".turns .event summary").click();
  await page.waitForSelector(".turns .event details[open]");
  const texts = await page.$$eval(".turns .event pre", (all) => all.map(({ textContent }) => textContent));
  // A result that was shortened is not JSON.
  assertEquals(texts, ['{\n  "day": "Tuesday"\n}', TOOL.result]);
  assertEquals(problems, []);
}

async function liveToolData(browser: Browser): Promise<void> {
  await using service = await ConsoleService.start();
  await using visited = await visit(browser, { origin: service.origin, microphone: false });
  const { page } = visited;
  const call = { ...CALL, endedAt: undefined, endReason: undefined, state: "connected", now: CALL.startedAt };
  await sendLiveEvents(page, [["call", { ...call, events: [] }], ["event", TOOL]]);
  await page.goto(service.page(`#live/${CALL.callSid}`));
  await page.waitForSelector(".live-events details:not([open])");
  await page.locator(".live-events summary").click();
  await waitForText(page, '"Tuesday"', ".live-events details[open] pre");
}

async function assistantFilter(browser: Browser): Promise<void> {
  await using service = await ConsoleService.start({
    assistants: { default: "reception", assistants: { reception: {} } },
    records: [CALL, { ...CALL, callSid: sidOf(2), assistant: "reception" }],
  });
  await using visited = await visit(browser, { origin: service.origin, microphone: false });
  const { page, problems } = visited;
  await page.goto(service.page("#calls"));
  await waitForText(page, "retired", "#call-assistant option");
  const options = await page.$$eval(
    "#call-assistant option",
    (all) => all.map(({ textContent }) => textContent),
  );
  assertEquals(options, ["All", "reception", "retired"]);
  await page.select("#call-assistant", "retired");
  await page.waitForFunction("document.querySelectorAll('.call-rows li').length === 1", { polling: 50 });
  assertEquals(problems, []);
}

async function timelineLabels(browser: Browser): Promise<void> {
  await using service = await ConsoleService.start({ records: [CALL] });
  await using visited = await visit(browser, { origin: service.origin, microphone: false });
  const { page } = visited;
  for (const width of [1280, 390]) {
    await page.setViewport({ width, height: 800 });
    await page.goto(service.page(`#calls/${CALL.callSid}`));
    await waitForText(page, "front_desk", ".timeline .event text");
    // The timeline is drawn again for the new width in the next frame.
    await waitForPaint(page);
    const [label, edge] = await page.$eval(".timeline", (timeline) => {
      const labels = Array.from(timeline.querySelectorAll(".event text"));
      const right = (element?: Element | null) => element?.getBoundingClientRect().right ?? 0;
      const front = labels.find(({ textContent }) => textContent?.startsWith("front_desk"));
      return [right(front), right(timeline.querySelector("svg"))];
    });
    assert(
      Number(label) <= Number(edge),
      `at ${width} px the label ends at ${label}, the drawing at ${edge}`,
    );
  }
}

async function overviewRows(browser: Browser): Promise<void> {
  const names = ["reception", "billing", "closed", "default"];
  await using service = await ConsoleService.start({
    records: names.map((assistant, at) => ({ ...CALL, callSid: sidOf(at + 1), assistant })),
  });
  await using visited = await visit(browser, { origin: service.origin, microphone: false });
  const { page } = visited;
  await page.goto(service.page("#overview"));
  await page.waitForSelector(".plots");
  const groups = await page.$$eval(
    ".plots",
    (plots) =>
      plots.map((group) =>
        Array.from(group.children, (child) => Math.round(child.getBoundingClientRect().top))
      ),
  );
  const rowLengths = groups.map((tops) =>
    [...Map.groupBy(tops, (top) => top).values()].map(({ length }) => length)
  );
  assertEquals(rowLengths, [[3], [2, 2], [2, 2]]);
}

browserTest("Console: stored calls", {
  "Call record shows a tool's arguments and result, collapsed at first": toolData,
  "Live call shows a tool's arguments and result, collapsed at first": liveToolData,
  "Call list filters by the assistants of the history": assistantFilter,
  "Timeline shows the whole label of an event at the end of the call": timelineLabels,
  "Overview of four assistants leaves no panel alone in a row": overviewRows,
});
