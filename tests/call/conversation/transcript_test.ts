import { assertEquals } from "@std/assert";
import { CallEventStream } from "../../../src/call/call_event_stream.ts";
import { type LiveTurn, Transcript } from "../../../src/call/conversation/transcript.ts";

function streamTo(turns: LiveTurn[]): CallEventStream {
  const events = new CallEventStream();
  events.on("turn changed", ({ turn }) => turns.push(turn));
  return events;
}

const linesOf = (transcript: Transcript) =>
  transcript.turns.map(({ speaker, text }) => `${speaker}: ${text}`);

Deno.test("Transcript keeps the order of the conversation when texts arrive late", () => {
  const transcript = new Transcript(new CallEventStream());
  transcript.addItem("a0", undefined, "assistant", 0);
  transcript.addItem("u1", "a0", "caller", 1_000);
  transcript.addItem("a1", "u1", "assistant", 2_000);
  transcript.addItem("u2", "a1", "caller", 3_000);
  transcript.setText("a0", "assistant", "Hello.", 500);
  transcript.setText("a1", "assistant", "Nine to five.", 2_500);
  transcript.setText("u2", "caller", "Thanks.", 4_000);
  transcript.setText("u1", "caller", " When are you open? ", 5_000);
  assertEquals(linesOf(transcript), [
    "assistant: Hello.",
    "caller: When are you open?",
    "assistant: Nine to five.",
    "caller: Thanks.",
  ]);
});

Deno.test("Transcript places items that are added late, and leaves notes out", () => {
  const transcript = new Transcript(new CallEventStream());
  transcript.setText("a1", "assistant", "Second.", 2);
  transcript.addItem("u1", undefined, "caller", 1);
  transcript.addItem("n1", "u1", undefined, 1);
  transcript.addItem("a1", "n1", "assistant", 2);
  transcript.setText("u1", "caller", "First.", 3);
  transcript.addItem("x", "nobody knows", "caller", 4);
  assertEquals(linesOf(transcript), ["caller: First.", "assistant: Second.", "caller: undefined"]);
  transcript.addItem("u2", "u1", "caller", 5);
  transcript.setText("u2", "caller", "And more.", 5);
  assertEquals(linesOf(transcript).slice(0, 2), ["caller: First.", "caller: And more."]);
});

Deno.test("Transcript truncates an interrupted answer between words", () => {
  const cases: [number, string | undefined][] = [
    [10_000, "One two three four."],
    [5_000, "One two"],
    [9_999, "One two three"],
    [100, ""],
  ];
  for (const [heardMs, text] of cases) {
    const transcript = new Transcript(new CallEventStream());
    transcript.setText("a", "assistant", "One two three four.", 0);
    transcript.heard("a", heardMs, 10_000, true, 0);
    assertEquals(transcript.turns.map((turn) => turn.text), [text]);
  }
});

Deno.test("Transcript leaves out an unheard answer and keeps a turn without text", () => {
  const transcript = new Transcript(new CallEventStream());
  transcript.heard("a", 0, 3_000, true, 0);
  transcript.setText("a", "assistant", "Never heard.", 0);
  transcript.addItem("u", "a", "caller", 7);
  assertEquals(transcript.turns, [{ speaker: "caller", atMs: 7 }]);
});

Deno.test("Transcript has the latency of answers", () => {
  const transcript = new Transcript(new CallEventStream());
  const latency = { modelMs: 1, sendMs: 2, playbackMs: 3 };
  transcript.setLatency("a", latency, 5);
  transcript.heard("a", 300, 300, false, 5);
  assertEquals(transcript.turns, [{ speaker: "assistant", atMs: 5, heardMs: 300, totalMs: 300, latency }]);
});

Deno.test("Transcript emits each turn as its text arrives, with its place and its unheard part", () => {
  const emitted: LiveTurn[] = [];
  const transcript = new Transcript(streamTo(emitted));
  transcript.addItem("u", undefined, "caller", 0);
  transcript.appendText("a", "assistant", "We open", 1_000);
  transcript.appendText("a", "assistant", " at nine", 1_100);
  transcript.setText("a", "assistant", "We open at nine today.", 1_200);
  transcript.appendText("a", "assistant", " a word too late", 1_300);
  assertEquals(emitted.map(({ id, previous, text, done }) => [id, previous, text, done]), [
    ["u", undefined, "", false],
    ["a", "u", "", false],
    ["a", "u", "We open", false],
    ["a", "u", "We open at nine", false],
    ["a", "u", "We open at nine today.", true],
  ]);
  transcript.heard("a", 500, 1_000, true, 1_500);
  const cut = {
    id: "a",
    previous: "u",
    speaker: "assistant",
    text: "We open at",
    unheard: "nine today.",
  } as const;
  assertEquals(emitted.at(-1), {
    ...cut,
    atMs: 1_000,
    done: true,
    heardMs: 500,
    totalMs: 1_000,
    interrupted: true,
    played: { fromMs: 1_500, toMs: 1_500 },
  });
  assertEquals(transcript.liveTurns, [emitted[0], emitted.at(-1)]);
  transcript.addItem("n", "a", undefined, 2_000);
  assertEquals(transcript.liveTurns.length, 2, "notes are not turns");
});

Deno.test("Transcript has the spans of each turn", () => {
  const transcript = new Transcript(new CallEventStream());
  transcript.setSpoken("u", { fromMs: 100 }, 400);
  transcript.setSpoken("u", { toMs: 1_900 }, 1_950);
  for (const atMs of [2_000, 2_050, 2_100]) transcript.generated("a", atMs);
  transcript.played("a", 2_010);
  transcript.played("a", 2_110);
  transcript.heard("a", 800, 1_000, true, 2_900);
  const [caller, assistant] = transcript.turns;
  assertEquals(caller?.spoken, { fromMs: 100, toMs: 1_900 });
  assertEquals(assistant?.generated, { fromMs: 2_000, toMs: 2_100 });
  assertEquals(assistant?.played, { fromMs: 2_010, toMs: 2_900 });
});

Deno.test("Transcript.text() has heard turns and notes in order, and keeps the last 6,000 characters", () => {
  const emitted: LiveTurn[] = [];
  const transcript = new Transcript(streamTo(emitted));
  assertEquals(transcript.text, "");
  transcript.addItem("a0", undefined, "assistant", 0);
  transcript.setText("a0", "assistant", "Hello there.", 0);
  transcript.addNote("The caller pressed 1", 1);
  transcript.addNote("The caller pressed 2", 2);
  transcript.addItem("u1", "a0", "caller", 3);
  transcript.setText("u1", "caller", "Hi.", 3);
  transcript.setText("a1", "assistant", "One two three four.", 4);
  transcript.heard("a1", 500, 1_000, true, 4);
  transcript.setText("a2", "assistant", "Nobody heard this.", 5);
  transcript.heard("a2", 0, 0, true, 5);
  const notes = "Note: The caller pressed 1\nNote: The caller pressed 2";
  assertEquals(transcript.text, `You: Hello there.\n${notes}\nCaller: Hi.\nYou: One two`);
  assertEquals(emitted.find(({ id }) => id === "u1")?.previous, "a0", "notes are not turns");
  transcript.addItem("u0", "a0", "caller", 7);
  transcript.setText("u0", "caller", "Oh.", 7);
  assertEquals(transcript.text.split("\n").slice(2, 5), [
    notes.split("\n")[1],
    "Caller: Oh.",
    "Caller: Hi.",
  ]);
  assertEquals(transcript.liveTurns.map(({ id }) => id), ["a0", "u0", "u1", "a1", "a2"]);
  assertEquals(transcript.liveTurns.at(-1), {
    id: "a2",
    previous: "a1",
    speaker: "assistant",
    text: "",
    unheard: "Nobody heard this.",
    atMs: 5,
    done: true,
    heardMs: 0,
    totalMs: 0,
    interrupted: true,
    played: { fromMs: 5, toMs: 5 },
  });
  transcript.setText("u2", "caller", "x".repeat(7_000), 6);
  assertEquals(transcript.text, "x".repeat(6_000));
});

Deno.test("Transcript.revert() removes a turn and emits it as done", () => {
  const emitted: LiveTurn[] = [];
  const transcript = new Transcript(streamTo(emitted));
  transcript.setSpoken("u1", { fromMs: 0 }, 0);
  transcript.setSpoken("u2", { fromMs: 5 }, 5);
  transcript.setText("u2", "caller", "Hello?", 6);
  assertEquals([transcript.hasText("u1"), transcript.hasText("u2")], [false, true]);
  assertEquals([transcript.revert("u1"), transcript.revert("u3")], [true, false]);
  assertEquals(emitted.at(-1), {
    id: "u1",
    speaker: "caller",
    text: "",
    atMs: 0,
    done: true,
    spoken: { fromMs: 0, toMs: 0 },
  });
  assertEquals(transcript.turns.map(({ text }) => text), ["Hello?"]);
  assertEquals(transcript.liveTurns.length, 1);
});

Deno.test("Transcript takes the speaker from a text when the item had none", () => {
  const transcript = new Transcript(new CallEventStream());
  transcript.addItem("u", undefined, undefined, 0);
  transcript.setText("u", "caller", "Hello?", 1);
  assertEquals(linesOf(transcript), ["caller: Hello?"]);
});

Deno.test("Transcript truncates text without spaces between words, and never inside a character", () => {
  const cases: [text: string, heardMs: number, heard: string][] = [
    ["ご予約は金曜日の九時です。", 900, "ご予約は金曜日の九時"],
    ["您的预约是星期五上午九点。", 500, "您的预约是"],
    ["การนัดหมายของคุณคือวันศุกร์", 500, "การนัดหมายของ"],
    ["👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 500, ""],
  ];
  for (const [text, heardMs, heard] of cases) {
    const transcript = new Transcript(new CallEventStream());
    transcript.setText("a", "assistant", text, 0);
    transcript.heard("a", heardMs, 1_000, true, 0);
    const [turn] = transcript.liveTurns;
    assertEquals([turn?.text, (turn?.text ?? "") + (turn?.unheard ?? "")], [heard, text]);
  }
});

Deno.test("Transcript.text() begins with a whole line", () => {
  const transcript = new Transcript(new CallEventStream());
  for (let i = 0; i < 100; i++) transcript.setText(`a${i}`, "assistant", `${i} ${"word ".repeat(20)}`, i);
  assertEquals(transcript.text.split("\n").filter((line) => !/^You: \d+ word/.test(line)), []);
  assertEquals(transcript.text.length > 5_800, true);
});
