import { assertEquals } from "@std/assert";
import { CallEventStream } from "../../../src/call/call_event_stream.ts";
import { type LiveTurn, Transcript } from "../../../src/call/conversation/transcript.ts";

/** A transcript, the turns it emitted, and a function that sets the time of what follows. */
function createTranscript() {
  const events = new CallEventStream();
  const emitted: LiveTurn[] = [];
  events.on("turn changed", ({ turn }) => emitted.push(turn));
  const timeline = { atMs: 0, isPrivate: () => false };
  const transcript = new Transcript(timeline, events);
  const at = (ms: number) => {
    timeline.atMs = ms;
    return transcript;
  };
  return { transcript, emitted, at };
}

const linesOf = (transcript: Transcript) =>
  transcript.turns.map(({ speaker, text }) => `${speaker}: ${text}`);

Deno.test("Transcript keeps the order of the conversation when texts arrive late", () => {
  const { transcript, at } = createTranscript();
  transcript.addItem("a0", undefined, "assistant");
  at(1_000).addItem("u1", "a0", "caller");
  at(2_000).addItem("a1", "u1", "assistant");
  at(3_000).addItem("u2", "a1", "caller");
  at(500).setText("a0", "assistant", "Hello.");
  at(2_500).setText("a1", "assistant", "Nine to five.");
  at(4_000).setText("u2", "caller", "Thanks.");
  at(5_000).setText("u1", "caller", " When are you open? ");
  assertEquals(linesOf(transcript), [
    "assistant: Hello.",
    "caller: When are you open?",
    "assistant: Nine to five.",
    "caller: Thanks.",
  ]);
});

Deno.test("Transcript places items that are added late, and leaves notes out", () => {
  const { transcript, at } = createTranscript();
  at(2).setText("a1", "assistant", "Second.");
  at(1).addItem("u1", undefined, "caller");
  at(1).addItem("n1", "u1", undefined);
  at(2).addItem("a1", "n1", "assistant");
  at(3).setText("u1", "caller", "First.");
  at(4).addItem("x", "nobody knows", "caller");
  assertEquals(linesOf(transcript), ["caller: First.", "assistant: Second.", "caller: undefined"]);
  at(5).addItem("u2", "u1", "caller");
  at(5).setText("u2", "caller", "And more.");
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
    const { transcript } = createTranscript();
    transcript.setText("a", "assistant", "One two three four.");
    transcript.setHeard("a", heardMs, 10_000, true);
    assertEquals(transcript.turns.map((turn) => turn.text), [text]);
  }
});

Deno.test("Transcript leaves out an unheard answer and keeps a turn without text", () => {
  const { transcript, at } = createTranscript();
  transcript.setHeard("a", 0, 3_000, true);
  transcript.setText("a", "assistant", "Never heard.");
  at(7).addItem("u", "a", "caller");
  assertEquals(transcript.turns, [{ speaker: "caller", atMs: 7 }]);
});

Deno.test("Transcript has the latency of answers", () => {
  const { transcript, at } = createTranscript();
  const latency = { modelMs: 1, sendMs: 2, playbackMs: 3 };
  at(5).setLatency("a", latency);
  at(5).setHeard("a", 300, 300, false);
  assertEquals(transcript.turns, [{ speaker: "assistant", atMs: 5, heardMs: 300, totalMs: 300, latency }]);
});

Deno.test("Transcript emits each turn as its text arrives, with its place and its unheard part", () => {
  const { transcript, emitted, at } = createTranscript();
  transcript.addItem("u", undefined, "caller");
  at(1_000).appendText("a", "assistant", "We open");
  at(1_100).appendText("a", "assistant", " at nine");
  at(1_200).setText("a", "assistant", "We open at nine today.");
  at(1_300).appendText("a", "assistant", " a word too late");
  assertEquals(emitted.map(({ id, previous, text, done }) => [id, previous, text, done]), [
    ["u", undefined, "", false],
    ["a", "u", "", false],
    ["a", "u", "We open", false],
    ["a", "u", "We open at nine", false],
    ["a", "u", "We open at nine today.", true],
  ]);
  at(1_500).setHeard("a", 500, 1_000, true);
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
  at(2_000).addItem("n", "a", undefined);
  assertEquals(transcript.liveTurns.length, 2, "notes are not turns");
});

Deno.test("Transcript has the spans of each turn", () => {
  const { transcript, at } = createTranscript();
  at(400).setSpoken("u", { fromMs: 100 });
  at(1_950).setSpoken("u", { toMs: 1_900 });
  for (const atMs of [2_000, 2_050, 2_100]) at(atMs).audioGenerated("a");
  at(2_010).audioPlayed("a");
  at(2_110).audioPlayed("a");
  at(2_900).setHeard("a", 800, 1_000, true);
  const [caller, assistant] = transcript.turns;
  assertEquals(caller?.spoken, { fromMs: 100, toMs: 1_900 });
  assertEquals(assistant?.generated, { fromMs: 2_000, toMs: 2_100 });
  assertEquals(assistant?.played, { fromMs: 2_010, toMs: 2_900 });
});

Deno.test("Transcript.text() has heard turns and notes in order, and keeps the last 6,000 characters", () => {
  const { transcript, emitted, at } = createTranscript();
  assertEquals(transcript.text, "");
  transcript.addItem("a0", undefined, "assistant");
  transcript.setText("a0", "assistant", "Hello there.");
  at(1).addNote("The caller pressed 1");
  at(2).addNote("The caller pressed 2");
  at(3).addItem("u1", "a0", "caller");
  at(3).setText("u1", "caller", "Hi.");
  at(4).setText("a1", "assistant", "One two three four.");
  at(4).setHeard("a1", 500, 1_000, true);
  at(5).setText("a2", "assistant", "Nobody heard this.");
  at(5).setHeard("a2", 0, 0, true);
  const notes = "Note: The caller pressed 1\nNote: The caller pressed 2";
  assertEquals(transcript.text, `You: Hello there.\n${notes}\nCaller: Hi.\nYou: One two`);
  assertEquals(emitted.find(({ id }) => id === "u1")?.previous, "a0", "notes are not turns");
  at(7).addItem("u0", "a0", "caller");
  at(7).setText("u0", "caller", "Oh.");
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
  at(6).setText("u2", "caller", "x".repeat(7_000));
  assertEquals(transcript.text, "x".repeat(6_000));
});

Deno.test("Transcript.revert() removes a turn and emits it as done", () => {
  const { transcript, emitted, at } = createTranscript();
  transcript.setSpoken("u1", { fromMs: 0 });
  at(5).setSpoken("u2", { fromMs: 5 });
  at(6).setText("u2", "caller", "Hello?");
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
  const { transcript, at } = createTranscript();
  transcript.addItem("u", undefined, undefined);
  at(1).setText("u", "caller", "Hello?");
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
    const { transcript } = createTranscript();
    transcript.setText("a", "assistant", text);
    transcript.setHeard("a", heardMs, 1_000, true);
    const [turn] = transcript.liveTurns;
    assertEquals([turn?.text, (turn?.text ?? "") + (turn?.unheard ?? "")], [heard, text]);
  }
});

Deno.test("Transcript.text() begins with a whole line", () => {
  const { transcript, at } = createTranscript();
  for (let i = 0; i < 100; i++) at(i).setText(`a${i}`, "assistant", `${i} ${"word ".repeat(20)}`);
  assertEquals(transcript.text.split("\n").filter((line) => !/^You: \d+ word/.test(line)), []);
  assertEquals(transcript.text.length > 5_800, true);
});
