import { assertEquals } from "@std/assert";
import { systemClock } from "../../src/clock.ts";
import { readCallRequest } from "../../src/dialer/call_request.ts";
import { runCall } from "../../src/cli/call_command.ts";
import { Dialer } from "../../src/dialer/dialer.ts";
import { readAnsweredBy, readCallStatusUpdate } from "../../src/twilio/call_status.ts";
import { TwilioRest } from "../../src/twilio/rest.ts";
import { ACCOUNT_SID, AUTH_TOKEN, NUMBER, TwilioApi } from "../support/twilio_api.ts";

const ANN = "+15551230000";

/** Callbacks of an answered call, out of order. */
const CALLBACKS = [
  "CallStatus=completed&SequenceNumber=3&CallDuration=34",
  "CallStatus=ringing&SequenceNumber=1",
  "AnsweredBy=machine_end_beep",
  "CallStatus=initiated&SequenceNumber=0",
  "CallStatus=in-progress&SequenceNumber=2",
];

Deno.test("call NUMBER reaches Twilio through the service, and prints the result of the callbacks", async () => {
  await using api = new TwilioApi();
  const rest = new TwilioRest({
    apiUrl: api.url,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    clock: systemClock,
  });
  const dialer = new Dialer({
    createCall: (call) => rest.createCall(call),
    hangUp: (callSid) => rest.hangUp(callSid),
    from: NUMBER,
    publicUrl: "https://phone.example.com",
    ringSeconds: 30,
    callsPerSecond: 1,
    maxCalls: 1,
    doNotCall: new Set(),
    clock: systemClock,
  });
  const taken: unknown[] = [];
  const callback = async (callSid: string, form: string) => {
    const parameters = new URLSearchParams(`CallSid=${callSid}&${form}`);
    const [report, verdict] = [readCallStatusUpdate(parameters), readAnsweredBy(parameters)];
    if (report) await dialer.reportStatus(report);
    if (verdict) await dialer.reportAnsweredBy(callSid, verdict.answeredBy);
  };
  const service = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/calls") {
      const callSid = pathname.replace("/api/calls/", "");
      if (taken.length === 0) {
        taken.push(await dialer.takeRequest(callSid));
        for (const form of CALLBACKS) await callback(callSid, form);
      }
      return Response.json(dialer.find(callSid) ?? {}, { status: dialer.find(callSid) ? 200 : 404 });
    }
    const asked = readCallRequest(await request.text());
    if ("problems" in asked) return Response.json(asked, { status: 422 });
    const placed = await dialer.place(asked, { detectMachine: true });
    return Response.json(placed, { status: "callSid" in placed ? 201 : 409 });
  });
  let out = "";
  const code = await runCall([ANN, "--objective", "Confirm Friday", "--json"], {
    out: (text) => void (out += text),
    err: () => {},
    errIsTerminal: false,
    readFile: () => Promise.resolve(undefined),
    appendFile: () => Promise.resolve(),
    service: { url: `http://127.0.0.1:${service.addr.port}` },
    timeZone: "UTC",
    clock: { ...systemClock, after: (ms, then) => systemClock.after(ms === 1_000 ? 1 : ms, then) },
  });
  await service.shutdown();
  const { results: [{ at: _at, ...call }] } = JSON.parse(out);
  const [callSid] = api.calls.keys();
  assertEquals([code, call], [0, {
    number: ANN,
    outcome: "completed",
    seconds: 34,
    answeredBy: "machine_end_beep",
    callSid,
  }]);
  assertEquals([taken, dialer.activeCalls], [[{ to: ANN, objective: "Confirm Friday" }], 0]);
});
