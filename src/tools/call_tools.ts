import { z } from "zod";
import type { Phone } from "./phone.ts";
import { type Tool, tool, ToolError } from "./tool.ts";

/** Longest wait for a caller to enter digits (ms), with the pauses of a person who looks for a card. */
const COLLECT_MS = 60_000;
/** Longest text of keypad tones (ms): 40 of them, with pauses. */
const TONES_MS = 60_000;

const NOTHING = z.object({});
const DIGITS = z.object({
  digits: z.string().regex(/^[0-9*#ABCDwW]{1,40}$/, "0 to 9, *, #, w; at most 40"),
});

/** `end_call`: hangs up after the goodbye. */
export function endCall(phone: Phone): Tool {
  return tool({
    name: "end_call",
    description:
      "Hangs up. Say goodbye first, in the same answer, and only when the caller wants nothing more.",
    parameters: NOTHING,
    quiet: true,
  }, () => {
    phone.hangUp();
    return { ok: true, note: "The call ends when your goodbye has been heard." };
  });
}

/** A place a caller may be passed on to. */
export interface Destination {
  readonly name: string;
  /** What it is there for, for the model. */
  readonly about: string;
}

/** `transfer_call`: passes the caller on to one of the configured destinations, and to nowhere else. */
export function transferCall(phone: Phone, destinations: readonly Destination[]): Tool {
  const names = destinations.map(({ name }) => name);
  const list = destinations.map(({ name, about }) => `${name}${about ? `: ${about}` : ""}`).join("; ");
  return tool({
    name: "transfer_call",
    description: `Passes the caller on to a person. Say so first, in the same answer. Destinations: ${list}`,
    parameters: z.object({ destination: z.enum(names) }),
    quiet: true,
  }, ({ destination }) => {
    phone.transfer(destination);
    return { ok: true, note: "The caller is passed on when what you said has been heard." };
  });
}

/** `send_digits`: keypad tones, for menus at the other end. */
export function sendDigits(phone: Phone): Tool {
  return tool({
    name: "send_digits",
    description:
      "Presses keys of the telephone, for a menu at the other end: 0 to 9, * and #; w waits half a second.",
    parameters: DIGITS,
    timeoutMs: TONES_MS,
    quiet: true,
  }, async ({ digits }) => {
    await phone.sendDigits(digits);
    return { sent: digits };
  });
}

/** `collect_digits`: the caller enters a secret that the model never sees. */
export function collectDigits(
  phone: Phone,
  secrets: readonly { readonly name: string; readonly digits: number }[],
): Tool {
  return tool({
    name: "collect_digits",
    description:
      "Waits for the caller to enter something secret on the keypad; ask for it first. You are told only " +
      "whether it was entered.",
    parameters: z.object({ name: z.enum(secrets.map(({ name }) => name)) }),
    timeoutMs: COLLECT_MS,
  }, async ({ name }) => {
    const collected = await phone.collectDigits(name);
    if ("digits" in collected) {
      const wanted = secrets.find((secret) => secret.name === name)?.digits;
      if (collected.digits === wanted) return { entered: true };
      throw new ToolError(`The caller entered ${collected.digits} digits of ${wanted}; ask again`);
    }
    throw new ToolError(
      collected.failed === "timeout" ? "The caller entered nothing in time" : "The caller did not finish",
    );
  });
}

/** `pause_recording`: nothing is recorded for a while. */
export function pauseRecording(phone: Phone): Tool {
  return tool({
    name: "pause_recording",
    description:
      "Pauses the recording of this call at once. Use it before the caller says what must not be kept, " +
      "such as the number of a card, and whenever they do not want to be recorded.",
    parameters: NOTHING,
  }, () => {
    phone.record(false);
    return { ok: true, note: "Nothing is recorded until resume_recording." };
  });
}

/** `resume_recording`: goes on with it. */
export function resumeRecording(phone: Phone): Tool {
  return tool({
    name: "resume_recording",
    description:
      "Goes on with the recording of this call, once what must not be kept was said. Not against the caller's wish.",
    parameters: NOTHING,
  }, () => {
    phone.record(true);
    return { ok: true };
  });
}

/** `switch_language`: goes on in another of the assistant's languages. */
export function switchLanguage(phone: Phone, languages: readonly string[]): Tool {
  return tool({
    name: "switch_language",
    description:
      "Goes on in another language, with its own voice. Use it when the caller speaks that language.",
    parameters: z.object({
      language: z.enum([...languages]),
      summary: z.string().max(2_000).describe("What the caller wants and what was said so far"),
    }),
    quiet: true,
  }, ({ language, summary }) => {
    phone.switchLanguage(language, summary);
    return { ok: true };
  });
}
