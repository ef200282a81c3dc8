import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { invocation } from "../../src/invocation.ts";
import type { EndedCall } from "../../src/records/call_record.ts";
import { type CallsIo, runCalls } from "../../src/cli/calls_command.ts";
import { asJson } from "../support/as_json.ts";
import { call, CALLED, CALLER, sidOf, StoreRig, turnsOf } from "../records/store_rig.ts";

async function run(rig: StoreRig, args: string[], changed: Partial<CallsIo> = {}) {
  const texts = { out: "", err: "" };
  const code = await runCalls(args, {
    out: (text) => void (texts.out += text),
    err: (text) => void (texts.err += text),
    path: rig.path,
    isTerminal: false,
    confirm: () => false,
    wallTime: () => Date.parse("2026-01-01T00:10:00Z"),
    ...changed,
  });
  return { code, ...texts };
}

const FULL: EndedCall = call(2, {
  seconds: 65.9,
  summary: "Wants her money back",
  turns: [
    {
      speaker: "assistant",
      text: "Hello, how can I help?",
      atMs: 100,
      heardMs: 1_200,
      totalMs: 2_000,
      interrupted: true,
    },
    { speaker: "caller", text: "My order", atMs: 1_300 },
    { speaker: "caller", atMs: 61_000 },
    {
      speaker: "assistant",
      text: "I see",
      atMs: 62_040,
      latency: { modelMs: 411.6, sendMs: 1.2, playbackMs: 98 },
    },
  ],
  events: [
    { atMs: 61_500, kind: "tool", name: "find_order", ok: false, ms: 120.4, detail: "no such order" },
    { atMs: 70_000, kind: "keypad", name: "4 keys" },
  ],
  messages: [
    { kind: "message", name: "Ann", number: CALLER, message: "Call me", urgent: true },
    {
      kind: "voicemail",
      name: "",
      number: CALLER,
      message: "",
      urgent: false,
      recorded: { fromMs: 61_500, toMs: 70_000 },
    },
    { kind: "callback", name: "", number: CALLER, message: "", urgent: false },
  ],
});

Deno.test("calls lists recent calls, newest first", async () => {
  using rig = new StoreRig();
  rig.openWith(call(1, { assistant: "support", from: "anonymous" }), FULL);
  const { code, out, err } = await run(rig, []);
  assertEquals([code, err], [0, ""]);
  const [header = "", first = "", second = "", ...rest] = out.split("\n");
  assertMatch(header, /^started +length +from +to +assistant +cost +end reason +call$/);
  assertMatch(
    first,
    /^\d{4}-\d\d-\d\d \d\d:\d\d +1:05 +\+15551230000 +\+15559870000 +sales +\$0\.06 +caller hung up +CA0+2$/,
  );
  assertMatch(second, /0:30 +anonymous +\+15559870000 +support/);
  assertEquals(rest, [""]);
});

Deno.test("calls CALL_SID prints turns, events, latency and cost of one call", async () => {
  using rig = new StoreRig();
  rig.openWith(FULL);
  const { code, out } = await run(rig, [FULL.callSid]);
  assertEquals(code, 0);
  const [first, second, ...rest] = out.split("\n");
  assertEquals(first, `${FULL.callSid}  inbound, ${CALLER} to ${CALLED}`);
  assertMatch(second ?? "", /^\d{4}-\d\d-\d\d \d\d:\d\d:00, 1:05, caller hung up$/);
  assertEquals(
    rest.join("\n"),
    `\
Assistant sales, gpt-realtime-2.1: $0.0625, 1 carrier minute
Text tokens 900 in (300 cached), 40 out; audio tokens 500 in (200 cached), 600 out
Summary: Wants her money back

 0:00.1  assistant  Hello, how can I help?  [interrupted: 1.2 of 2.0 s heard]
 0:01.3  caller     My order
 1:01.0  caller     (no transcript)
 1:01.5  *tool      find_order  failed  120 ms  no such order
 1:02.0  assistant  I see  [model 412 + send 1 + playback 98 ms]
 1:10.0  *keypad    4 keys
Message from Ann, ${CALLER}, urgent: Call me
Voicemail from ${CALLER}: 1:01.5 to 1:10.0 of the recording
Callback requested: ${CALLER}
`,
  );
  assertEquals(JSON.parse((await run(rig, [FULL.callSid, "--json"])).out), asJson(FULL));
});

Deno.test("calls applies --search, --limit and --since", async () => {
  using rig = new StoreRig();
  rig.openWith(
    ...Array.from({ length: 9 }, (_, at) => call(at, { turns: turnsOf(at === 4 ? "refund" : "hello") })),
  );
  const lines = async (...args: string[]) => (await run(rig, args)).out.trimEnd().split("\n").slice(1);
  assertMatch((await lines("--search", "refu")).join("\n"), new RegExp(`^.*${sidOf(4)}$`));
  assertEquals((await lines("--limit", "3")).map((line) => line.slice(-1)), ["8", "7", "6"]);
  assertEquals((await lines("--since", "1h")).length, 9);
  assertEquals((await lines("--since", "2026-01-01T00:07:00Z")).length, 2);
  assertEquals((await run(rig, ["--since", "2026-01-09"])).out, "No calls\n");
});

Deno.test("calls exports more than one page as JSON and CSV", async () => {
  using rig = new StoreRig();
  const calls = Array.from({ length: 501 }, (_, at) => call(at));
  rig.openWith(...calls, call(600, { from: "=HYPERLINK(1)", summary: 'Said "no",\nand left' }));
  const { out } = await run(rig, ["--json"]);
  assertEquals(JSON.parse(out).calls.slice(1), asJson(calls.toReversed()));
  const rows = (await run(rig, ["--csv"])).out.split("\r\n");
  assertEquals(rows.length, 504);
  const columns = rows[0]?.split(",") ?? [];
  assertEquals(columns.slice(0, 4), ["callSid", "direction", "from", "to"]);
  const costs = ["costUsd", "modelUsd", "transcriptionUsd", "summaryUsd", "carrierUsd", "carrierMinutes"];
  assertEquals(
    costs.map((name) => rows[2]?.split(",")[columns.indexOf(name)]),
    ["0.0625", "0.04", "0.0045", "0.008", "0.01", "1"],
  );
  assertStringIncludes(rows[1] ?? "", `${sidOf(600)},inbound,'=HYPERLINK(1),${CALLED},sales`);
  assertStringIncludes(rows[1] ?? "", '"Said ""no"",\\u000aand left"');
  assertStringIncludes(rows[2] ?? "", `,inbound,${CALLER},`);
  assertEquals(JSON.parse((await run(rig, ["--json", "--limit", "2"])).out).calls.length, 2);
});

Deno.test("calls escapes control characters of transcripts, numbers and messages", async () => {
  using rig = new StoreRig();
  const evil = "\x1b]0;gone\x07\x9b2J\r\n\u202eabc";
  rig.openWith(call(1, {
    from: `sip:${evil}@x`,
    endReason: evil,
    summary: evil,
    turns: turnsOf(evil),
    events: [{ atMs: 1, kind: "tool", name: evil, detail: evil }],
    messages: [{ kind: "message", name: evil, number: evil, message: evil, urgent: false }],
  }));
  for (const args of [[], [sidOf(1)], ["--json"], ["--csv"], [sidOf(1), "--json"]]) {
    const { out } = await run(rig, args);
    const lines = out.replaceAll(/\r?\n/g, "");
    assert(!/[\p{Cc}\u202e]/u.test(lines), `${args}: ${JSON.stringify(out)}`);
    assertStringIncludes(out, "\\u001b]0;gone\\u0007");
  }
  assertEquals(JSON.parse((await run(rig, ["--json"])).out).calls[0].summary, evil);
  assert(!(await run(rig, [`CA${evil}`])).err.includes("\x1b"));
});

Deno.test("calls --forget deletes a number and its recordings after a confirmation", async () => {
  using rig = new StoreRig();
  const recordings: string[] = [];
  const deleteRecordings = (callSids: readonly string[]) =>
    Promise.resolve(void recordings.push(...callSids));
  rig.openWith(
    call(1),
    call(2, { from: "anonymous", turns: turnsOf("555 123 0000") }),
    call(3, { from: "client:bob" }),
  );
  const matches = "1 call from or to +1 555 123 0000, and its mentions in 1 other call\n";
  const foundLine = `Found ${matches}`;
  const args = ["--forget", "+1 555 123 0000"];
  assertEquals(await run(rig, args, { deleteRecordings }), {
    code: 1,
    out: foundLine,
    err: "Nothing was deleted. Confirm with --yes.\n",
  });
  const refused = await run(rig, args, { deleteRecordings, isTerminal: true });
  assertEquals([refused.code, refused.out], [1, `${foundLine}Nothing was deleted\n`]);
  assertEquals([recordings, rig.open().list().calls.length], [[], 3]);
  const done = await run(rig, args, { deleteRecordings, isTerminal: true, confirm: () => true });
  assertEquals([done.code, done.err], [0, ""]);
  assertEquals(done.out, `${foundLine}Deleted ${matches}`);
  assertEquals(recordings, [sidOf(1)]);
  assertEquals(rig.open().list().calls.map(({ callSid }) => callSid), [sidOf(3), sidOf(2)]);
  assertEquals((await run(rig, args)).out, "Nothing stored about +1 555 123 0000\n");
  assertEquals((await run(rig, ["--forget", "client:bob", "--yes"])).code, 0);
  assertEquals(rig.open().list().calls.length, 1);
});

Deno.test("calls --forget deletes nothing when a recording cannot be deleted", async () => {
  using rig = new StoreRig();
  rig.openWith(call(1));
  const deleteRecordings = () => Promise.reject(new Error("Cannot delete a recording"));
  const { code, err } = await run(rig, ["--forget", CALLER, "--yes"], { deleteRecordings });
  assertEquals([code, err], [1, "Cannot delete a recording\n"]);
  assertEquals(rig.open().list().calls.length, 1);
});

Deno.test("calls reports a missing or corrupt database and creates none", async () => {
  using rig = new StoreRig();
  assertEquals(await run(rig, []), {
    code: 0,
    out: `No calls stored yet: "${rig.path}" does not exist\n`,
    err: "",
  });
  assertEquals(JSON.parse((await run(rig, ["--json"])).out), { calls: [] });
  assertStringIncludes((await run(rig, ["CA1"])).err, "Call CA1 not found");
  assertEquals([...Deno.readDirSync(rig.folder)], []);
  Deno.mkdirSync(`${rig.folder}/data`);
  Deno.writeTextFileSync(rig.path, "not a database ".repeat(1_000));
  const { code, err } = await run(rig, []);
  assertEquals([code, err], [1, `Cannot read "${rig.path}": file is not a database\n`]);
  assertStringIncludes(Deno.readTextFileSync(rig.path), "not a database");
  rig.openWith(call(1));
  const { err: warning } = await run(rig, ["--forget", CALLER, "--yes"]);
  assertStringIncludes(
    warning,
    "calls.db.broken-20260101T000001000Z is corrupt and was not searched",
  );
});

Deno.test("calls rejects wrong arguments and names --help", async () => {
  using rig = new StoreRig();
  const cases: [string[], string][] = [
    [["--limit", "0"], '--limit is "0"; expected a whole number from 1'],
    [["--since", "soon"], '--since is "soon"'],
    [["--since", "2026-13-45"], "--since is"],
    [["CA1", "CA2"], 'unexpected argument "CA2"'],
    [["CA1", "--csv"], "are for the list, not for one call"],
    [["--json", "--csv"], "either --json or --csv"],
    [["--forget", "5551230000"], "a number with its country code"],
    [["--forget", ""], "a number with its country code"],
    [["--forget", CALLER, "--json"], "--forget allows no other flag than --yes"],
    [["--yes"], "--yes needs --forget"],
    [["--sicne", "1d"], 'unknown flag --sicne; did you mean "--since"?'],
  ];
  for (const [args, problem] of cases) {
    const { code, out, err } = await run(rig, args);
    assertEquals([code, out], [2, ""], args.join(" "));
    assertStringIncludes(err, problem);
    assertStringIncludes(err, `See "${invocation("calls --help")}".`);
  }
});
