/** What the assistants file says, read and checked. All of it is plain frozen data, so it may be sent to a worker. */

import type { JsonObject } from "../json.ts";

/** Everything the assistants file says. */
export interface Assistants {
  readonly assistants: readonly Assistant[];
  /** Who takes a call that nobody is named for. */
  readonly default: Assistant;
  /** Which calls belong to whom; an assistant without a rule takes none by itself. */
  readonly rules: readonly Rule[];
  readonly destinations: readonly Destination[];
  readonly tools: readonly HttpTool[];
  readonly mcpServers: readonly McpServer[];
  /** Told of every call that ended, and of messages. */
  readonly afterCall?: AfterCall;
  /** Values from the environment that must never be shown. */
  readonly secrets: readonly string[];
  /** What is not as it should be, each with its place in the file. */
  readonly warnings: readonly string[];
}

/** One assistant. What its file leaves out is filled in. */
export interface Assistant {
  readonly name: string;
  /** Who it is and how it should behave; may have `{{…}}` in it. */
  readonly instructions: string;
  /** What it is told to open the call with; may have `{{…}}` in it. Empty: the caller speaks first. */
  readonly greeting: string;
  readonly model: string;
  readonly voice: string;
  /** From 0.25 to 1.5. */
  readonly speed: number;
  readonly reasoning?: Reasoning;
  readonly turnDetection: TurnDetection;
  readonly noiseReduction: "near_field" | "far_field" | "off";
  readonly transcription: Transcription | "off";
  /** What it speaks at first (BCP 47). */
  readonly language?: string;
  /** Languages it may go on in; its first one may be among them. */
  readonly languages: readonly Language[];
  /** Tools that are part of Parley. `collect_digits` is among them when there are secrets to collect. */
  readonly builtIn: readonly BuiltIn[];
  readonly httpTools: readonly HttpTool[];
  readonly mcpServers: readonly McpServer[];
  /** Where it may pass the caller on to. */
  readonly transferTo: readonly Destination[];
  /** What is heard while an answer waits for a tool: a sentence, or without one a tone. */
  readonly waiting?: { readonly afterSeconds: number; readonly say?: string };
  readonly keypad: Keypad;
  /** Asks again after so many seconds in which nobody spoke; after that many prompts it says goodbye. */
  readonly silence?: { readonly afterSeconds: number; readonly prompts: number };
  /** How much of the greeting the caller cannot interrupt (s). */
  readonly protectGreetingSeconds: number;
  /** Asked for values of `{{…}}` before the call. */
  readonly variables?: Webhook;
  /** What an answering machine is told; without it, it is hung up on. */
  readonly voicemail?: { readonly leave: string } | "hang up";
  /** Its calls are recorded. */
  readonly recording?: Recording;
  /** In whose name it calls. */
  readonly callsFor?: string;
  readonly limits: Limits;
  /** Where `{{now}}` is, such as `Europe/Berlin`: that of its hours. Without it, this machine's. */
  readonly timeZone?: string;
}

export type Reasoning = "minimal" | "low" | "medium" | "high" | "xhigh";

export type TurnDetection =
  | {
    readonly type: "server_vad";
    /** From 0 to 1. */
    readonly threshold: number;
    readonly prefixPaddingMs: number;
    readonly silenceDurationMs: number;
    readonly createResponse: boolean;
    readonly interruptResponse: boolean;
    readonly idleTimeoutMs?: number;
  }
  | {
    readonly type: "semantic_vad";
    readonly eagerness: "low" | "medium" | "high" | "auto";
    readonly createResponse: boolean;
    readonly interruptResponse: boolean;
  };

/** How calls are recorded. */
export interface Recording {
  /** What Twilio says before; empty: nothing. */
  readonly consent: string;
  /** What that is in (BCP 47), where it is known. */
  readonly language?: string;
}

export interface Transcription {
  readonly model: string;
  /** ISO 639-1. */
  readonly language?: string;
  readonly prompt?: string;
}

/** A language, and what is different in it. */
export interface Language {
  /** BCP 47, such as `es` or `es-MX`. */
  readonly code: string;
  readonly voice?: string;
  readonly greeting?: string;
  /** Added to the assistant's. */
  readonly instructions?: string;
  /** What is said before a call that is recorded. */
  readonly consent?: string;
  /** The key that chooses it before the assistant speaks, and the sentence that offers it, in that language. */
  readonly choice?: { readonly key: string; readonly offer: string };
}

export const BUILT_IN = [
  "end_call",
  "transfer_call",
  "send_digits",
  "take_message",
  "switch_language",
  "collect_digits",
  "pause_recording",
  "resume_recording",
] as const;
export type BuiltIn = (typeof BUILT_IN)[number];

/** Where a caller may be passed on to. */
export interface Destination {
  readonly name: string;
  /** E.164 or `sip:…`. */
  readonly number: string;
  /** What it is there for, for the model. */
  readonly about: string;
  readonly ringSeconds: number;
  /** Number it sees (E.164); without it, the caller's. */
  readonly callerId?: string;
}

/** An address that is asked or told something. */
export interface Webhook {
  readonly url: string;
  /** Whether it may be an address of a private network. */
  readonly allowPrivate: boolean;
}

/** The address told of calls, and whether the model sums each up for it. */
export interface AfterCall extends Webhook {
  readonly summary: boolean;
}

/** Something the assistant may ask over HTTP. Arguments and secrets are written `{{…}}` and filled in at each call. */
export interface HttpTool extends Webhook {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its arguments, an object's. */
  readonly parameters: JsonObject;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  /** Any JSON value with texts to fill in. */
  readonly body?: unknown;
  readonly timeoutSeconds: number;
  readonly maxResponseBytes: number;
  /** What it answers. */
  readonly answer: "json" | "text";
}

/** A remote server of the Model Context Protocol. The vendor of the model talks to it. */
export interface McpServer {
  readonly label: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly allowedTools: readonly string[];
  /** Whether the vendor may use a tool without asking; otherwise the caller approves each use. */
  readonly unasked: boolean;
}

export interface Keypad {
  /** A pause this long ends what the caller enters (s). */
  readonly pauseSeconds: number;
  /** Keys that pass the caller on, without the model. */
  readonly menu: readonly { readonly key: string; readonly destination: Destination }[];
  /** What the caller may enter without the model's knowledge. */
  readonly secrets: readonly { readonly name: string; readonly digits: number }[];
}

export interface Limits {
  readonly callSeconds?: number;
  /** US dollars of one call, of one caller's day, and of everybody's day (UTC). */
  readonly callUsd?: number;
  readonly callerDayUsd?: number;
  readonly dayUsd?: number;
  /** Minutes on the line, of one caller's day and of everybody's. */
  readonly callerDayMinutes?: number;
  readonly dayMinutes?: number;
}

/** Which calls an assistant takes: those that fit everything the rule names. */
export interface Rule {
  /** Name of the assistant. */
  readonly assistant: string;
  /** Dialled numbers: exact ones, or beginnings such as `+49*`. Empty: any. */
  readonly to: readonly string[];
  /** The same of callers. */
  readonly from: readonly string[];
  /** Open in any of these. Empty: always. */
  readonly hours: readonly Hours[];
}

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Day = (typeof DAYS)[number];

/** Hours of the day, by the clock on the wall of a time zone. */
export interface Hours {
  /** Such as `Europe/Berlin`. */
  readonly timeZone: string;
  /** Days on which they begin. */
  readonly days: readonly Day[];
  /** `HH:MM`. */
  readonly from: string;
  /** `HH:MM`, up to `24:00`; earlier than `from` is on the next day. */
  readonly to: string;
}
