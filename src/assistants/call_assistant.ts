import type { MachineBehaviour } from "../dialer/answering_machine_policy.ts";
import type { SessionOptions } from "../model/model_interface.ts";
import type { CallControl } from "../tools/call_control.ts";
import type { Tool } from "../tools/tool.ts";
import type { Destination } from "./assistant.ts";

/** An assistant in one of its languages. */
export interface Persona {
  readonly session: Omit<SessionOptions, "safetyIdentifier" | "functions">;
  /** Instructions for the greeting; empty when the caller speaks first. */
  readonly greeting: string;
}

/** Limits of a budget, in US dollars or minutes. A missing one does not apply. */
export interface BudgetLimits {
  readonly perCall?: number | undefined;
  /** All calls of one caller in a day (UTC). */
  readonly perCallerDay?: number | undefined;
  /** All calls of all callers in a day (UTC). */
  readonly perDay?: number | undefined;
}

/** An assistant made ready for one call: templates are filled in, limits and tools are set. */
export interface CallAssistant extends Persona {
  readonly name: string;
  /** Name of the model in prices and metrics. */
  readonly billedModel: string;
  /** The assistant's other languages, by code. */
  readonly languages: Pick<ReadonlyMap<string, Persona>, "get">;
  readonly destinations: readonly Destination[];
  /** Makes the tools for a call; `secret` returns the digits the caller entered for a secret. */
  readonly tools: (control: CallControl, secret: (name: string) => string | undefined) => readonly Tool[];
  /** Tools of remote servers that the caller approves by pressing 1, by the server's label. */
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
  /** A phrase, or else a tone, for callers who wait for a tool longer than this (ms). */
  readonly waiting?: { readonly afterMs: number; readonly say?: string | undefined } | undefined;
  /** The caller cannot interrupt the first milliseconds they hear of the call. */
  readonly protectedMs?: number | undefined;
  /** Maximum duration of a call (ms). */
  readonly maxMs?: number | undefined;
  /** US dollars. */
  readonly limits: BudgetLimits;
  /** Minutes on the line. */
  readonly minutes?: BudgetLimits | undefined;
  /** Whether the model writes a summary after the call. */
  readonly summary?: boolean | undefined;
  /** Set when calls are recorded: the consent sentence played first, and its language (BCP 47). */
  readonly recording?: { readonly consent?: string; readonly language?: string | undefined } | undefined;
  /** Set when the record keeps arguments and results of tools; these secrets are replaced in them. */
  readonly toolData?: { readonly secrets: readonly string[] } | undefined;
  /** Behaviour when an answering machine picks up an outbound call. Missing: machines are not detected. */
  readonly voicemail?: MachineBehaviour | undefined;
}
