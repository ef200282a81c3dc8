import { assert, assertEquals } from "@std/assert";
import { groupHistory, limitHistory } from "../../../src/call/succession/conversation_history.ts";
import type { HistoryItem } from "../../../src/model/model_interface.ts";

const said = (text: string): HistoryItem[] => [{ type: "caller", text }];

Deno.test("limitHistory() keeps a short conversation as it is", () => {
  const groups: HistoryItem[][] = [
    said("Hello."),
    [
      { type: "function call", call: { callId: "c", name: "n", arguments: "{}" } },
      { type: "function result", callId: "c", output: "1" },
    ],
    [{ type: "note", text: "Be brief." }],
  ];
  assertEquals(limitHistory(groups), groups.flat());
  assertEquals(limitHistory([]), []);
});

Deno.test("limitHistory() keeps the newest 6,000 characters, and the beginnings of older turns in a note", () => {
  const groups = Array.from({ length: 100 }, (_, index) => said(`${index} ${"x".repeat(200)}`));
  const [older, ...items] = limitHistory(groups);
  assertEquals(items, groups.slice(-items.length).flat());
  assertEquals(items.length, 29);
  assert(older?.type === "note");
  const lines = older.text.split("\n");
  assertEquals(lines[0], "Earlier in this call:");
  assertEquals(lines.at(-1)?.slice(0, 12), "Caller: 70 x");
  assertEquals([older.text.length <= 2_100, lines.every((line) => line.length <= 90)], [true, true]);
});

Deno.test("limitHistory() keeps 64 items at most, and a function call with its result", () => {
  const groups: HistoryItem[][] = Array.from({ length: 40 }, (_, index) => [
    { type: "function call", call: { callId: `c${index}`, name: "n", arguments: "{}" } },
    { type: "function result", callId: `c${index}`, output: "1" },
  ]);
  const items = limitHistory(groups);
  assertEquals(items, groups.slice(-32).flat());
});

Deno.test("limitHistory() keeps an old function call only while it runs", () => {
  const running: HistoryItem = { type: "function call", call: { callId: "c", name: "n", arguments: "{}" } };
  const ended = [
    { type: "function call", call: { callId: "d", name: "n", arguments: "{}" } },
    { type: "function result", callId: "d", output: "1" },
  ] as const;
  const older = groupHistory([...ended, running]);
  const items = limitHistory([...older, ...Array.from({ length: 100 }, () => said("x".repeat(200)))]);
  assertEquals(items.slice(0, 3).map(({ type }) => type), ["note", "function call", "caller"]);
  assertEquals(items[1], running);
});

Deno.test("limitHistory() shortens a long result, and a last turn that is longer than everything", () => {
  const call: HistoryItem = { type: "function call", call: { callId: "c", name: "n", arguments: "{}" } };
  const [, result] = limitHistory([[call, {
    type: "function result",
    callId: "c",
    output: "y".repeat(9_000),
  }]]);
  assert(result?.type === "function result");
  assertEquals(result.output, `${"y".repeat(2_000)}… (shortened)`);
  const [turn] = limitHistory([said(`${"a".repeat(7_000)} end`)]);
  assert(turn?.type === "caller");
  assertEquals([turn.text.length, turn.text.endsWith(" end")], [6_000, true]);
});
