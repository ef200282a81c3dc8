import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { invocation } from "../../src/invocation.ts";
import type { Clock } from "../../src/clock.ts";
import { type CallIo, runCall } from "../../src/cli/call_command.ts";
import { parseCsv } from "../../src/csv.ts";
import { calledNumbers } from "../../src/dialer/campaign/campaign_results.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { freePort } from "../support/free_port.ts";
import { StubCallService } from "../dialer/campaign/stub_call_service.ts";

const ANN = "+15551230000";
const BOB = "+15551230001";
const TOKEN = "the-admin-token-of-the-tests";

/** Shortens delays of up to 10 s to 1 ms; longer ones are timeouts and keep their length. */
const fastClock: Clock = {
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
    clock: fastClock,
    ...changed,
  });
  return { code, ...texts, files };
}

Deno.test("call NUMBER calls one number and prints the result", async () => {
  await using service = new StubCallService();
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

Deno.test("call --file calls each recipient once and appends the results", async () => {
  await using service = new StubCallService();
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
      "+15551230002      skipped            line 4  on the do-not-call list\n",
      "1                 skipped            line 5  not a phone number such as +15551230000\n",
      `${ANN}      skipped            line 6  duplicate\n`,
      `${BOB}      busy\n`,
      "\n     3  skipped\n     1  busy\n     1  completed\n",
    ]
  ) assertStringIncludes(first.out, line);
  const [header, ...rows] = parseCsv(files["list.results.csv"] ?? "").map(({ cells }) => cells);
  assertEquals(header, ["number", "outcome", "seconds", "answered_by", "call_sid", "at", "detail"]);
  assertEquals(rows.toSorted(), [
    [ANN, "completed", "5", "", "CA1", "2026-01-01T12:00:00.000Z", ""],
    [ANN, "placing", "", "", "", "2026-01-01T12:00:00.000Z", ""],
    [BOB, "busy", "", "", "CA2", "2026-01-01T12:00:00.000Z", ""],
    [BOB, "placing", "", "", "", "2026-01-01T12:00:00.000Z", ""],
  ]);

  files["list.csv"] = `number\n${ANN}\n${BOB}\n+15551230003\n`;
  const second = await run(args, { url: service.url, files });
  assertEquals([second.code, service.requests.map(({ to }) => to)], [0, [ANN, BOB, "+15551230003"]]);
  assertEquals(parseCsv(files["list.results.csv"] ?? "").length, 7);
});

Deno.test("call starts a new row after a truncated one in the results file", async () => {
  await using service = new StubCallService();
  const files = { "r.csv": "number,outcome,seconds,answered_by,call_sid,at,detail\r\n+15551230009,comp" };
  assertEquals((await run([ANN, "--out", "r.csv"], { url: service.url, files })).code, 0);
  assertEquals(parseCsv(files["r.csv"]).map(({ cells }) => cells[0]), ["number", "+15551230009", ANN, ANN]);
});

Deno.test("call skips a number that an earlier run was calling when it died", async () => {
  await using service = new StubCallService();
  const files = {
    "list.csv": `number\n${ANN}\n${BOB}\n`,
    "list.results.csv": "number,outcome,seconds,answered_by,call_sid,at,detail\r\n" +
      `${ANN},placing,,,,2026-01-01T11:00:00.000Z,\r\n` +
      `${BOB},placing,,,,2026-01-01T11:00:01.000Z,\r\n${BOB},not placed,,,,2026-01-01T11:00:02.000Z,full\r\n`,
  };
  const { out } = await run(["--file", "list.csv"], { url: service.url, files });
  assertEquals(service.requests.map(({ to }) => to), [BOB]);
  assertStringIncludes(
    out,
    `${ANN}      skipped            line 2  perhaps called: an earlier run ended before the result\n`,
  );
});

Deno.test("call does not append to a file that is not a results file", async () => {
  await using service = new StubCallService();
  for (const text of ["name\nAnn\n", 'number,outcome,seconds,answered_by,call_sid,at,detail\n"+1']) {
    const files = { "r.csv": text };
    const { code, err } = await run([ANN, "--out", "r.csv"], { url: service.url, files });
    assertEquals([code, err, files["r.csv"]], [
      1,
      'Cannot append to "r.csv": it is not a results file. Set another file with --out.\n',
      text,
    ]);
  }
  assertEquals(service.requests, []);
});

Deno.test("call reports unusable files before the first call", async () => {
  await using service = new StubCallService();
  const fails = () => Promise.reject(new Error("may not"));
  const denied = () =>
    Promise.reject(new Deno.errors.PermissionDenied("Permission denied (os error 13): readfile"));
  for (
    const [args, changed, problem] of [
      [["--file", "none.csv"], {}, 'Cannot read "none.csv": it does not exist'],
      [["--file", "list.csv"], { readFile: fails }, 'Cannot read "list.results.csv": may not'],
      [["--file", "l.csv"], { readFile: denied }, 'Cannot read "l.results.csv": this user may not read it'],
      [[ANN, "--do-not-call", "none.txt"], {}, 'Cannot read "none.txt": it does not exist'],
      [[ANN, "--out", "r.csv"], { appendFile: fails }, 'Cannot write "r.csv": may not'],
    ] as [string[], Partial<CallIo>, string][]
  ) {
    const { code, err } = await run(args, { url: service.url, ...changed });
    assertEquals([code, err], [1, problem + "\n"]);
  }
  assertEquals(service.requests, []);
});

Deno.test("call --dry-run prints who would be called and calls nobody", async () => {
  const files = { "list.csv": `number,objective,name\n${ANN},Confirm,"Ann\x1b[2J"\nx,,\n` };
  const { code, out } = await run(["--file", "list.csv", "--dry-run", "--assistant", "sales"], { files });
  assertEquals([code, Object.keys(files)], [1, ["list.csv"]]);
  assertEquals(
    out,
    `${ANN}      would be called            assistant="sales" objective="Confirm" name="Ann\\u001b[2J"\n` +
      "x                 skipped            line 3  not a phone number such as +15551230000\n",
  );
  const { out: json } = await run(["--file", "list.csv", "--dry-run", "--json"], { files });
  assertEquals(JSON.parse(json), {
    recipients: [{ line: 2, request: { to: ANN, objective: "Confirm", variables: { name: "Ann\x1b[2J" } } }],
    skipped: [{ line: 3, number: "x", reason: "not a phone number such as +15551230000" }],
  });
});

Deno.test("call --json prints one object", async () => {
  await using service = new StubCallService();
  service.instead = (to) =>
    to === BOB ? Response.json({ problems: ["to: no", "assistant: no"] }, { status: 422 }) : undefined;
  const files = { "list.csv": `number\n${ANN}\n${BOB}\n` };
  const { code, out } = await run(["--file", "list.csv", "--json"], { url: service.url, files });
  assertEquals([code, JSON.parse(out)], [1, {
    results: [{
      number: ANN,
      outcome: "completed",
      seconds: 34,
      answeredBy: "human",
      callSid: "CA1",
      at: "2026-01-01T12:00:00.000Z",
    }],
    skipped: [{ line: 3, number: BOB, reason: "to: no; assistant: no" }],
    counts: { completed: 1 },
  }]);
});

Deno.test("call exits with 1 when a result is unknown", async () => {
  await using service = new StubCallService();
  service.course = () => [];
  const { code, out } = await run([ANN], { url: service.url });
  assertEquals(code, 1);
  assertStringIncludes(
    out,
    `${ANN}      unknown                    the service no longer knows this call\n`,
  );
});

Deno.test("call overwrites one progress line on a terminal", async () => {
  await using service = new StubCallService();
  const { out, err } = await run([ANN], { url: service.url, errIsTerminal: true });
  assertStringIncludes(err, `\r\x1b[K0 of 1 done\r\x1b[K0 of 1 done, 1 in progress (${ANN} queued)`);
  assertStringIncludes(err, `\r\x1b[K0 of 1 done, 1 in progress (${ANN} in-progress)\r\x1b[K`);
  assert(!out.includes("\x1b"), out);
});

Deno.test("call reports an unusable service with a remedy and without the token", async () => {
  await using service = new StubCallService();
  const answers: [response: Response, problem: string, recorded: string[]][] = [
    [
      Response.json({ detail: "The token is wrong" }, { status: 401 }),
      "The token is wrong. Set ADMIN_TOKEN to the value",
      [],
    ],
    [
      Response.json({ detail: "Only here" }, { status: 403 }),
      "Only here. Set ADMIN_TOKEN to the value of the service.",
      [],
    ],
    [new Response("not found", { status: 404 }), "it responded with 404. Check --url.", []],
    [
      new Response(null, { status: 302, headers: { location: "/" } }),
      "it responded with 302. Check --url.",
      [],
    ],
    [new Response("welcome"), "it responded with 200. Check --url.", []],
    [
      Response.json({ detail: "Twilio: 20003" }, { status: 502 }),
      "does not place calls: Twilio: 20003\n",
      [],
    ],
    [Response.json({ detail: "no answer" }, { status: 504 }), "does not place calls: no answer\n", [ANN]],
  ];
  for (const [response, problem, recorded] of answers) {
    service.instead = () => response;
    const files: Record<string, string> = { "list.csv": `number\n${ANN}\n${BOB}\n` };
    const args = ["--file", "list.csv", "--url", `${service.url}/`];
    service.requests.length = 0;
    const { code, out, err } = await run(args, { url: service.url, files });
    assertEquals([code, service.requests.length], [1, 1], problem);
    assertStringIncludes(err, problem);
    assert(!`${out}${err}${files["list.results.csv"]}`.includes(TOKEN));
    assertEquals([...calledNumbers(files["list.results.csv"] ?? "", "r.csv").keys()], recorded, problem);
  }
});

Deno.test("call records a call as unknown only when the request may have reached the service", async () => {
  const closing = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const closed = (async () => {
    for await (const connection of closing) {
      await connection.read(new Uint8Array(1_000));
      connection.close();
    }
  })();
  const { port } = closing.addr;
  for (
    const [url, problem, recorded] of [
      [`http://127.0.0.1:${freePort()}`, "tcp connect error: Connection refused", []],
      ["http://127.0.0.1:1", "Requests to port 1 are blocked", []],
      ["http://no-such-host.invalid", "dns error", []],
      [`https://127.0.0.1:${port}`, "tls handshake eof", []],
      [`http://127.0.0.1:${port}`, "connection closed before message completed", [ANN]],
    ] as [string, string, string[]][]
  ) {
    const files: Record<string, string> = { "list.csv": `number\n${ANN}\n${BOB}\n` };
    const { code, err } = await run(["--file", "list.csv", "--url", url], { files });
    assertEquals(code, 1);
    assertStringIncludes(err, `Cannot reach the service at ${url}: `);
    assertStringIncludes(err, problem);
    const results = files["list.results.csv"] ?? "";
    assertEquals([...calledNumbers(results, "r.csv").keys()], recorded, problem);
  }
  closing.close();
  await closed;
});

Deno.test("call escapes control characters of the service's responses", async () => {
  await using service = new StubCallService();
  service.instead = () => Response.json({ detail: "no\n\x1b[2J\u202e" }, { status: 409 });
  const { code, out } = await run([ANN], { url: service.url });
  assertEquals([code, out], [
    1,
    `${ANN}      refused                    no\\u000a\\u001b[2J\\u202e\n\n     1  refused\n`,
  ]);
});

Deno.test("call sends no token when none is set, and retries while the service is full", async () => {
  await using service = new StubCallService();
  let attempts = 0;
  service.instead = () =>
    ++attempts < 3 ? Response.json({ detail: "full" }, { status: attempts === 1 ? 429 : 503 }) : undefined;
  const { code, err } = await run([ANN], { service: { url: service.url } });
  assertEquals([code, err, attempts], [0, "waiting: full\n", 3]);
  assertEquals(new Set(service.credentials), new Set([null]));
});

Deno.test("call gives up after 60 s without a response and records an unknown result", async () => {
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
  assertStringIncludes(err, `no response within 60 s. Start it with "${invocation("serve")}"`);
  assertStringIncludes(files["r.csv"] ?? "", `${ANN},unknown,,,,`);
});

const WRONG: [args: string[], problem: string][] = [
  [[], "expected either a number or --file"],
  [[ANN, "--file", "l.csv"], "expected either a number or --file"],
  [["+1", "555"], 'unexpected argument "555"; quote an argument with spaces'],
  [[ANN, "--loud"], "unknown flag --loud"],
  [[ANN, "--rate", "0"], '--rate is "0"; expected a whole number from 1'],
  [[ANN, "--at-once", "many"], '--at-once is "many"'],
  [[ANN, "--hours", "9-18"], '--hours is "9-18"; expected hours such as 09:00-18:00'],
  [[ANN, "--hours", "09:00-25:00"], '--hours or --time-zone: "25:00" is not a time of day'],
  [[ANN, "--hours", "09:00-18:00", "--time-zone", "Mars"], "Mars"],
  [[ANN, "--time-zone", "UTC"], "--time-zone needs --hours"],
  [[ANN, "--set", "name"], '--set is "name"; expected NAME=VALUE'],
  [[ANN, "--set", "now=x"], '--set: the name "now" is not allowed; reserved by Parley'],
  [[ANN, "--url", "ftp://h"], '--url is "ftp://h"'],
];
for (const [args, problem] of WRONG) {
  Deno.test(`call rejects "${args.join(" ")}"`, async () => {
    const { code, err } = await run(args);
    assertEquals(code, 2, err);
    assertStringIncludes(err, problem);
    assert(
      err.startsWith(`${invocation("call")}: `) && err.endsWith(` See "${invocation("call --help")}".\n`),
      err,
    );
  });
}

Deno.test("call reports an invalid number", async () => {
  assertEquals(await run(["5551230000"]), {
    code: 1,
    out:
      "5551230000        skipped                    not a phone number such as +15551230000\n\n     1  skipped\n",
    err: "",
    files: {},
  });
});

Deno.test("call --dry-run rejects an assistant that does not exist", async () => {
  const assistants = ["reception", "sales"];
  const unknown = await run([ANN, "--assistant", "bob", "--dry-run"], { assistants });
  assertEquals([unknown.code, unknown.out], [2, ""]);
  assertStringIncludes(unknown.err, '--assistant is "bob"; expected reception or sales');
  const typo = await run([ANN, "--assistant", "sale", "--dry-run"], { assistants });
  assertStringIncludes(typo.err, 'did you mean "sales"?');
  assertEquals((await run([ANN, "--assistant", "sales", "--dry-run"], { assistants })).code, 0);
  // Another service has assistants of its own.
  const other = ["--url", "http://127.0.0.1:1", "--dry-run"];
  assertEquals((await run([ANN, "--assistant", "bob", ...other], { assistants })).code, 0);
  const file = { "l.csv": `number,assistant\n${ANN},sales\n${BOB},bob\n` };
  const listed = await run(["--file", "l.csv", "--dry-run"], { assistants, files: file });
  assertEquals(listed.code, 2);
  assertStringIncludes(listed.err, 'l.csv: assistant "bob" does not exist; expected reception or sales');
});
