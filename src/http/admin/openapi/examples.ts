/** Example bodies of the OpenAPI document. The tests validate them against their schemas. */

const TURNS = [
  {
    speaker: "assistant",
    text: "Good morning, this is the dentist's reception. How can I help?",
    atMs: 420,
    heardMs: 3_180,
    totalMs: 3_180,
    latency: { sendMs: 2, playbackMs: 61 },
    generated: { fromMs: 410, toMs: 1_020 },
    played: { fromMs: 420, toMs: 3_600 },
  },
  {
    speaker: "caller",
    text: "I need to move my appointment.",
    atMs: 4_010,
    spoken: { fromMs: 4_010, toMs: 6_200 },
  },
];

const SUMMARY = {
  callSid: "CA0123456789abcdef0123456789abcdef",
  direction: "inbound",
  from: "+15551230000",
  to: "+15559870000",
  assistant: "reception",
  model: "gpt-realtime",
  state: "ended",
  startedAt: "2026-11-21T09:00:00.000Z",
  endedAt: "2026-11-21T09:01:31.000Z",
  seconds: 91,
  endReason: "caller hung up",
  callerTurns: 1,
  bargeIns: 0,
  costUsd: 0.067,
  costs: { modelUsd: 0.0376, transcriptionUsd: 0.0036, summaryUsd: 0, carrierUsd: 0.0258 },
  carrierMinutes: 2,
};

const CONNECTED = {
  ...SUMMARY,
  callSid: "CA00000000000000000000000000000002",
  state: "connected",
  endedAt: undefined,
  endReason: undefined,
  seconds: 12,
  carrierMinutes: 1,
};

export const EXAMPLES = {
  CallRecord: {
    ...SUMMARY,
    turns: TURNS,
    events: [{
      atMs: 7_900,
      kind: "tool",
      name: "find_appointment",
      ok: true,
      ms: 140,
      arguments: '{"day":"Tuesday"}',
      result: '{"time":"10:30"}',
    }],
    tokens: { textIn: 410, textCached: 256, textOut: 38, audioIn: 620, audioCached: 128, audioOut: 540 },
    messages: [],
    recording: { state: "stored", ms: 91_000 },
  },
  CallList: { now: "2026-11-21T09:02:00.000Z", calls: [CONNECTED], ended: [SUMMARY] },
  CallChange: { type: "connected", call: CONNECTED },
  CallActivity: {
    callSid: CONNECTED.callSid,
    caller: 0,
    assistant: 118,
    speaker: "assistant",
    text: "Good morning, how can I help you?",
  },
  CallRequest: {
    to: "+15551230000",
    assistant: "reminder",
    objective: "Remind Ann Miller of her appointment tomorrow at 10:30.",
    variables: { name: "Ann" },
  },
  DayStats: {
    day: "2026-11-21",
    assistant: "reception",
    calls: 12,
    minutes: 18.4,
    carrierMinutes: 25,
    costUsd: 0.61,
    endings: { "caller hung up": 11, transferred: 1 },
    answers: 96,
    bargeIns: 7,
    bargeInRate: 0.073,
    latency: { answers: 90, p50: 640, p95: 980, p99: 1_310 },
  },
  Levels: { everyMs: 20, caller: [0, 3, 120], assistant: [0, 0, 0] },
  Setup: {
    standInModel: false,
    signatureRequired: true,
    signInRequired: true,
    publicUrl: "https://phone.example.com",
    command: "parley",
    phoneNumber: "+15559870000",
    recording: true,
    assistants: [{ name: "reception", languages: ["en", "es"] }],
    destinations: [{ name: "sales", number: "+15550100", about: "prices and orders" }],
  },
  Finding: { check: "port", level: "ok", message: "5050 is free" },
};
