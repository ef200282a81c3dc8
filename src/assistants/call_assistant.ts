import type { MachineBehaviour } from "../dialer/answering_machine_policy.ts";
import type { ModelEndpoint } from "../model/model_endpoint.ts";
import type { SessionOptions } from "../model/session_options.ts";
import type { CallMessage } from "../records/call_record.ts";
import type { CallControl } from "../tools/call_control.ts";
import type { Tool } from "../tools/tool.ts";
import type { Destination } from "./assistant.ts";

/** An assistant in one of its languages. */
export interface Persona {
  readonly session: Omit<SessionOptions, "safetyIdentifier" | "functions">;
  /** Instructions for the greeting; empty when the caller speaks first. */
  readonly greeting: string;
}

/** Audio with its words. */
export interface SpokenAudio {
  readonly text: string;
  /** µ-law, 8 kHz. */
  readonly audio: Uint8Array;
}

/** Speech of the assistant that was recorded, and plays at the start of the call. */
export interface RecordedSpeech extends SpokenAudio {
  readonly part: "disclosure" | "greeting";
  /** Whether the caller cannot interrupt it. */
  readonly isProtected: boolean;
}

/** Limits of a budget, in US dollars or minutes. A missing one does not apply. */
export interface BudgetLimits {
  readonly perCall?: number | undefined;
  /** All calls of one caller in a day (UTC). */
  readonly perCallerDay?: number | undefined;
  /** All calls of all callers in a day (UTC). */
  readonly perDay?: number | undefined;
}

/** What happens when the caller speaks while the assistant does; `docs/assistants.md` explains the fields. */
export interface CallInterruptions {
  readonly mode: "pause" | "stop" | "off";
  readonly minMs: number;
  readonly decideMs: number;
  readonly overlapMs: number;
  readonly backchannels: readonly string[];
  readonly protectGreeting: boolean;
}

/** What happens to a caller when all models are down. */
export interface OutagePlan {
  /** Says what follows (µ-law). Missing: Twilio says it. */
  readonly audio?: Uint8Array | undefined;
  readonly then: "hang up" | "transfer" | "voicemail" | "callback";
  /** Destination of a transfer. */
  readonly to?: Destination | undefined;
  /** Stores a request for a callback or a voicemail. Does not throw. */
  readonly saveMessage: (message: CallMessage) => unknown;
}

/** An assistant made ready for one call: templates are filled in, limits and tools are set. */
export interface CallAssistant extends Persona {
  readonly name: string;
  /** Model servers to try after the one of `session`, in order. */
  readonly fallbacks?: readonly ModelEndpoint[] | undefined;
  /** Name of the model in prices and metrics. */
  readonly billedModel: string;
  /** The assistant's other languages, by code. */
  readonly languages: Pick<ReadonlyMap<string, Persona>, "get">;
  readonly destinations: readonly Destination[];
  /** Makes the tools for a call; `secret` returns the digits the caller entered for a secret. */
  readonly tools: (control: CallControl, secret: (name: string) => string | undefined) => readonly Tool[];
  /** MCP tools that need the caller's approval (key 1), by the label of their server. */
  readonly approvals: ReadonlyMap<string, readonly string[]>;
  readonly keypad: {
    /** Pause that ends a number (ms). */
    readonly pauseMs: number;
    /** Names of destinations, by the key that transfers to them. */
    readonly menu: ReadonlyMap<string, string>;
    /** Number of digits of each secret, by name. */
    readonly secrets: ReadonlyMap<string, number>;
  };
  /** Prompts for a silent caller: how long to wait before each (ms), and how many before the call ends. */
  readonly silence?: { readonly afterMs: number; readonly prompts: number } | undefined;
  /** Played when a tool runs longer than `afterMs`: the sentence `say`, or else the hold tone. */
  readonly waiting?: { readonly afterMs: number; readonly say?: string | undefined } | undefined;
  /** Played when the model's session is lost or stands still and nobody was heard for `afterMs`: once `audio` (µ-law), then a tone. */
  readonly holding?: { readonly afterMs: number; readonly audio?: Uint8Array | undefined } | undefined;
  /** Plays at the start of the call, in this order, before anything the model says. */
  readonly recordedSpeech?: readonly RecordedSpeech[] | undefined;
  /** Receives the greeting as the model spoke it, if it may be played in other calls. */
  readonly keepGreeting?: ((greeting: SpokenAudio) => void) | undefined;
  /** When all models are down. Missing: the call ends. */
  readonly outage?: OutagePlan | undefined;
  /** How the caller interrupts it. Missing: at once. */
  readonly interruptions?: CallInterruptions | undefined;
  /** Length of the first audio of the call that the caller cannot interrupt (ms). */
  readonly protectedMs?: number | undefined;
  /** Maximum duration of a call (ms). */
  readonly maxCallMs?: number | undefined;
  /** In US dollars. */
  readonly costLimits: BudgetLimits;
  /** In minutes on the line. */
  readonly minuteLimits?: BudgetLimits | undefined;
  /** Whether the model writes a summary after the call. */
  readonly summary?: boolean | undefined;
  /** Set when calls are recorded: the consent sentence played first, and its language (BCP 47). */
  readonly recording?: { readonly consent?: string; readonly language?: string | undefined } | undefined;
  /** Set when the record keeps arguments and results of tools. `secrets` are replaced in them. */
  readonly toolData?: { readonly secrets: readonly string[] } | undefined;
  /** Behaviour when an answering machine picks up an outbound call. Missing: machines are not detected. */
  readonly voicemail?: MachineBehaviour | undefined;
}
