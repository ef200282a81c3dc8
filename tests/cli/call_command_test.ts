import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Clock } from "../../src/clock.ts";
import { CALL_USAGE, type CallIo, runCall } from "../../src/cli/call_command.ts";
import { parseCsv } from "../../src/dialer/campaign/csv.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { ListService } from "../dialer/campaign/list_service.ts";

const ANN = "+15551230000";
const BOB = "+15551230001";
const TOKEN = "the-admin-token-of-the-tests";

/** Lets a second pass in a moment; what takes longer is a limit, and real. */
const hasty: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.parse("2026-01-01T12:00:00Z"),
  after(ms, then) {
    const timer = setTimeout(then, ms <= 10_000 ? 1 : ms);
    return () => clearTimeout(timer);
  },
};

/** Runs the command with files in memory. */
async function run(
  args: string[],
  { url = "http://127.0.0.1:1", files = {}, ...changed }:
    & { url?: string; files?: Record<string, string> }
    & Partial<CallIo> = {},
) {
  const texts = { out: "", err: "" };
  const code = await runCall(args, {
    out: (text) => void (texts.out += text),
    err: (text) => void (texts.err += text),
    errIsTerminal: false,
    readFile: (path) => Promise.resolve(files[path]),
    appendFile: (path, text) => Promise.resolve(void (files[path] = (files[path] ?? "") + text)),
    service: { url, token: TOKEN },
    timeZone: "UTC",
    clock: hasty,
    ...changed,
  });
  return { code, ...texts, files };
}

Deno.test("calls one number, and says how it went", async () => {
  await using service = new ListService();
  const args = [
    ANN,
    "--assistant",
    "sales",
    "--objective",
    "Confirm Friday",
    "--set",
    "name=Ann",
    "--set",
    "sum=a=b",
  ];
  const { code, out, err, files } = await run(args, { url: service.url });
  assertEquals([code, err, files], [0, "", {}]);
  assertEquals(out, `${ANN}      completed            34 s  human\n\n     1  completed\n`);
  assertEquals(service.requests, [
    { to: ANN, assistant: "sales", objective: "Confirm Friday", variables: { name: "Ann", sum: "a=b" } },
  ]);
  assertEquals(new Set(service.credentials), new Set([`Bearer ${TOKEN}`]));
});

Deno.test("calls a list, writes how each call went, and calls nobody twice", async () => {
  await using service = new ListService();
  service.course = (to) => to === BOB ? [{ status: "busy" }] : [{ status: "completed", seconds: 5 }];
  const files: Record<string, string> = {
    "list.csv": `number,name\n${ANN},Ann\n${BOB},Bob\n+15551230002,"Do, not"\n1,\n${ANN},Ann again\n`,
    "no.txt": "+15551230002\n",
  };
  const args = ["--file", "list.csv", "--do-not-call", "no.txt", "--at-once", "2"];
  const first = await run(args, { url: service.url, files });
  assertEquals([first.code, first.err], [1, ""]);
  assertEquals(service.requests.map(({ to }) => to), [ANN, BOB]);
  for (
    const line of [
      "+15551230002      not called         line 4  on the do-not-call list\n",
      "1                 not called         line 5  not a number such as +15551230000\n",
      `${ANN}      not called         line 6  on the list twice\n`,
      `${BOB}      busy\n`,
      "\n     3  not called\n     1  busy\n     1  completed\n",
    ]
  ) assertStringIncludes(first.out, line);
  const [header, ...rows] = parseCsv(files["list.results.csv"] ?? "").map(({ cells }) => cells);
  assertEquals(header, ["number", "outcome", "seconds", "answered_by", "call_sid", "at", "detail"]);
  assertEquals(rows.toSorted(), [
    [ANN, "completed", "5", "", "CA1", "2026-01-01T12:00:00.000Z", ""],
    [BOB, "busy", "", "", "CA2", "2026-01-01T12:00:00.000Z", ""],
  ]);

  files["list.csv"] = `number\n${ANN}\n${BOB}\n+15551230003\n`;
  const second = await run(args, { url: service.url, files });
  assertEquals([second.code, service.requests.map(({ to }) => to)], [0, [ANN, BOB, "+15551230003"]]);
  assertEquals(parseCsv(files["list.results.csv"] ?? "").length, 4);
});

Deno.test("a results row that was cut off does not spoil the next one", async () => {
  await using service = new ListService();
  const files = { "r.csv": "number,outcome,seconds,answered_by,call_sid,at,detail\r\n+15551230009,comp" };
  assertEquals((await run([ANN, "--out", "r.csv"], { url: service.url, files })).code, 0);
  assertEquals(parseCsv(files["r.csv"]).map(({ cells }) => cells[0]), ["number", "+15551230009", ANN]);
});

Deno.test("another file is not written to", async () => {
  await using service = new ListService();
  for (const text of ["name\nAnn\n", 'number,outcome,seconds,answered_by,call_sid,at,detail\n"+1']) {
    const files = { "r.csv": text };
    const { code, err } = await run([ANN, "--out", "r.csv"], { url: service.url, files });
    assertEquals([code, err, files["r.csv"]], [
      1,
      'Cannot add results to "r.csv": it is no results file; name another one with --out\n',
      text,
    ]);
  }
  assertEquals(service.requests, []);
});

Deno.test("files that cannot be used are told before the first call", async () => {
  await using service = new ListService();
  const fails = () => Promise.reject(new Error("may not"));
  for (
    const [args, changed, says] of [
      [["--file", "none.csv"], {}, 'Cannot read "none.csv": there is no such file'],
      [["--file", "list.csv"], { readFile: fails }, 'Cannot read "list.results.csv": may not'],
      [[ANN, "--do-not-call", "none.txt"], {}, 'Cannot read "none.txt": there is no such file'],
      [[ANN, "--out", "r.csv"], { appendFile: fails }, 'Cannot write "r.csv": may not'],
    ] as [string[], Partial<CallIo>, string][]
  ) {
    const { code, err } = await run(args, { url: service.url, ...changed });
    assertEquals([code, err], [1, says + "\n"]);
  }
  assertEquals(service.requests, []);
});

Deno.test("a dry run says who would be called, and calls nobody", async () => {
  const files = { "list.csv": `number,objective,name\n${ANN},Confirm,"Ann\x1b[2J"\nx,,\n` };
  const { code, out } = await run(["--file", "list.csv", "--dry-run", "--assistant", "sales"], { files });
  assertEquals([code, Object.keys(files)], [1, ["list.csv"]]);
  assertEquals(
    out,
    `${ANN}      would be called            assistant="sales" objective="Confirm" name="Ann\\u001b[2J"\n` +
      "x                 not called         line 3  not a number such as +15551230000\n",
  );
  const { out: json } = await run(["--file", "list.csv", "--dry-run", "--json"], { files });
  assertEquals(JSON.parse(json), {
    calls: [{ line: 2, request: { to: ANN, objective: "Confirm", variables: { name: "Ann\x1b[2J" } } }],
    notCalled: [{ line: 3, number: "x", why: "not a number such as +15551230000" }],
  });
});

Deno.test("prints one JSON object", async () => {
  await using service = new ListService();
  service.instead = (to) =>
    to === BOB ? Response.json({ problems: ["to: no", "assistant: no"] }, { status: 422 }) : undefined;
  const files = { "list.csv": `number\n${ANN}\n${BOB}\n` };
  const { code, out } = await run(["--file", "list.csv", "--json"], { url: service.url, files });
  assertEquals([code, JSON.parse(out)], [1, {
    calls: [{
      number: ANN,
      outcome: "completed",
      seconds: 34,
      answeredBy: "human",
      callSid: "CA1",
      at: "2026-01-01T12:00:00.000Z",
    }],
    notCalled: [{ line: 3, number: BOB, why: "to: no; assistant: no" }],
    counts: { completed: 1 },
  }]);
});

Deno.test("a call whose end is not known is a failure", async () => {
  await using service = new ListService();
  service.course = () => [];
  const { code, out } = await run([ANN], { url: service.url });
  assertEquals(code, 1);
  assertStringIncludes(
    out,
    `${ANN}      unknown                    the service does not know the call any more\n`,
  );
});

Deno.test("on a terminal one line changes", async () => {
  await using service = new ListService();
  const { out, err } = await run([ANN], { url: service.url, errIsTerminal: true });
  assertStringIncludes(err, `\r\x1b[K0 of 1 done\r\x1b[K0 of 1 done, 1 on the line (${ANN} queued)`);
  assertStringIncludes(err, `\r\x1b[K0 of 1 done, 1 on the line (${ANN} in-progress)\r\x1b[K`);
  assert(!out.includes("\x1b"), out);
});

Deno.test("a service that cannot be used is told with what to do, and never with the token", async () => {
  await using service = new ListService();
  const unused = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const gone = `http://127.0.0.1:${unused.addr.port}`;
  unused.close();
  const answers: [answer: Response | undefined, says: string, recorded: string[]][] = [
    [
      Response.json({ detail: "The token is wrong" }, { status: 401 }),
      "The token is wrong; set ADMIN_TOKEN to the",
      [],
    ],
    [
      Response.json({ detail: "Only here" }, { status: 403 }),
      "Only here; set ADMIN_TOKEN to the service's",
      [],
    ],
    [new Response("not found", { status: 404 }), "it answered 404; check --url", []],
    [new Response(null, { status: 302, headers: { location: "/" } }), "it answered 302; check --url", []],
    [new Response("welcome"), "it answered 200; check --url", []],
    [
      Response.json({ detail: "Twilio: 20003" }, { status: 502 }),
      "does not place calls: Twilio: 20003\n",
      [],
    ],
    [Response.json({ detail: "no answer" }, { status: 504 }), "does not place calls: no answer\n", [ANN]],
    [undefined, `Cannot reach the service at ${gone}: tcp connect error: Connection refused`, []],
  ];
  for (const [answer, says, recorded] of answers) {
    service.instead = () => answer;
    const files: Record<string, string> = { "list.csv": `number\n${ANN}\n${BOB}\n` };
    const args = ["--file", "list.csv", "--url", answer ? `${service.url}/` : gone];
    service.requests.length = 0;
    const { code, out, err } = await run(args, { url: service.url, files });
    assertEquals([code, service.requests.length], [1, answer ? 1 : 0], says);
    assertStringIncludes(err, says);
    assert(!`${out}${err}${files["list.results.csv"]}`.includes(TOKEN));
    assertEquals(
      parseCsv(files["list.results.csv"] ?? "").slice(1).map(({ cells }) => cells[0]),
      recorded,
      says,
    );
  }
});

Deno.test("what the service says of a call cannot move the cursor", async () => {
  await using service = new ListService();
  service.instead = () => Response.json({ detail: "no\n\x1b[2J\u202e" }, { status: 409 });
  const { code, out } = await run([ANN], { url: service.url });
  assertEquals([code, out], [
    1,
    `${ANN}      refused                    no\ufffd\ufffd[2J\ufffd\n\n     1  not called\n`,
  ]);
});

Deno.test("asks a service without a token without one, and again when it is full", async () => {
  await using service = new ListService();
  let asked = 0;
  service.instead = () =>
    ++asked < 3 ? Response.json({ detail: "full" }, { status: asked === 1 ? 429 : 503 }) : undefined;
  const { code, err } = await run([ANN], { service: { url: service.url } });
  assertEquals([code, err, asked], [0, "waiting: full\n", 3]);
  assertEquals(new Set(service.credentials), new Set([null]));
});

Deno.test("an answer that does not come is given up after 60 s, and the call may have been placed", async () => {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const clock = new FakeClock();
  const files: Record<string, string> = {};
  const running = run([ANN, "--out", "r.csv", "--url", `http://127.0.0.1:${listener.addr.port}`], {
    clock,
    files,
  });
  using _conn = await listener.accept();
  clock.advance(60_000);
  const { code, err } = await running;
  assertEquals([code, clock.pending], [1, 0]);
  assertStringIncludes(err, "no answer within 60 s; start it with");
  assertStringIncludes(files["r.csv"] ?? "", `${ANN},unknown,,,,`);
});

const WRONG: [args: string[], says: string][] = [
  [[], "a number or --file was expected"],
  [[ANN, "--file", "l.csv"], "a number or --file was expected"],
  [["+1", "555"], "one number was expected, and found 2; quote a number with spaces"],
  [[ANN, "--loud"], "Unknown option '--loud'"],
  [[ANN, "--rate", "0"], '--rate is "0", a whole number from 1 was expected'],
  [[ANN, "--at-once", "many"], '--at-once is "many"'],
  [[ANN, "--hours", "9-18"], '--hours is "9-18", 09:00-18:00 was expected'],
  [[ANN, "--hours", "09:00-25:00"], '--hours or --time-zone: "25:00" is no time of day'],
  [[ANN, "--hours", "09:00-18:00", "--time-zone", "Mars"], "Mars"],
  [[ANN, "--time-zone", "UTC"], "--time-zone is for --hours"],
  [[ANN, "--set", "name"], '--set is "name", NAME=VALUE was expected'],
  [[ANN, "--set", "now=x"], '--set names "now"; allowed: other names'],
  [[ANN, "--url", "ftp://h"], '--url is "ftp://h"'],
];
for (const [args, says] of WRONG) {
  Deno.test(`names what is wrong with "parley call ${args.join(" ")}"`, async () => {
    const { code, err } = await run(args);
    assertEquals(code, 2, err);
    assertStringIncludes(err, says);
    assert(err.startsWith("Cannot call: ") && err.endsWith('; see "parley call --help"\n'), err);
  });
}

Deno.test("a number that is none is told", async () => {
  assertEquals(await run(["5551230000"]), {
    code: 1,
    out:
      "5551230000        not called                 not a number such as +15551230000\n\n     1  not called\n",
    err: "",
    files: {},
  });
});

Deno.test("tells how it is used", async () => {
  assertEquals(await run(["--help"]), { code: 0, out: CALL_USAGE + "\n", err: "", files: {} });
});
