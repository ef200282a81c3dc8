/**
 * The behaviour of Twilio's stand-in, for every phone built on it: the simulator's caller and the console's
 * phone. Fields and order as in Twilio's documentation of Media Streams, TwiML and status callbacks.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { encodeBase64 } from "@std/encoding/base64";
import type { DialOutcome } from "../../../src/simulator/twilio/dialed_number.js";
import type { CallResult } from "../../../src/simulator/twilio/twilio_call.js";
import { FakeService } from "./fake_service.ts";

/**
 * The phone's clock and network. The number's voice URL is `/incoming-call` of `baseUrl`, its status callback
 * `/call-status`.
 */
export type PhoneEnvironment = Pick<FakeService, "clock" | "fetch" | "openSocket" | "baseUrl">;

export interface PhoneSetup {
  /** Outcome of a dialed number, after ringing for `ringMs`. Default: nobody answers. */
  readonly dial?: { readonly status: DialOutcome["status"]; readonly ringMs: number };
  /** The keys the caller presses for a `<Gather>` after its prompts. */
  readonly keys?: string;
}

/** A phone whose call was placed. */
export interface PhoneUnderTest {
  /** Resolves when the call has ended and its callbacks were delivered. */
  readonly ended: Promise<CallResult["ending"]>;
  /** Presses a key during a media stream. */
  press(key: string): void;
  hangUp(): void;
}

/** Places a call from "client:suite" to "+15550100002", silent but for keys. */
export type MakePhone = (environment: PhoneEnvironment, setup: PhoneSetup) => PhoneUnderTest;

const STREAM =
  '<Stream url="wss://parley.example/media-stream"><Parameter name="token" value="a &amp; b"/></Stream>';
const connect = (attributes = "", stream = STREAM) => `<Connect${attributes}>${stream}</Connect>`;

/** One call to a service in memory. */
class Call extends FakeService {
  readonly phone: PhoneUnderTest;

  constructor(makePhone: MakePhone, documents: Record<string, string>, setup: PhoneSetup) {
    super(documents);
    this.phone = makePhone(this, setup);
  }

  async ended(): Promise<CallResult["ending"]> {
    await this.pass(100);
    return await this.phone.ended;
  }
}

/** Registers the tests of one phone. */
export function twilioStandInSuite(name: string, makePhone: MakePhone): void {
  const place = (documents: Record<string, string>, setup: PhoneSetup = {}) =>
    new Call(makePhone, documents, setup);
  const test = (behaviour: string, run: () => Promise<void>) => Deno.test(`${name} ${behaviour}`, run);

  test("requests TwiML with Twilio's form fields and reports the end of the call", async () => {
    const call = place({ "/incoming-call": '<Pause length="3"/>' });
    await call.pass(3000);
    assertEquals(await call.ended(), "service");
    const [voice, status] = call.requests;
    assertEquals([voice?.path, voice?.method, status?.path], ["/incoming-call", "POST", "/call-status"]);
    const { CallSid = "", AccountSid = "", ...form } = voice?.form ?? {};
    assertMatch(CallSid, /^CA[0-9a-f]{32}$/);
    assertMatch(AccountSid, /^AC[0-9a-f]{32}$/);
    assertEquals(form, {
      From: "client:suite",
      To: "+15550100002",
      Caller: "client:suite",
      Called: "+15550100002",
      ApiVersion: "2010-04-01",
      Direction: "inbound",
      CallStatus: "ringing",
    });
    const { CallStatus, CallDuration, SequenceNumber, CallbackSource, Timestamp = "" } = status?.form ?? {};
    assertEquals([CallStatus, CallDuration, SequenceNumber], ["completed", "3", "0"]);
    assertEquals([CallbackSource, status?.form.CallSid], ["call-progress-events", CallSid]);
    assertMatch(Timestamp, /^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/);
  });

  test("opens a stream with connected and start, then sends a frame every 20 ms", async () => {
    const call = place({ "/incoming-call": connect() });
    const socket = await call.stream();
    const [connected, start, ...frames] = socket.messages;
    const { CallSid, AccountSid } = call.forms("/incoming-call")[0] ?? {};
    const { streamSid } = socket;
    assertMatch(streamSid, /^MZ[0-9a-f]{32}$/);
    assertEquals(connected, { event: "connected", protocol: "Call", version: "1.0.0" });
    assertEquals(start, {
      event: "start",
      sequenceNumber: "1",
      start: {
        accountSid: AccountSid,
        streamSid,
        callSid: CallSid,
        tracks: ["inbound"],
        mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
        customParameters: { token: "a & b" },
      },
      streamSid,
    });
    assert(frames.length >= 4);
    const payload = encodeBase64(new Uint8Array(160).fill(0xff));
    for (const [i, frame] of frames.entries()) {
      assertEquals(frame, {
        event: "media",
        sequenceNumber: String(i + 2),
        media: { track: "inbound", chunk: String(i + 1), timestamp: String(20 * i), payload },
        streamSid,
      });
    }
    call.phone.hangUp();
    await call.ended();
  });

  test("returns a mark when the audio before it was played, and immediately without audio", async () => {
    const call = place({ "/incoming-call": connect() });
    const socket = await call.stream();
    socket.send("mark", { mark: { name: "first" } });
    assertEquals(socket.marks, [{ name: "first" }]);
    socket.speak(100);
    socket.send("mark", { mark: { name: "second" } });
    socket.speak(100);
    socket.send("mark", { mark: { name: "third" } });
    await call.pass(80);
    assertEquals(socket.marks.length, 1);
    await call.pass(40);
    assertEquals(socket.marks, [{ name: "first" }, { name: "second" }]);
    await call.pass(100);
    assertEquals(socket.marks.at(-1), { name: "third" });
    const numbers = socket.messages.slice(1).map(({ sequenceNumber }) => Number(sequenceNumber));
    assertEquals(numbers, numbers.map((_, i) => i + 1));
    call.phone.hangUp();
    await call.ended();
  });

  test("empties its buffer and returns every pending mark immediately at a clear", async () => {
    const call = place({ "/incoming-call": connect() });
    const socket = await call.stream();
    socket.speak(5000);
    socket.send("mark", { mark: { name: "a" } });
    socket.send("mark", { mark: { name: "b" } });
    socket.send("clear");
    assertEquals(socket.marks, [{ name: "a" }, { name: "b" }]);
    socket.send("mark", { mark: { name: "c" } });
    assertEquals(socket.marks.length, 3, "nothing is buffered any more");
    call.phone.hangUp();
    await call.ended();
  });

  test("ignores messages Twilio would not understand", async () => {
    const call = place({ "/incoming-call": connect() });
    const socket = await call.stream();
    const mark = (name: unknown, more = {}) => socket.send("mark", { mark: { name }, ...more });
    mark("another stream", { streamSid: "MZ1" });
    mark("extra field", { track: "outbound" });
    mark(7);
    socket.send("stop");
    socket.handlers.onMessage("{");
    socket.handlers.onMessage(new ArrayBuffer(3));
    mark("good");
    assertEquals(socket.marks, [{ name: "good" }]);
    call.phone.hangUp();
    await call.ended();
  });

  test("sends a key that is pressed during a stream", async () => {
    const call = place({ "/incoming-call": connect() });
    const socket = await call.stream();
    call.phone.press("#");
    const { sequenceNumber, ...message } = socket.of("dtmf")[0] ?? { event: "none" };
    assertEquals(message, {
      event: "dtmf",
      dtmf: { track: "inbound_track", digit: "#" },
      streamSid: socket.streamSid,
    });
    assertEquals(Number(sequenceNumber), socket.messages.length - 1);
    call.phone.hangUp();
    await call.ended();
  });

  test("sends stop, closes the socket and runs no further verb when the caller hangs up", async () => {
    const call = place({ "/incoming-call": `${connect(' action="/after"')}<Say>Never</Say>` });
    const socket = await call.stream();
    call.phone.hangUp();
    const { CallSid, AccountSid } = call.forms("/incoming-call")[0] ?? {};
    assertEquals(socket.messages.at(-1), {
      event: "stop",
      sequenceNumber: String(socket.messages.length - 1),
      stop: { accountSid: AccountSid, callSid: CallSid },
      streamSid: socket.streamSid,
    });
    assertEquals(socket.closedWith, 1000);
    assertEquals(await call.ended(), "caller");
    assertEquals(call.paths, ["/incoming-call", "/call-status"]);
  });

  test("requests the action when the service closes the stream", async () => {
    const call = place({
      "/incoming-call": `${connect(' action="/after"')}<Redirect>/never</Redirect>`,
      "/after": "<Hangup/>",
    });
    const socket = await call.stream();
    socket.handlers.onClose(1000, "");
    assertEquals(await call.ended(), "service");
    assertEquals(call.paths, ["/incoming-call", "/after", "/call-status"]);
    const [first, after] = call.requests;
    assertEquals([after?.form.CallStatus, after?.form.CallSid], ["in-progress", first?.form.CallSid]);
    assertEquals(socket.of("stop"), []);
  });

  test("runs the next verb when the service closes a stream without an action", async () => {
    const call = place({ "/incoming-call": `${connect()}<Redirect>/next</Redirect>`, "/next": "<Hangup/>" });
    (await call.stream()).handlers.onClose(1005, "");
    assertEquals(await call.ended(), "service");
    assertEquals(call.paths, ["/incoming-call", "/next", "/call-status"]);
  });

  for (const [code, events] of [[1000, ["stream-stopped"]], [1011, ["stream-error"]]] as const) {
    test(`reports a stream that is closed with ${code} to its status callback`, async () => {
      const stream = STREAM.replace("<Stream ", '<Stream name="ai" statusCallback="/stream-status" ');
      const call = place({ "/incoming-call": connect("", stream) });
      const socket = await call.stream();
      const { streamSid } = socket;
      socket.handlers.onClose(code, "why");
      assertEquals(await call.ended(), code === 1000 ? "service" : "failed");
      const reports = call.forms("/stream-status");
      assertEquals(reports.map(({ StreamEvent }) => StreamEvent), ["stream-started", ...events]);
      for (const { StreamSid, StreamName, Timestamp = "" } of reports) {
        assertEquals([StreamSid, StreamName], [streamSid, "ai"]);
        assertMatch(Timestamp, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      }
      assertEquals(reports.at(-1)?.StreamError, code === 1000 ? undefined : "31921 1011 why");
    });
  }

  test("sends gathered keys to the action, without the key that finishes them", async () => {
    const gather = (attributes: string) => `<Gather action="/keys" ${attributes}/><Redirect>/none</Redirect>`;
    const digits = async (attributes: string, keys?: string) => {
      const documents = { "/incoming-call": gather(attributes), "/keys": "<Hangup/>", "/none": "<Hangup/>" };
      const call = place(documents, { ...keys && { keys } });
      await call.pass(attributes.includes("timeout") ? 1000 : 100);
      assertEquals(await call.ended(), "service");
      return call.forms("/keys")[0]?.Digits ?? call.paths[1];
    };
    assertEquals(await digits('numDigits="1"', "2"), "2");
    assertEquals(await digits('numDigits="2"', "123"), "12");
    assertEquals(await digits("", "12#3"), "12");
    assertEquals(await digits('finishOnKey="*"', "1#*2"), "1#");
    assertEquals(await digits('finishOnKey="" timeout="1"', "1#"), "1#");
    assertEquals(await digits('timeout="1"'), "/none", "without a key the next verb runs");
  });

  test("requests the same document again for keys without an action", async () => {
    const call = place({ "/incoming-call": '<Gather numDigits="1"/>' }, { keys: "1" });
    await call.pass(40);
    call.phone.hangUp();
    await call.ended();
    const [, again] = call.forms("/incoming-call");
    assertEquals([again?.Digits, again?.CallStatus], ["1", "in-progress"]);
  });

  const NUMBER = '<Number statusCallback="/number" ' +
    'statusCallbackEvent="initiated ringing answered completed">+15550100</Number>';

  test("reports a dialed number and sends its outcome to the action", async () => {
    for (const status of ["completed", "busy", "no-answer", "failed"] as const) {
      const call = place({
        "/incoming-call": `<Dial action="/after">${NUMBER}</Dial><Redirect>/never</Redirect>`,
        "/after": "<Hangup/>",
      }, { dial: { status, ringMs: 1000 } });
      await call.pass(1200);
      assertEquals(await call.ended(), status === "completed" ? "transferred" : "service");
      const parent = call.requests[0]?.form.CallSid;
      const reports = call.forms("/number");
      assertEquals(
        reports.map(({ CallStatus }) => CallStatus),
        ["initiated", "ringing", ...status === "completed" ? ["in-progress"] : [], status],
      );
      const [after] = call.forms("/after");
      for (const [i, form] of reports.entries()) {
        assertEquals([form.SequenceNumber, form.ParentCallSid, form.To, form.Direction], [
          String(i),
          parent,
          "+15550100",
          "outbound-dial",
        ]);
        assertEquals(form.CallSid, after?.DialCallSid);
      }
      assertMatch(after?.DialCallSid ?? "", /^CA[0-9a-f]{32}$/);
      assertEquals([after?.DialCallStatus, after?.CallStatus, after?.CallSid], [
        status,
        "in-progress",
        parent,
      ]);
      assertEquals(call.paths.at(-1), "/call-status");
    }
  });

  test("reports only the events a dialed number asks for", async () => {
    const number = (events: string) =>
      `<Dial><Number statusCallback="/number"${events}>+15550100</Number></Dial>`;
    const statuses = async (events: string) => {
      const call = place({ "/incoming-call": number(events) }, { dial: { status: "completed", ringMs: 20 } });
      await call.pass(100);
      await call.ended();
      return call.forms("/number").map(({ CallStatus }) => CallStatus);
    };
    assertEquals(await statuses(""), ["completed"]);
    assertEquals(await statuses(' statusCallbackEvent="answered"'), ["in-progress"]);
  });

  test("runs the next verb after a Dial without an action", async () => {
    const documents = {
      "/incoming-call": "<Dial>+15550100</Dial><Redirect>/next</Redirect>",
      "/next": "<Hangup/>",
    };
    const call = place(documents, { dial: { status: "busy", ringMs: 20 } });
    await call.pass(100);
    assertEquals(await call.ended(), "service");
    assertEquals(call.paths, ["/incoming-call", "/next", "/call-status"]);
  });

  test("stops ringing at the timeout of the Dial", async () => {
    const call = place(
      { "/incoming-call": '<Dial action="/after" timeout="2">+15550100</Dial>', "/after": "<Hangup/>" },
      { dial: { status: "completed", ringMs: 60_000 } },
    );
    await call.pass(1900);
    assertEquals(call.forms("/after"), []);
    await call.pass(120);
    assertEquals(await call.ended(), "service");
    assertEquals(call.forms("/after")[0]?.DialCallStatus, "no-answer");
  });

  test("reports a canceled Dial when the caller hangs up while it rings", async () => {
    const call = place({
      "/incoming-call": '<Dial action="/after">+15550100</Dial>',
      "/after": "<Say>Never</Say>",
    });
    await call.pass(500);
    call.phone.hangUp();
    assertEquals(await call.ended(), "caller");
    const [after] = call.forms("/after");
    assertEquals([after?.DialCallStatus, after?.CallStatus], ["canceled", "completed"]);
    assertEquals(call.forms("/call-status").length, 1);
  });

  test("replaces the document at a Redirect, relative to the document's URL", async () => {
    const call = place({
      "/incoming-call": "<Redirect>/a/next</Redirect><Redirect>/never</Redirect>",
      "/a/next": '<Redirect method="GET">more?x=1</Redirect>',
      "/a/more": "<Hangup/>",
    });
    await call.pass(100);
    assertEquals(await call.ended(), "service");
    assertEquals(call.paths, ["/incoming-call", "/a/next", "/a/more", "/call-status"]);
    const { method, form } = call.requests[2] ?? {};
    assertEquals([method, form?.x, form?.CallStatus], ["GET", "1", "in-progress"]);
  });

  test("does not report the end of a rejected call", async () => {
    const call = place({ "/incoming-call": '<Reject reason="busy"/>' });
    assertEquals(await call.ended(), "rejected");
    assertEquals(call.paths, ["/incoming-call"]);
  });

  test("ends the call at TwiML that Twilio would not run", async () => {
    const call = place({ "/incoming-call": "<Dail/>" });
    assertEquals(await call.ended(), "failed");
    assertEquals(call.sockets, []);
  });

  test("leaves no timer after the call", async () => {
    const call = place({ "/incoming-call": connect() });
    const socket = await call.stream();
    socket.speak(1000);
    socket.send("mark", { mark: { name: "a" } });
    socket.handlers.onClose(1000, "");
    await call.ended();
    assertEquals(call.clock.pending, 0);
  });
}
