/** The loaded and validated assistants file, as frozen plain data that can be sent to a worker. */

import type {
  McpServer,
  NoiseReduction,
  ReasoningEffort,
  Transcription,
  TurnDetection,
} from "../model/session_options.ts";
import type { HttpToolOptions } from "../tools/http_tool.ts";
import type { WeeklyHours } from "../weekly_hours.ts";

/** The whole assistants file. */
export interface Assistants {
  readonly assistants: readonly Assistant[];
  /** Answers the calls that match no rule. */
  readonly default: Assistant;
  /** An assistant without a rule answers only calls that name it, or unmatched calls if it is the default. */
  readonly rules: readonly RoutingRule[];
  readonly destinations: readonly Destination[];
  readonly tools: readonly HttpToolOptions[];
  readonly mcpServers: readonly McpServer[];
  /** Receives a webhook for every ended call and every message taken. */
  readonly afterCall?: AfterCall | undefined;
  /** Values from the environment, redacted wherever text is logged or stored. */
  readonly secrets: readonly string[];
  /** Likely mistakes, each with line and column. */
  readonly warnings: readonly string[];
}

/** One assistant, with defaults for all fields that its file leaves out. */
export interface Assistant {
  readonly name: string;
  /** System prompt; may contain `{{…}}`. */
  readonly instructions: string;
  /** Instructions for the first response; may contain `{{…}}`. Empty: the caller speaks first. */
  readonly greeting: string;
  /** Plays instead of `greeting`. `cache`: the greeting as the model spoke it in an earlier call. */
  readonly greetingAudio?: SpeechFile | "cache" | undefined;
  /** Sentence in front of the greeting, which the caller hears to its end; a text for the model may contain `{{…}}`. */
  readonly disclosure?: string | SpeechFile | undefined;
  readonly model: string;
  readonly voice: string;
  /** Speaking rate, 0.25 to 1.5. */
  readonly speed: number;
  readonly reasoning?: ReasoningEffort | undefined;
  readonly turnDetection: TurnDetection;
  readonly noiseReduction: NoiseReduction;
  readonly transcription: Transcription | "off";
  /** Its first language (BCP 47). */
  readonly language?: string | undefined;
  /** Languages it can switch to; may include the first one. */
  readonly languages: readonly Language[];
  /** Includes `collect_digits` if and only if `keypad.secrets` is not empty. */
  readonly builtInTools: readonly BuiltInTool[];
  readonly httpTools: readonly HttpToolOptions[];
  readonly mcpServers: readonly McpServer[];
  /** Transfer destinations. */
  readonly transferTo: readonly Destination[];
  /** Played while the caller waits for a tool: a sentence, or a tone without `say`. */
  readonly waiting?: { readonly afterSeconds: number; readonly say?: string | undefined } | undefined;
  /** Played while the model's server is lost or stands still: `audio` once (base64 of µ-law), then a tone. */
  readonly holding: { readonly afterMs: number; readonly audio?: string | undefined };
  /** When all models are down: `audio` (base64 of µ-law), or sentences of Twilio's, and what follows. */
  readonly outage: {
    readonly audio?: string | undefined;
    readonly then: "hang up" | "transfer" | "voicemail" | "callback";
    readonly to?: Destination | undefined;
  };
  readonly keypad: Keypad;
  /** Prompts a silent caller every `afterSeconds`; after `prompts` prompts, says goodbye. */
  readonly silence?: { readonly afterSeconds: number; readonly prompts: number } | undefined;
  /** How long the caller cannot interrupt the greeting. */
  readonly protectGreetingSeconds: number;
  readonly interruptions: {
    readonly mode: "pause" | "stop" | "off";
    readonly minMs: number;
    readonly decideMs: number;
    readonly overlapMs: number;
    /** Missing: those of its languages. */
    readonly backchannels?: readonly string[] | undefined;
    readonly protectGreeting: boolean;
  };
  /** Endpoint that returns further values for `{{…}}` before the call. */
  readonly variables?: Endpoint | undefined;
  /** Behaviour when an answering machine picks up an outbound call. Missing: machines are not detected. */
  readonly voicemail?: { readonly leave: string } | "hang up" | undefined;
  /** Set if its calls are recorded. */
  readonly recording?: Recording | undefined;
  /** Company or person for whom it places calls. */
  readonly callsFor?: string | undefined;
  readonly limits: Limits;
  /** Time zone of `{{now}}` (IANA), from its hours. Missing: this machine's. */
  readonly timeZone?: string | undefined;
}

/** Speech in a WAV file. */
export interface SpeechFile {
  readonly file: string;
  /** Its words. */
  readonly text: string;
  /** Base64 of µ-law; missing if the file was not read. */
  readonly audio?: string | undefined;
}

export interface Recording {
  /** Announcement that Twilio speaks before the assistant; empty: none. */
  readonly consent: string;
  /** Language of the announcement (BCP 47), if known. */
  readonly language?: string | undefined;
}

/** A language, and the assistant's fields that it overrides. */
export interface Language {
  /** BCP 47, such as `es` or `es-MX`. */
  readonly code: string;
  readonly voice?: string | undefined;
  readonly greeting?: string | undefined;
  readonly greetingAudio?: SpeechFile | undefined;
  readonly disclosure?: string | SpeechFile | undefined;
  /** Appended to the assistant's instructions. */
  readonly instructions?: string | undefined;
  /** Announcement before a recorded call. */
  readonly consent?: string | undefined;
  /** Key that selects the language before the assistant speaks, and the sentence that offers it. */
  readonly choice?: { readonly key: string; readonly offer: string } | undefined;
}

export const BUILT_IN_TOOLS = [
  "end_call",
  "transfer_call",
  "send_digits",
  "take_message",
  "switch_language",
  "collect_digits",
  "pause_recording",
  "resume_recording",
] as const;
export type BuiltInTool = (typeof BUILT_IN_TOOLS)[number];

/** A transfer destination. */
export interface Destination {
  readonly name: string;
  /** E.164 or `sip:…`. */
  readonly number: string;
  /** Tells the model what the destination is for. */
  readonly about: string;
  readonly ringSeconds: number;
  /** Caller id shown to the destination (E.164). Missing: the caller's number. */
  readonly callerId?: string | undefined;
}

/** An HTTP endpoint that Parley calls. */
export interface Endpoint {
  readonly url: string;
  /** Whether it may resolve to a private network address. */
  readonly allowPrivate: boolean;
}

/** The endpoint that receives the webhooks after a call. */
export interface AfterCall extends Endpoint {
  /** Whether the model writes a summary of each call for it. */
  readonly summary: boolean;
}

export interface Keypad {
  /** A pause of this length ends a keypad entry. */
  readonly pauseSeconds: number;
  /** Keys that transfer the caller immediately, without the model. */
  readonly menu: readonly { readonly key: string; readonly destination: Destination }[];
  /** Numbers that the caller enters on the keypad and the model never sees. */
  readonly secrets: readonly { readonly name: string; readonly digits: number }[];
}

/** Limits of an assistant's calls. Days are UTC. */
export interface Limits {
  readonly callSeconds?: number | undefined;
  /** Cost of one call (US dollars). */
  readonly callUsd?: number | undefined;
  /** Cost of one caller's calls in a day (US dollars). */
  readonly callerDayUsd?: number | undefined;
  /** Cost of all calls in a day (US dollars). */
  readonly dayUsd?: number | undefined;
  /** Minutes of one caller's calls in a day. */
  readonly callerDayMinutes?: number | undefined;
  /** Minutes of all calls in a day. */
  readonly dayMinutes?: number | undefined;
}

/** Routes a call that matches every non-empty field. */
export interface RoutingRule {
  /** Name of the assistant. */
  readonly assistant: string;
  /** Called numbers: exact, or prefixes such as `+49*`. Empty: any. */
  readonly to: readonly string[];
  /** Calling numbers, in the same form. */
  readonly from: readonly string[];
  /** Matches within any of these. Empty: always. */
  readonly hours: readonly WeeklyHours[];
}
