import type { SessionOptions } from "../model/session.ts";
import type { MachineBehaviour } from "../dialer/answering_machine.ts";
import type { Phone } from "../tools/phone.ts";
import type { Tool } from "../tools/tool.ts";
import type { BudgetLimits } from "../calls/budget.ts";

/** Somewhere a caller may be passed on to. */
export interface Destination {
  readonly name: string;
  /** E.164, or `sip:…`. */
  readonly number: string;
  /** What it is there for. */
  readonly about: string;
  /** How long it rings (s). */
  readonly ringSeconds: number;
  /** Number the destination sees; the caller's own without it. */
  readonly callerId?: string | undefined;
}

/** How an assistant speaks: one for each of its languages. */
export interface Persona {
  readonly session: Omit<SessionOptions, "safetyIdentifier" | "functions">;
  /** What the model is told to open with; empty: the caller speaks first. */
  readonly greeting: string;
}

/** Who answers a call, with everything filled in for this one. */
export interface CallAssistant extends Persona {
  readonly name: string;
  /** Name under which answers are counted and priced. */
  readonly billedModel: string;
  /** The others it may go on in. */
  readonly languages: Pick<ReadonlyMap<string, Persona>, "get">;
  readonly destinations: readonly Destination[];
  /** What it may do in this call; `secret` gives digits the caller entered under a name. */
  readonly tools: (phone: Phone, secret: (name: string) => string | undefined) => readonly Tool[];
  /** Names of the tools of remote servers that the caller approves by pressing 1, by the server's label. */
  readonly approvals: ReadonlyMap<string, readonly string[]>;
  readonly keypad: {
    /** Pause that ends a number (ms). */
    readonly pauseMs: number;
    /** Keys that pass the caller on by themselves. */
    readonly menu: ReadonlyMap<string, string>;
    /** How many digits each secret has. */
    readonly secrets: ReadonlyMap<string, number>;
  };
  /** What happens when nobody says anything. */
  readonly silence?: { readonly afterMs: number; readonly prompts: number } | undefined;
  /** What is heard while a tool takes longer than this (ms): a phrase, or a tone. */
  readonly waiting?: { readonly afterMs: number; readonly say?: string | undefined } | undefined;
  /** The first so many milliseconds heard of it cannot be interrupted. */
  readonly protectedMs?: number | undefined;
  /** Longest call (ms). */
  readonly maxMs?: number | undefined;
  /** US dollars. */
  readonly limits: BudgetLimits;
  /** Minutes on the line, of a caller's day and of the day. */
  readonly minutes?: BudgetLimits | undefined;
  /** Whether the model writes what the call came to, once it is over. */
  readonly summary?: boolean | undefined;
  /** Its calls are recorded, after this sentence where there is one: in a language (BCP 47), where that is known. */
  readonly recording?: { readonly consent?: string; readonly language?: string | undefined } | undefined;
  /** What to do when a machine answers a call that we placed; nothing listens for one without it. */
  readonly voicemail?: MachineBehaviour | undefined;
}
