import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { CallRecord } from "../../src/records/call_record.ts";
import { type CallsIo, runCalls } from "../../src/cli/calls_command.ts";
import { CALLS_USAGE } from "../../src/cli/calls_arguments.ts";
import { ANN, call, plain, said, Shelf, sidOf, US } from "../records/calls.ts";

async function run(shelf: Shelf, args: string[], changed: Partial<CallsIo> = {}) {
  const texts = { out: "", err: "" };
  const code = await runCalls(args, {
    out: (text) => void (texts.out += text),
    err: (text) => void (texts.err += text),
    path: shelf.path,
    isTerminal: false,
    confirm: () => false,
    wallTime: () => Date.parse("2026-01-01T00:10:00Z"),
    ...changed,
  });
  return { code, ...texts };
}

const FULL: CallRecord = call(2, {
  seconds: 65.4,
  summary: "Wants her money back",
  turns: [
    {
      who: "assistant",
      text: "Hello, how can I help?",
      atMs: 100,
      heardMs: 1_200,
      totalMs: 2_000,
      cut: true,
    },
    { who: "caller", text: "My order", atMs: 1_300 },
    { who: "caller", atMs: 61_000 },
    { who: "assistant", text: "I see", atMs: 62_040, latency: { modelMs: 411.6, sentMs: 1.2, heardMs: 98 } },
  ],
  events: [
    { atMs: 61_500, kind: "tool", name: "find_order", ok: false, ms: 120.4, detail: "no such order" },
    { atMs: 70_000, kind: "keys", name: "4 keys" },
  ],
  messages: [{ name: "Ann", number: ANN, message: "Call me", urgent: true }],
});

Deno.test("shows recent calls beside the running service, the newest first", async () => {
  using shelf = new Shelf();
  shelf.filled(call(1, { assistant: "support", from: "anonymous" }), FULL);
  const { code, out, err } = await run(shelf, []);
  assertEquals([code, err], [0, ""]);
  const [header = "", first = "", second = "", ...rest] = out.split("\n");
  assertMatch(header, /^started +length +from +to +assistant +cost +ended +call$/);
  assertMatch(
    first,
    /^\d{4}-\d\d-\d\d \d\d:\d\d +1:05 +\+15551230000 +\+15559870000 +sales +\$0\.06 +caller hung up +CA0+2$/,
  );
  assertMatch(second, /0:31 +anonymous +\+15559870000 +support/);
  assertEquals(rest, [""]);
});

Deno.test("shows one call: what was said, heard, done, how long it took and what it cost", async () => {
  using shelf = new Shelf();
  shelf.filled(FULL);
  const { code, out } = await run(shelf, [FULL.callSid]);
  assertEquals(code, 0);
  const [first, second, ...rest] = out.split("\n");
  assertEquals(first, `${FULL.callSid}  inbound, ${ANN} to ${US}`);
  assertMatch(second ?? "", /^\d{4}-\d\d-\d\d \d\d:\d\d:00, 1:05, caller hung up$/);
  assertEquals(
    rest.join("\n"),
    `\
Assistant sales, gpt-realtime-2.1: $0.0625, 1 minute of the carrier
Text 900 in (300 cached), 40 out; audio 500 in (200 cached), 600 out
Summary: Wants her money back

 0:00.1  assistant  Hello, how can I help?  [cut: 1.2 of 2.0 s heard]
 0:01.3  caller     My order
 1:01.0  caller     (no words)
 1:01.5  *tool      find_order  failed  120 ms  no such order
 1:02.0  assistant  I see  [model 412 + sent 1 + heard 98 ms]
 1:10.0  *keys      4 keys
Message of Ann, ${ANN}, urgent: Call me
`,
  );
  assertEquals(JSON.parse((await run(shelf, [FULL.callSid, "--json"])).out), plain(FULL));
});

Deno.test("searches, limits and looks back", async () => {
  using shelf = new Shelf();
  shelf.filled(
    ...Array.from({ length: 9 }, (_, at) => call(at, { turns: said(at === 4 ? "refund" : "hello") })),
  );
  const lines = async (...args: string[]) => (await run(shelf, args)).out.trimEnd().split("\n").slice(1);
  assertMatch((await lines("--search", "refu")).join("\n"), new RegExp(`^.*${sidOf(4)}$`));
  assertEquals((await lines("--limit", "3")).map((line) => line.slice(-1)), ["8", "7", "6"]);
  assertEquals((await lines("--since", "1h")).length, 9);
  assertEquals((await lines("--since", "2026-01-01T00:07:00Z")).length, 2);
  assertEquals((await run(shelf, ["--since", "2026-01-09"])).out, "No calls\n");
});

Deno.test("writes everything as JSON, and a row for each call as CSV, however many there are", async () => {
  using shelf = new Shelf();
  const calls = Array.from({ length: 501 }, (_, at) => call(at));
  shelf.filled(...calls, call(600, { from: "=HYPERLINK(1)", summary: 'Said "no",\nand left' }));
  const { out } = await run(shelf, ["--json"]);
  assertEquals(JSON.parse(out).calls.slice(1), plain(calls.toReversed()));
  const rows = (await run(shelf, ["--csv"])).out.split("\r\n");
  assertEquals(rows.length, 504);
  assertEquals(rows[0]?.split(",").slice(0, 4), ["callSid", "direction", "from", "to"]);
  assertStringIncludes(rows[1] ?? "", `${sidOf(600)},inbound,'=HYPERLINK(1),${US},sales`);
  assertStringIncludes(rows[1] ?? "", '"Said ""no"",\\u000aand left"');
  assertStringIncludes(rows[2] ?? "", `,inbound,${ANN},`);
  assertEquals(JSON.parse((await run(shelf, ["--json", "--limit", "2"])).out).calls.length, 2);
});

Deno.test("what strangers say can do nothing to the terminal", async () => {
  using shelf = new Shelf();
  const evil = "\x1b]0;gone\x07\x9b2J\r\n\u202eabc";
  shelf.filled(call(1, {
    from: `sip:${evil}@x`,
    reason: evil,
    summary: evil,
    turns: said(evil),
    events: [{ atMs: 1, kind: "tool", name: evil, detail: evil }],
    messages: [{ name: evil, number: evil, message: evil, urgent: false }],
  }));
  for (const args of [[], [sidOf(1)], ["--json"], ["--csv"], [sidOf(1), "--json"]]) {
    const { out } = await run(shelf, args);
    const lines = out.replaceAll(/\r?\n/g, "");
    assert(!/[\p{Cc}\u202e]/u.test(lines), `${args}: ${JSON.stringify(out)}`);
    assertStringIncludes(out, "\\u001b]0;gone\\u0007");
  }
  assertEquals(JSON.parse((await run(shelf, ["--json"])).out).calls[0].summary, evil);
  assert(!(await run(shelf, [`CA${evil}`])).err.includes("\x1b"));
});

Deno.test("forgets a number after asking, and what is elsewhere with it", async () => {
  using shelf = new Shelf();
  const elsewhere: string[] = [];
  const alsoForget = (callSids: readonly string[]) => Promise.resolve(void elsewhere.push(...callSids));
  shelf.filled(
    call(1),
    call(2, { from: "anonymous", turns: said("555 123 0000") }),
    call(3, { from: "client:bob" }),
  );
  const what = `About +1 555 123 0000 there is: 1 call from or to it; 1 other call that name it\n`;
  const args = ["--forget", "+1 555 123 0000"];
  assertEquals(await run(shelf, args, { alsoForget }), {
    code: 1,
    out: what,
    err: "Nothing was deleted; say --yes to delete it\n",
  });
  const refused = await run(shelf, args, { alsoForget, isTerminal: true });
  assertEquals([refused.code, refused.out], [1, `${what}Nothing was deleted\n`]);
  assertEquals([elsewhere, shelf.open().list().calls.length], [[], 3]);
  const done = await run(shelf, args, { alsoForget, isTerminal: true, confirm: () => true });
  assertEquals([done.code, done.err], [0, ""]);
  assertEquals(done.out, `${what}Deleted: 1 call from or to it; 1 other call that name it\n`);
  assertEquals(elsewhere, [sidOf(1)]);
  assertEquals(shelf.open().list().calls.map(({ callSid }) => callSid), [sidOf(3), sidOf(2)]);
  assertEquals((await run(shelf, args)).out, "Nothing is kept about +1 555 123 0000\n");
  assertEquals((await run(shelf, ["--forget", "client:bob", "--yes"])).code, 0);
  assertEquals(shelf.open().list().calls.length, 1);
});

Deno.test("what is elsewhere cannot be deleted: nothing is", async () => {
  using shelf = new Shelf();
  shelf.filled(call(1));
  const alsoForget = () => Promise.reject(new Error("Cannot delete a recording"));
  const { code, err } = await run(shelf, ["--forget", ANN, "--yes"], { alsoForget });
  assertEquals([code, err], [1, "Cannot delete a recording\n"]);
  assertEquals(shelf.open().list().calls.length, 1);
});

Deno.test("without a file, or with one that cannot be read, it says so and makes none", async () => {
  using shelf = new Shelf();
  assertEquals(await run(shelf, []), {
    code: 0,
    out: `No calls are kept yet: there is no "${shelf.path}"\n`,
    err: "",
  });
  assertEquals(JSON.parse((await run(shelf, ["--json"])).out), { calls: [] });
  assertStringIncludes((await run(shelf, ["CA1"])).err, "There is no call CA1");
  assertEquals([...Deno.readDirSync(shelf.folder)], []);
  Deno.mkdirSync(`${shelf.folder}/data`);
  Deno.writeTextFileSync(shelf.path, "no calls ".repeat(1_000));
  const { code, err } = await run(shelf, []);
  assertEquals([code, err], [1, `Cannot read "${shelf.path}": file is not a database\n`]);
  assertStringIncludes(Deno.readTextFileSync(shelf.path), "no calls");
  shelf.filled(call(1));
  const { err: warning } = await run(shelf, ["--forget", ANN, "--yes"]);
  assertStringIncludes(
    warning,
    "calls.db.broken-20260101T000001000Z could not be read and was not looked through",
  );
});

Deno.test("wrong arguments are told, with where to find the right ones", async () => {
  using shelf = new Shelf();
  const cases: [string[], string][] = [
    [["--limit", "0"], '--limit is "0"'],
    [["--since", "soon"], '--since is "soon"'],
    [["--since", "2026-13-45"], "--since is"],
    [["CA1", "CA2"], "one call was expected, and found 2"],
    [["CA1", "--csv"], "are for the list"],
    [["--json", "--csv"], "found both"],
    [["--forget", "5551230000"], "a number with its country code"],
    [["--forget", ""], "a number with its country code"],
    [["--forget", ANN, "--json"], "--forget goes with --yes alone"],
    [["--yes"], "--yes is for --forget"],
    [["--sicne", "1d"], "Unknown option '--sicne'"],
  ];
  for (const [args, problem] of cases) {
    const { code, out, err } = await run(shelf, args);
    assertEquals([code, out], [2, ""], args.join(" "));
    assertStringIncludes(err, problem);
    assertStringIncludes(err, 'see "parley calls --help"');
  }
  assertEquals(await run(shelf, ["--help"]), { code: 0, out: `${CALLS_USAGE}\n`, err: "" });
});
