import type { CallAssistant, Persona } from "../call/call_assistant.ts";
import type { Clock } from "../clock.ts";
import type { Assistant, Assistants, BuiltIn, Limits } from "./assistant.ts";
import { inLanguage, languagesOf } from "./languages.ts";
import { route } from "./route.ts";
import { callVariables, dayAndTime, fill } from "./template.ts";
import type { Config } from "../config/config.ts";
import { outboundInstructions } from "../dialer/call_screening.ts";
import type { Log } from "../telemetry/log.ts";
import {
  collectDigits,
  endCall,
  pauseRecording,
  resumeRecording,
  sendDigits,
  switchLanguage,
  transferCall,
} from "../tools/call_tools.ts";
import { callerFacts } from "../tools/caller_facts.ts";
import { httpTool } from "../tools/http_tool.ts";
import { type Message, takeMessage } from "../tools/message_tool.ts";
import type { Phone } from "../tools/phone.ts";
import type { Tool } from "../tools/tool.ts";
import type { IncomingCall } from "../twilio/webhook.ts";
import type { Setup } from "../http/admin/setup.ts";

/** Of no use in a call that is not recorded. */
const ABOUT_RECORDING: readonly BuiltIn[] = ["pause_recording", "resume_recording"];

export interface AssistantsOptions {
  readonly assistants: Assistants;
  readonly config: Config;
  /** Realtime server to dial instead of the configured one: the stand-in model. */
  readonly modelUrl: string | undefined;
  /** Whether recordings can be kept. */
  readonly records: boolean;
  /** Keeps a message a caller left. */
  readonly keep: (call: IncomingCall, assistant: string, message: Message) => Promise<void> | void;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is known of a call beside who called whom. */
export interface Briefing {
  /** Name of the assistant, where it is not chosen by rule. */
  readonly assistant?: string | undefined;
  readonly objective?: string | undefined;
  readonly variables?: Readonly<Record<string, string>> | undefined;
  /** The language chosen by key. */
  readonly language?: string | undefined;
}

/** A language the caller may choose before the call, by key. */
export interface LanguageChoice {
  readonly code: string;
  readonly key: string;
  readonly offer: string;
}

/** Chooses who answers a call, and makes them ready for it. */
export class AssistantsAtWork {
  readonly #options: AssistantsOptions;
  #assistants: Assistants;
  /** By time zone. */
  readonly #formats = new Map<string | undefined, Intl.DateTimeFormat>();

  constructor(options: AssistantsOptions) {
    this.#options = options;
    this.#assistants = options.assistants;
  }

  /** From now on, calls are answered by these; those in progress keep theirs. */
  use(assistants: Assistants): void {
    this.#assistants = assistants;
  }

  /** The assistant of this name; without one, the default one. */
  named(name: string | undefined): Assistant | undefined {
    const { assistants, default: byDefault } = this.#assistants;
    return name === undefined ? byDefault : assistants.find((assistant) => assistant.name === name);
  }

  /** Who answers here, and where callers may be passed on to. */
  get setup(): Pick<Setup, "assistants" | "destinations"> {
    const { assistants, destinations } = this.#assistants;
    return {
      assistants: assistants.map((assistant) => ({
        name: assistant.name,
        languages: languagesOf(assistant),
      })),
      destinations: destinations.map(({ name, number, about }) => ({ name, number, about })),
    };
  }

  /** The languages to offer before a call; none where it begins at once. */
  choices(call: IncomingCall, briefing: Briefing = {}): readonly LanguageChoice[] {
    return this.#choose(call, briefing).languages.flatMap(({ code, choice }) =>
      choice ? [{ code, ...choice }] : []
    );
  }

  /** Who answers a call, with what their webhook knows of the caller: 2 s at most. Never throws. */
  async assign(call: IncomingCall, briefing: Briefing = {}): Promise<CallAssistant> {
    const { clock } = this.#options;
    const assistant = this.#choose(call, briefing);
    if (!assistant.variables || !call.callSid) return this.#ready(assistant, call, briefing, {});
    const { values, problem } = await callerFacts(
      assistant.variables,
      { ...call, assistant: assistant.name },
      { clock },
    );
    if (problem) this.#log(call).warn("variables incomplete", { assistant: assistant.name, problem });
    return this.#ready(assistant, call, briefing, values);
  }

  /** The same at once, without asking the webhook. */
  assignNow(call: IncomingCall, briefing: Briefing = {}): CallAssistant {
    return this.#ready(this.#choose(call, briefing), call, briefing, {});
  }

  #choose({ from, to }: IncomingCall, { assistant }: Briefing): Assistant {
    return (assistant === undefined ? undefined : this.named(assistant)) ??
      route({ from, to, at: this.#options.clock.wallTime() }, this.#assistants).assistant;
  }

  #ready(
    assistant: Assistant,
    call: IncomingCall,
    briefing: Briefing,
    facts: Readonly<Record<string, string>>,
  ): CallAssistant {
    const { modelUrl, records, clock } = this.#options;
    const { timeZone, keypad, silence, waiting, limits, protectGreetingSeconds } = assistant;
    const { objective } = briefing;
    const at = clock.wallTime();
    const values = {
      ...facts,
      ...briefing.variables,
      ...callVariables({ caller: call.from, called: call.to, at, objective, format: this.#format(timeZone) }),
    };
    const text = (template: string) => fill(template, values).text;
    const { voicemail = "hang up", callsFor = assistant.name } = assistant;
    const message = voicemail === "hang up" ? undefined : text(voicemail.leave);
    const added = call.outbound ? outboundInstructions({ caller: callsFor, objective, message }) : undefined;
    const persona = (language?: string) => this.#persona(inLanguage(assistant, language), text, added);
    const { recording } = inLanguage(assistant, briefing.language);
    return {
      ...persona(briefing.language),
      name: assistant.name,
      // What the stand-in says costs nothing.
      billedModel: modelUrl === undefined ? assistant.model : "stand-in",
      // Few calls change it.
      languages: { get: (code) => languagesOf(assistant).includes(code) ? persona(code) : undefined },
      destinations: this.#assistants.destinations,
      ...(records && recording ? { recording } : {}),
      tools: (phone, secret) => this.#tools(assistant, call, phone, secret),
      approvals: new Map(
        assistant.mcpServers.filter(({ unasked }) => !unasked)
          .map(({ label, allowedTools }) => [label, allowedTools]),
      ),
      keypad: {
        pauseMs: keypad.pauseSeconds * 1000,
        menu: new Map(keypad.menu.map(({ key, destination }) => [key, destination.name])),
        secrets: new Map(keypad.secrets.map(({ name, digits }) => [name, digits])),
      },
      silence: silence && { afterMs: silence.afterSeconds * 1000, prompts: silence.prompts },
      waiting: waiting && { afterMs: waiting.afterSeconds * 1000, say: waiting.say },
      protectedMs: protectGreetingSeconds * 1000,
      maxMs: limits.callSeconds && limits.callSeconds * 1000,
      ...limitsOf(limits),
      summary: this.#assistants.afterCall?.summary,
      ...(call.outbound && assistant.voicemail
        ? { voicemail: message === undefined ? "hang up" as const : { leave: message } }
        : {}),
    };
  }

  #persona(assistant: Assistant, text: (template: string) => string, added: string | undefined): Persona {
    const { config, modelUrl } = this.#options;
    const { model, voice, speed, reasoning, turnDetection, noiseReduction, transcription } = assistant;
    const instructions = [text(assistant.instructions), added].filter((part) => part).join("\n\n");
    return {
      session: {
        url: modelUrl ?? config.OPENAI_REALTIME_URL,
        apiKey: config.OPENAI_API_KEY,
        model,
        voice,
        audioFormat: config.AUDIO_FORMAT,
        instructions,
        ...(speed === 1 ? {} : { speed }),
        ...(reasoning === undefined ? {} : { reasoning }),
        turnDetection,
        noiseReduction,
        transcription,
        mcpServers: assistant.mcpServers,
      },
      greeting: text(assistant.greeting),
    };
  }

  #tools(
    assistant: Assistant,
    call: IncomingCall,
    phone: Phone,
    secret: (name: string) => string | undefined,
  ): Tool[] {
    const { keep, records } = this.#options;
    const recorded = records && assistant.recording !== undefined;
    const builtIn: Record<BuiltIn, () => Tool> = {
      end_call: () => endCall(phone),
      transfer_call: () => transferCall(phone, assistant.transferTo),
      send_digits: () => sendDigits(phone),
      take_message: () => takeMessage((message) => keep(call, assistant.name, message)),
      switch_language: () => switchLanguage(phone, languagesOf(assistant)),
      collect_digits: () => collectDigits(phone, assistant.keypad.secrets),
      pause_recording: () => pauseRecording(phone),
      resume_recording: () => resumeRecording(phone),
    };
    const context = { secret, log: this.#log(call), hidden: this.#assistants.secrets };
    return [
      ...assistant.builtIn.filter((name) => recorded || !ABOUT_RECORDING.includes(name))
        .map((name) => builtIn[name]()),
      ...assistant.httpTools.map((tool) => httpTool(tool, context)),
    ];
  }

  #format(timeZone: string | undefined): Intl.DateTimeFormat {
    const format = this.#formats.get(timeZone) ?? dayAndTime(timeZone);
    this.#formats.set(timeZone, format);
    return format;
  }

  #log({ callSid }: IncomingCall): Log {
    return this.#options.log.with({ call: callSid });
  }
}

/** What an assistant may use up: money, and minutes where they are limited. */
export function limitsOf(
  { callUsd, callerDayUsd, dayUsd, callerDayMinutes, dayMinutes }: Limits,
): Pick<CallAssistant, "limits" | "minutes"> {
  const counted = (callerDayMinutes ?? dayMinutes) !== undefined;
  return {
    limits: { perCall: callUsd, perCallerDay: callerDayUsd, perDay: dayUsd },
    minutes: counted ? { perCallerDay: callerDayMinutes, perDay: dayMinutes } : undefined,
  };
}
