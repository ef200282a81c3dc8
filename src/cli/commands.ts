/**
 * Every command: its purpose and its flags. The commands themselves are loaded when they start, because their modules
 * take ten times as long to load as these.
 */

import { CALLED_PARTY, defineCommand, HTTP_URL, oneOf, PARTY, wholeNumber } from "./command.ts";

export const SERVE = defineCommand({
  name: "serve",
  summary: "answer calls; the default command",
  flags: {
    reloads: {
      help: "apply changes of the assistants file and of .env, and end without a drain (the task dev)",
    },
  },
});

export const REHEARSE = defineCommand({
  name: "rehearse",
  summary: "place one complete call without a phone",
  flags: {
    url: { value: "URL", type: HTTP_URL, help: "server to call (default: start one for the call)" },
    script: {
      value: "FILE",
      help: "play a script at both ends of a started server, and report whether it passed",
    },
    wav: { value: "FILE", help: "what the caller says (default: a synthetic phrase)" },
    turns: {
      value: "N",
      type: wholeNumber(1),
      help: "say it N times, each time after the answer (default: 1)",
    },
    interrupt: {
      value: "MS",
      type: wholeNumber(0),
      help: "barge in MS milliseconds after the first answer started",
    },
    "max-seconds": { value: "N", type: wholeNumber(1), help: "hang up after N seconds (default: 120)" },
    "audio-format": {
      value: "FORMAT",
      type: oneOf("pcmu", "pcm16"),
      help: "format between the started server and the model: pcmu or pcm16 (default: AUDIO_FORMAT)",
    },
    local: { help: "reach every URL of the TwiML at the host of --url, past a tunnel" },
    from: { value: "NUMBER", type: PARTY, help: "the caller's number" },
    out: { value: "FILE", help: "record both sides as heard: stereo WAV, caller left, assistant right" },
    json: { help: "print one JSON object instead of the timeline" },
  },
});

export const CALL = defineCommand({
  name: "call",
  summary: "call a number, or every recipient of a campaign, through the running service",
  argument: "[NUMBER]",
  flags: {
    file: {
      value: "CSV",
      help: 'recipients: column "number"; optional "assistant", "objective"; others are variables',
    },
    assistant: { value: "NAME", help: "assistant that makes the calls (default: the default assistant)" },
    objective: { value: "TEXT", help: "purpose of the calls: {{objective}} in the assistant's instructions" },
    set: {
      value: "NAME=VALUE",
      repeatable: true,
      help: "variable: {{NAME}} in its instructions and greeting; repeatable",
    },
    rate: { value: "N", type: wholeNumber(1), help: "start at most N calls a minute" },
    "at-once": { value: "N", type: wholeNumber(1), help: "at most N calls in progress (default: 1)" },
    hours: { value: "09:00-18:00", help: "start calls within these hours only, and wait otherwise" },
    "time-zone": {
      value: "ZONE",
      help: "time zone of --hours, such as Europe/Berlin (default: the system's)",
    },
    "do-not-call": { value: "FILE", help: "numbers that are never called, one per line" },
    out: {
      value: "FILE",
      help: "append results as CSV; skip numbers already in it (with --file list.csv: list.results.csv)",
    },
    url: { value: "URL", type: HTTP_URL, help: "the service (default: PUBLIC_URL, else this machine)" },
    "dry-run": { help: "print who would be called, and call nobody" },
    json: { help: "print one JSON object at the end" },
  },
});

export const CALLS = defineCommand({
  name: "calls",
  summary: "list stored calls, show one, export them, or delete a number",
  argument: "[CALL_SID]",
  flags: {
    search: {
      value: "TEXT",
      help: "with these words (the last may be a prefix), or these digits in a number",
    },
    since: { value: "TIME", help: "started since: 2026-11-21, 2026-11-21T10:00, 24h, 7d" },
    limit: {
      value: "N",
      type: wholeNumber(1),
      help: "at most N calls, newest first (default: 20; all for an export)",
    },
    json: { help: "print complete records as JSON" },
    csv: { help: "print one CSV row per call" },
    forget: { value: "NUMBER", help: "delete the number's calls, and redact it in all others; asks first" },
    yes: { help: "with --forget: do not ask" },
  },
});

export const CHECK = defineCommand({
  name: "check",
  summary: "check the configuration, the accounts and the network before the first call",
  flags: {
    fix: { help: "point the webhooks of TWILIO_PHONE_NUMBER at PUBLIC_URL" },
    json: { help: "print one JSON object" },
    "print-config": {
      help: "only print the settings in force and where each comes from; secrets are masked",
    },
    route: {
      value: "NUMBER",
      type: CALLED_PARTY,
      help: "only print which assistant answers a call to this number, and why",
    },
    from: { value: "NUMBER", type: PARTY, help: "with --route: the caller's number" },
    at: { value: "TIME", help: "with --route: time of the call, such as 2026-11-21T10:00" },
  },
});
