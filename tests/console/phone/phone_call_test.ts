import { assert, assertEquals } from "@std/assert";
import { PhoneCall } from "../../../src/console/phone/phone_call.js";
import type { StepName } from "../../../src/console/phone/phone_types.ts";
import {
  gatherKey,
  hangup,
  redirect,
  reject,
  say,
  twiml,
  type TwimlElement,
} from "../../../src/twilio/twiml.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { settle } from "../../support/wait_until.ts";

const PUBLIC_URL = "https://phone.example.com/parley";
/** Base URL of the service. */
const BASE = "http://localhost:8080/under/a/path";

type Answer = (form: URLSearchParams) => Response | TwimlElement[];

interface End {
  readonly why: string;
  readonly detail?: string;
}

/** A call from the page to a stub service with one answer per path. */
class PageCall {
  readonly requests: { path: string; form: URLSearchParams }[] = [];
  readonly sockets: string[] = [];
  readonly steps: StepName[] = [];
  readonly phases: string[] = [];
  readonly call: PhoneCall;
  #onChange = () => {};
  #closed = 0;
  readonly #clock = new FakeClock();

  /** @param answers Undefined: the service cannot be reached. */
  constructor(answers: Record<string, Answer> | undefined, options: { assistant?: string } = {}) {
    this.call = new PhoneCall({
      base: BASE,
      publicUrl: PUBLIC_URL,
      to: "+15559870000",
      ready: Promise.resolve(),
      audio: {
        onFrame: () => {},
        onMark: () => {},
        start: () => Promise.resolve(),
        close: () => Promise.resolve(void this.#closed++),
        media: () => {},
        mark: () => {},
        clear: () => {},
        playTone: () => {},
      },
      onChange: () => {
        this.phases.push(this.call.state.phase);
        this.#onChange();
      },
      onLevels: () => {},
      onStep: (name) => this.steps.push(name),
      platform: {
        clock: this.#clock,
        from: "client:console",
        fetch: (url, init) => this.#answer(answers, new URL(String(url)), init),
        openSocket: (url) => {
          this.sockets.push(url.href);
          return Promise.reject(Object.assign(new Error("refused"), { status: 403 }));
        },
      },
      ...options,
    });
  }

  /** Acts whenever the call enters a phase. */
  when(phase: string, act: () => void): void {
    this.#onChange = () => this.phases.at(-1) === phase && act();
  }

  async run(): Promise<End> {
    const ended = this.call.run();
    for (let i = 0; i < 10 && this.phases.at(-1) !== "ended"; i++) {
      await settle();
      this.#clock.advance(100);
    }
    await ended;
    await this.call.delivered();
    const { phase, ...end } = JSON.parse(JSON.stringify(this.call.state));
    assertEquals([phase, this.#closed], ["ended", 1]);
    return end;
  }

  /** The form of the first request to a path. */
  formOf(path: string): URLSearchParams | undefined {
    return this.requests.find((each) => each.path === path)?.form;
  }

  get paths(): string[] {
    return this.requests.map(({ path }) => path);
  }

  #answer(answers: Record<string, Answer> | undefined, url: URL, init?: RequestInit): Promise<Response> {
    if (!answers) return Promise.reject(new TypeError("connection refused"));
    assert(url.href.startsWith(`${BASE}/`), `${url} is not below the page's base URL`);
    const path = url.href.slice(BASE.length);
    const form = new URLSearchParams(String(init?.body ?? ""));
    this.requests.push({ path, form });
    const response = answers[path]?.(form) ?? new Response(null, { status: 204 });
    return Promise.resolve(
      response instanceof Response
        ? response
        : new Response(twiml(...response), { headers: { "content-type": "text/xml" } }),
    );
  }
}

Deno.test("PhoneCall requests TwiML at the page's address, and ends when the TwiML ends", async () => {
  const page = new PageCall({
    "/incoming-call": () => [redirect(`${PUBLIC_URL}/onwards`)],
    "/onwards": () => [redirect("and-on")],
    "/and-on": () => [say("")],
  }, { assistant: "sales" });
  assertEquals(await page.run(), { why: "service" });
  const [first, second] = page.requests.map(({ form }) => Object.fromEntries(form));
  const { CallSid, AccountSid, ...fields } = first ?? {};
  assertEquals([CallSid, AccountSid?.length], [page.call.callSid, 34]);
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
  assertEquals(page.formOf("/call-status")?.get("CallStatus"), "completed");
});

Deno.test("PhoneCall sends gathered keys, and a key interrupts the prompts", async () => {
  const pressed = new PageCall({
    "/incoming-call": () => [
      gatherKey(`${PUBLIC_URL}/chosen`, [say("Press 1"), say("Press 2")]),
      redirect(`${PUBLIC_URL}/nothing`),
    ],
    "/chosen": () => [hangup],
  });
  pressed.when("saying", () => pressed.call.press("2"));
  assertEquals(await pressed.run(), { why: "service" });
  assertEquals(pressed.formOf("/chosen")?.get("Digits"), "2");
  assertEquals(pressed.steps.filter((step) => step === "says").length, 1);

  const silent = new PageCall({
    "/incoming-call": () => [
      { name: "Gather", attributes: { timeout: "0", action: `${PUBLIC_URL}/chosen` }, children: [] },
      redirect(`${PUBLIC_URL}/nothing`),
    ],
    "/nothing": () => [hangup],
  });
  assertEquals(await silent.run(), { why: "service" });
  assertEquals([silent.paths.includes("/nothing"), silent.paths.includes("/chosen")], [true, false]);
});

const FAILURES: readonly (readonly [string, Answer, End])[] = [
  ["a rejected call", () => [reject("rejected")], { why: "rejected" }],
  ["a busy line", () => [reject("busy")], { why: "busy" }],
  ["a redirect to another host", () => [redirect("https://other.example/voice")], {
    why: "foreignHost",
    detail: "https://other.example/voice",
  }],
  ["a redirect to an address with the same prefix", () => [redirect(`${PUBLIC_URL}2/voice`)], {
    why: "foreignHost",
    detail: `${PUBLIC_URL}2/voice`,
  }],
  [
    "a refused request",
    () => Response.json({ detail: "The request is not signed" }, { status: 403 }),
    { why: "refused", detail: "The request is not signed" },
  ],
  [
    "an answer that is not TwiML",
    () => new Response("<Answer/>", { headers: { "content-type": "text/xml" } }),
    {
      why: "failed",
      detail: "Cannot run the TwiML: its root is <Answer>, <Response> was expected (12100)",
    },
  ],
];
for (const [name, response, end] of FAILURES) {
  Deno.test(`PhoneCall reports ${name}`, async () => {
    const page = new PageCall({ "/incoming-call": response });
    assertEquals(await page.run(), end);
    if (end.why === "rejected" || end.why === "busy") {
      assertEquals(page.paths.includes("/call-status"), false, "the call was not answered");
    }
  });
}

Deno.test("PhoneCall opens the media stream at the page's address and reports its refusal", async () => {
  const page = new PageCall({
    "/incoming-call": () => [{
      name: "Connect",
      children: [{ name: "Stream", attributes: { url: "wss://phone.example.com/parley/media-stream" } }],
    }],
  });
  assertEquals((await page.run()).why, "streamRefused");
  assertEquals(page.sockets, ["ws://localhost:8080/under/a/path/media-stream"]);
});

Deno.test("PhoneCall reports an unreachable service", async () => {
  const { why, detail } = await new PageCall(undefined).run();
  assertEquals(why, "unreachable");
  assert(detail?.includes("connection refused"), detail);
});

Deno.test("PhoneCall ends in any phase when the caller hangs up", async () => {
  const documents = {
    ringing: [{ name: "Pause", attributes: { length: "60" } }],
    dialling: [{ name: "Dial", children: "+15550100" }],
    gathering: [gatherKey(`${PUBLIC_URL}/chosen`, [])],
  };
  for (const [phase, document] of Object.entries(documents)) {
    const page = new PageCall({ "/incoming-call": () => [...document] });
    page.when(phase, () => page.call.hangUp());
    assertEquals(await page.run(), { why: "hungUp" }, phase);
    if (phase !== "ringing") assertEquals(page.formOf("/call-status")?.get("CallStatus"), "completed");
  }
});
