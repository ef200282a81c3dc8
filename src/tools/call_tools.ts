import { z } from "zod";
import type { CallMessage } from "../records/call_record.ts";
import type { CallControl } from "./call_control.ts";
import { defineTool, type Tool, ToolError } from "./tool.ts";

/** Timeout for the caller's digits (ms); long, because callers look for a card first. */
const COLLECT_TIMEOUT_MS = 60_000;
/** Maximum duration of a sequence of keypad tones (ms): 40 tones with pauses. */
const TONES_TIMEOUT_MS = 60_000;

const IN_MEMORY = "The message could not be written to disk: it is in memory, and is delivered from there.";
const NO_PARAMETERS = z.object({});
const DIGITS = z.object({
  digits: z.string().regex(/^[0-9*#ABCDwW]{1,40}$/, "use 0 to 9, *, #, A to D and w, at most 40"),
});

/** `end_call`: hangs up after the caller has heard the goodbye. */
export function endCall(call: CallControl): Tool {
  return defineTool({
    name: "end_call",
    description:
      "Hangs up. Say goodbye first, in the same response, and only when the caller wants nothing more.",
    parameters: NO_PARAMETERS,
    skipResponse: true,
  }, () => {
    call.hangUp();
    return { ok: true, note: "The call ends when the caller has heard your goodbye." };
  });
}

/**
 * `transfer_call`: transfers the caller to one of the configured destinations.
 *
 * @param destinations `about` describes a destination to the model; may be empty.
 */
export function transferCall(
  call: CallControl,
  destinations: readonly { readonly name: string; readonly about: string }[],
): Tool {
  const names = destinations.map(({ name }) => name);
  const list = destinations.map(({ name, about }) => `${name}${about ? `: ${about}` : ""}`).join("; ");
  return defineTool({
    name: "transfer_call",
    description:
      `Transfers the caller to a person. Say so first, in the same response. Destinations: ${list}`,
    parameters: z.object({ destination: z.enum(names) }),
    skipResponse: true,
  }, ({ destination }) => {
    call.transfer(destination);
    return { ok: true, note: "The transfer starts when the caller has heard you." };
  });
}

/** `send_digits`: plays keypad tones, for phone menus. */
export function sendDigits(call: CallControl): Tool {
  return defineTool({
    name: "send_digits",
    description: "Presses phone keys, for a menu at the other end: 0 to 9, * and #; w waits half a second.",
    parameters: DIGITS,
    timeoutMs: TONES_TIMEOUT_MS,
    skipResponse: true,
  }, async ({ digits }) => {
    await call.sendDigits(digits);
    return { sent: digits };
  });
}

/**
 * `collect_digits`: the caller enters a secret that the model never sees.
 *
 * @param secrets Names and expected lengths.
 */
export function collectDigits(
  call: CallControl,
  secrets: readonly { readonly name: string; readonly digits: number }[],
): Tool {
  return defineTool({
    name: "collect_digits",
    description:
      "Waits for the caller to enter a secret on the keypad; ask for it first. You only learn whether it was " +
      "entered.",
    parameters: z.object({ name: z.enum(secrets.map(({ name }) => name)) }),
    timeoutMs: COLLECT_TIMEOUT_MS,
  }, async ({ name }) => {
    const collected = await call.collectDigits(name);
    if ("digits" in collected) {
      const expected = secrets.find((secret) => secret.name === name)?.digits;
      if (collected.digits === expected) return { entered: true };
      throw new ToolError(`The caller entered ${collected.digits} digits instead of ${expected}. Ask again.`);
    }
    throw new ToolError(
      collected.failed === "timeout"
        ? "The caller did not enter anything in time. Ask again."
        : "The caller did not finish. Ask again.",
    );
  });
}

/** Where a message is until it is delivered. */
export type MessagePlace = "disk" | "memory";

/** `take_message`: adds a message from the caller to the call's record, and passes it to `save`. */
export function takeMessage(
  call: CallControl,
  save: (message: CallMessage) => Promise<MessagePlace> | MessagePlace,
): Tool {
  return defineTool({
    name: "take_message",
    description:
      "Saves a message from the caller for the people you work for. Ask for missing details, and read the " +
      "message back first.",
    parameters: z.object({
      name: z.string().trim().min(1).max(200).describe("Name of the caller"),
      number: z.string().trim().min(1).max(50).describe("Number to call back"),
      message: z.string().trim().min(1).max(4_000),
      urgent: z.boolean().default(false),
    }),
  }, async (taken) => {
    const message = { kind: "message", ...taken } as const;
    call.addMessage(message);
    return await save(message) === "disk" ? { saved: true } : { saved: true, note: IN_MEMORY };
  });
}

/** `pause_recording`: pauses the recording and the transcript until `resume_recording`. */
export function pauseRecording(call: CallControl): Tool {
  return defineTool({
    name: "pause_recording",
    description:
      "Pauses the recording of this call at once. Use it before the caller says something that must not be " +
      "recorded, such as a card number, and whenever they do not want to be recorded.",
    parameters: NO_PARAMETERS,
  }, () => {
    call.setRecording(false);
    return { ok: true, note: "Nothing is recorded until resume_recording." };
  });
}

/** `resume_recording`: resumes the recording. */
export function resumeRecording(call: CallControl): Tool {
  return defineTool({
    name: "resume_recording",
    description:
      "Resumes the recording of this call after the part that must not be recorded. Never against the caller's wish.",
    parameters: NO_PARAMETERS,
  }, () => {
    call.setRecording(true);
    return { ok: true };
  });
}

/**
 * `switch_language`: continues in another of the assistant's languages.
 *
 * @param languages BCP 47 codes.
 */
export function switchLanguage(call: CallControl, languages: readonly string[]): Tool {
  return defineTool({
    name: "switch_language",
    description:
      "Continues in another language, with its own voice. Use it when the caller speaks that language.",
    parameters: z.object({
      language: z.enum([...languages]),
      summary: z.string().max(2_000).describe("What the caller wants and what was said so far"),
    }),
    skipResponse: true,
  }, ({ language, summary }) => {
    call.switchLanguage(language, summary);
    return { ok: true };
  });
}
