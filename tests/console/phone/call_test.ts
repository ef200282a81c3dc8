import { assert, assertEquals } from "@std/assert";
import { DOMParser } from "@xmldom/xmldom";
import { PhoneCall } from "../../../src/console/phone/call.js";
import { gatherKey, hangup, redirect, reject, say, twiml, type Verb } from "../../../src/twilio/twiml.ts";

/** Browsers have it. */
class BrowsersParser extends DOMParser {
  constructor() {
    super({ onError: () => {} });
  }
}
Object.assign(globalThis, { DOMParser: BrowsersParser });

/** Where the service believes to be. */
const PUBLIC = "https://phone.example.com/parley";

type Answer = (form: URLSearchParams) => Response | Verb[];

/** A service that answers so, and a call to it. */
class Bench implements AsyncDisposable {
  readonly asked: { path: string; form: URLSearchParams }[] = [];
  readonly notes: string[] = [];
  readonly states: string[] = [];
  readonly call: PhoneCall;
  closed = 0;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #changed = () => {};

  constructor(answers: Record<string, Answer>, options: { assistant?: string } = {}) {
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
      const path = new URL(request.url).pathname.replace("/under/a/path", "");
      const form = new URLSearchParams(await request.text());
      this.asked.push({ path, form });
      const answer = answers[path]?.(form) ?? new Response(null, { status: 204 });
      return answer instanceof Response
        ? answer
        : new Response(twiml(...answer), { headers: { "content-type": "text/xml" } });
    });
    this.call = new PhoneCall({
      base: `http://127.0.0.1:${this.#server.addr.port}/under/a/path`,
      publicUrl: PUBLIC,
      to: "+15559870000",
      ready: Promise.resolve(),
      sound: {
        start: () => Promise.resolve(),
        close: () => Promise.resolve(this.closed++),
        tone: () => {},
        clear: () => {},
      },
      changed: () => {
        this.states.push(this.call.state.phase);
        this.#changed();
      },
      heard: () => {},
      noted: (name: string) => this.notes.push(name),
      ...options,
    });
  }

  /** Does something when the call gets there. */
  when(phase: string, act: () => void): void {
    this.#changed = () => this.states.at(-1) === phase && act();
  }

  async run(): Promise<{ why: string; detail?: string }> {
    await this.call.run();
    await this.call.told();
    const { phase, ...rest } = this.call.state;
    assertEquals([phase, this.closed], ["ended", 1]);
    return JSON.parse(JSON.stringify(rest));
  }

  /** What an address was asked or told with first. */
  told(path: string): URLSearchParams | undefined {
    return this.asked.find((each) => each.path === path)?.form;
  }

  get paths(): string[] {
    return this.asked.map(({ path }) => path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

Deno.test("a call begins as Twilio's does, wherever this page finds the service, and ends with the document", async () => {
  await using bench = new Bench({
    "/incoming-call": () => [redirect(`${PUBLIC}/onwards`)],
    "/onwards": () => [redirect("and-on")],
    "/and-on": () => [say("")],
  }, { assistant: "sales" });
  assertEquals(await bench.run(), { why: "service" });
  const [first, second] = bench.asked.map(({ form }) => Object.fromEntries(form));
  const { CallSid, AccountSid, ...fields } = first ?? {};
  assertEquals([CallSid, AccountSid?.length], [bench.call.callSid, 34]);
  assertEquals(fields, {
    From: "client:console",
    To: "+15559870000",
    Caller: "client:console",
    Called: "+15559870000",
    ApiVersion: "2010-04-01",
    Direction: "inbound",
    Assistant: "sales",
    CallStatus: "ringing",
  });
  assertEquals([second?.CallStatus, second?.CallSid, second?.Assistant], ["in-progress", CallSid, "sales"]);
  assertEquals(bench.told("/call-status")?.get("CallStatus"), "completed");
});

Deno.test("keys: those asked for are sent on, and without any the next verb follows", async () => {
  const offer = [
    gatherKey(`${PUBLIC}/chosen`, [say("Press 1"), say("Press 2")]),
    redirect(`${PUBLIC}/nothing`),
  ];
  await using pressed = new Bench({ "/incoming-call": () => offer, "/chosen": () => [hangup] });
  // The first prompt is cut short, and the second one is not spoken.
  pressed.when("saying", () => pressed.call.press("2"));
  assertEquals(await pressed.run(), { why: "service" });
  assertEquals(pressed.told("/chosen")?.get("Digits"), "2");
  assertEquals(pressed.notes.filter((note) => note === "says").length, 1);

  const silent = [
    { name: "Gather", attributes: { timeout: "0", action: `${PUBLIC}/chosen` }, children: [] },
    redirect(`${PUBLIC}/nothing`),
  ];
  await using none = new Bench({ "/incoming-call": () => silent, "/nothing": () => [hangup] });
  assertEquals(await none.run(), { why: "service" });
  assertEquals([none.paths.includes("/nothing"), none.paths.includes("/chosen")], [true, false]);

  const several = [{
    name: "Gather",
    attributes: { timeout: "5", numDigits: "4", action: `${PUBLIC}/chosen` },
  }];
  await using number = new Bench({ "/incoming-call": () => several, "/chosen": () => [hangup] });
  number.when("gathering", () => [..."12#3"].forEach((key) => number.call.press(key)));
  await number.run();
  assertEquals(number.told("/chosen")?.get("Digits"), "12", "up to the key that ends them");
});

Deno.test("a call that is not taken, and one that cannot go on, say so", async () => {
  const cases: [string, Answer, { why: string; detail?: string }][] = [
    ["rejected", () => [reject("rejected")], { why: "rejected" }],
    ["busy", () => [reject("busy")], { why: "busy" }],
    ["elsewhere", () => [redirect("https://other.example/voice")], {
      why: "elsewhere",
      detail: "https://other.example/voice",
    }],
    ["a name that only begins alike", () => [redirect(`${PUBLIC}2/voice`)], {
      why: "elsewhere",
      detail: `${PUBLIC}2/voice`,
    }],
    [
      "refused",
      () => Response.json({ detail: "The request is not signed" }, { status: 403 }),
      { why: "refused", detail: "The request is not signed" },
    ],
    ["no TwiML", () => new Response("<Answer/>"), {
      why: "failed",
      detail: "Cannot run the TwiML: its root is <Answer>, <Response> was expected (12100)",
    }],
  ];
  for (const [what, answer, ended] of cases) {
    await using bench = new Bench({ "/incoming-call": answer });
    assertEquals(await bench.run(), ended, what);
    const told = bench.paths.includes("/call-status");
    assertEquals(
      told && (what === "rejected" || what === "busy"),
      false,
      "a call that was not answered has no length",
    );
  }
});

Deno.test("a socket that is refused ends the call, and a service that is gone", async () => {
  const connect = [{
    name: "Connect",
    children: [{ name: "Stream", attributes: { url: "wss://phone.example.com/parley/media-stream" } }],
  }];
  await using refused = new Bench({
    "/incoming-call": () => connect,
    "/media-stream": () => new Response(null, { status: 403 }),
  });
  assertEquals((await refused.run()).why, "noStream");
  assert(refused.paths.includes("/media-stream"), "asked where this page finds it");

  const gone = new Bench({});
  await gone[Symbol.asyncDispose]();
  const { why, detail } = await gone.run();
  assertEquals(why, "unreachable");
  assert(detail, "and says how");
});

Deno.test("the caller may hang up at any time", async () => {
  const pause = [{ name: "Pause", attributes: { length: "60" } }];
  const dial = [{ name: "Dial", children: "+15550100" }];
  const gather = [gatherKey(`${PUBLIC}/chosen`, [])];
  for (const [phase, document] of [["ringing", pause], ["dialling", dial], ["gathering", gather]] as const) {
    await using bench = new Bench({ "/incoming-call": () => [...document] });
    bench.when(phase, () => bench.call.hangUp());
    assertEquals(await bench.run(), { why: "hungUp" }, phase);
    if (phase !== "ringing") assertEquals(bench.told("/call-status")?.get("CallStatus"), "completed");
  }
});
