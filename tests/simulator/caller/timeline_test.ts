import { assertEquals } from "@std/assert";
import { formatTimeline, Timeline } from "../../../src/simulator/caller/timeline.ts";
import { FakeClock } from "../../support/fake_clock.ts";

Deno.test("Timeline counts from the start of the stream, with negative times before it", () => {
  const clock = new FakeClock();
  const timeline = new Timeline(() => clock.now());
  timeline.add("twilio", "requests TwiML");
  clock.advance(250);
  timeline.streamStarts();
  clock.advance(1000);
  timeline.add("assistant", "stops speaking");
  timeline.add("assistant", "starts speaking", { atMs: 500, detail: "added later" });
  assertEquals(timeline.entries, [
    { atMs: -250, actor: "twilio", action: "requests TwiML" },
    { atMs: 500, actor: "assistant", action: "starts speaking", detail: "added later" },
    { atMs: 1000, actor: "assistant", action: "stops speaking" },
  ]);
});

Deno.test("formatTimeline() prints one line for each entry and one for consecutive marks", () => {
  const mark = (atMs: number, detail: string) => ({
    atMs,
    actor: "twilio" as const,
    action: "returns mark",
    detail,
  });
  const text = formatTimeline([
    { atMs: -31, actor: "twilio", action: "requests TwiML" },
    mark(1000, "a"),
    { atMs: 1234.6, actor: "server", action: "sends clear", detail: "80 ms discarded unheard" },
    mark(1235, "b"),
    mark(1236, "c"),
    mark(1240, "d"),
    { atMs: 12_340, actor: "twilio", action: "warning 31950", detail: "a binary frame", times: 3 },
  ]);
  assertEquals(text.split("\n").map((line) => line.trim()), [
    "-0.03 s  twilio     requests TwiML",
    "1.00 s  twilio     returns mark  a",
    "1.23 s  server     sends clear  80 ms discarded unheard",
    '1.24 s  twilio     returns marks  3, the last "d"',
    "12.34 s  twilio     warning 31950  a binary frame  (3 times)",
  ]);
});
