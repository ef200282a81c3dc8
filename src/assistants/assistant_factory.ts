import type { CallAssistant } from "./call_assistant.ts";
import type { Clock } from "../clock.ts";
import type { Assistant, Assistants, Limits } from "./assistant.ts";
import { languagesOf, localizeAssistant } from "./languages.ts";
import { routeCall } from "./call_routing.ts";
import { callGreeting, type GreetingCache } from "./call_greeting.ts";
import { createPersona } from "./create_persona.ts";
import { callOutage } from "./call_outage.ts";
import { callVariables, dateTimeFormat, fillTemplate } from "./call_variables.ts";
import type { Config } from "../config/config.ts";
import { outboundInstructions } from "../dialer/call_screening.ts";
import { recordedAudio } from "./recorded_audio.ts";
import { toolSet } from "./tool_set.ts";
import type { ModelEndpoint } from "../model/model_endpoint.ts";
import { placeholderNames } from "../placeholders.ts";
import { STAND_IN } from "../model/prices.ts";
import type { Log } from "../telemetry/log.ts";
import type { MessagePlace } from "../tools/call_tools.ts";
import { fetchCallerFacts } from "../tools/caller_facts.ts";
import type { CallMessage } from "../records/call_record.ts";
import type { IncomingCall } from "../twilio/voice_webhook.ts";

export interface AssistantFactoryOptions {
  readonly assistants: Assistants;
  readonly config: Config;
  /** URL of the stand-in model; undefined: `OPENAI_REALTIME_URL`. */
  readonly modelUrl: string | undefined;
  /** Whether recordings can be stored. */
  readonly canRecord: boolean;
  /** Missing: no greeting is kept. */
  readonly greetings?: GreetingCache | undefined;
  /** Stores a message that the caller left. */
  readonly saveMessage: (
    call: IncomingCall,
    assistant: string,
    message: CallMessage,
  ) => Promise<MessagePlace> | MessagePlace;
  readonly clock: Clock;
  readonly log: Log;
}

/** Settings of a call from an outbound request or from the caller's choice of language. */
export interface AssignmentOptions {
  /** Name of the assistant; undefined: chosen by the routing rules. */
  readonly assistant?: string | undefined;
  readonly objective?: string | undefined;
  readonly variables?: Readonly<Record<string, string>> | undefined;
  /** Language chosen by key (BCP 47). */
  readonly language?: string | undefined;
}

/** Selects the assistant for a call and fills in its templates, limits and tools. */
export class AssistantFactory {
  readonly #options: AssistantFactoryOptions;
  #assistants: Assistants;
  /** Formats of `{{now}}`, by time zone. */
  readonly #formats = new Map<string | undefined, Intl.DateTimeFormat>();

  constructor(options: AssistantFactoryOptions) {
    this.#options = options;
    this.#assistants = options.assistants;
  }

  /** Applies to new calls; calls in progress keep their assistant. */
  replaceAssistants(assistants: Assistants): void {
    this.#assistants = assistants;
  }

  /** @returns the assistant of this name; the default assistant when `name` is undefined. */
  find(name: string | undefined): Assistant | undefined {
    const { assistants, default: defaultAssistant } = this.#assistants;
    return name === undefined ? defaultAssistant : assistants.find((assistant) => assistant.name === name);
  }

  /** Names and languages of the assistants, and the transfer destinations, for the console. */
  get overview() {
    const { assistants, destinations } = this.#assistants;
    return {
      assistants: assistants.map((assistant) => ({
        name: assistant.name,
        languages: languagesOf(assistant),
      })),
      destinations: destinations.map(({ name, number, about }) => ({ name, number, about })),
    };
  }

  /** The languages to offer before the assistant speaks; empty: the call starts immediately. */
  languageChoices(call: IncomingCall, options: AssignmentOptions = {}) {
    return this.#select(call, options).languages.flatMap(({ code, choice }) =>
      choice ? [{ code, ...choice }] : []
    );
  }

  /** Creates the assistant for a call. Its `variables` endpoint has 2 s to respond. Never throws. */
  async create(call: IncomingCall, options: AssignmentOptions = {}): Promise<CallAssistant> {
    const { clock } = this.#options;
    const assistant = this.#select(call, options);
    if (options.assistant !== undefined && options.assistant !== assistant.name) {
      const problem =
        `no assistant is named "${options.assistant}"; by the rules, "${assistant.name}" answers`;
      this.#log(call).warn("unknown assistant", { problem });
    }
    if (!assistant.variables || !call.callSid) return this.#build(assistant, call, options, {});
    const facts = { ...call, assistant: assistant.name };
    const { values, problem } = await fetchCallerFacts(assistant.variables, facts, clock);
    if (problem) this.#log(call).warn("variables incomplete", { assistant: assistant.name, problem });
    return this.#build(assistant, call, options, values);
  }

  /** Creates the assistant for a call without requesting its `variables` endpoint. */
  createNow(call: IncomingCall, options: AssignmentOptions = {}): CallAssistant {
    return this.#build(this.#select(call, options), call, options, {});
  }

  #select({ from, to }: IncomingCall, { assistant }: AssignmentOptions): Assistant {
    return (assistant === undefined ? undefined : this.find(assistant)) ??
      routeCall({ from, to, at: this.#options.clock.wallTime() }, this.#assistants).assistant;
  }

  #build(
    assistant: Assistant,
    call: IncomingCall,
    options: AssignmentOptions,
    facts: Readonly<Record<string, string>>,
  ): CallAssistant {
    const { modelUrl, canRecord, greetings, saveMessage, config, clock } = this.#options;
    const { secrets, destinations, afterCall } = this.#assistants;
    const { timeZone, keypad, silence, waiting, holding, limits, protectGreetingSeconds } = assistant;
    const { objective } = options;
    const values = {
      ...facts,
      ...options.variables,
      ...callVariables({
        caller: call.from,
        called: call.to,
        callSid: call.callSid,
        at: clock.wallTime(),
        objective,
        format: this.#format(timeZone),
      }),
    };
    const fill = (template: string) => fillTemplate(template, values);
    const { voicemail = "hang up", callsFor = assistant.name } = assistant;
    const message = voicemail === "hang up" ? undefined : fill(voicemail.leave);
    const outboundPart = call.outbound
      ? outboundInstructions({ caller: callsFor, objective, message })
      : undefined;
    const persona = (language?: string) =>
      createPersona(localizeAssistant(assistant, language), fill, outboundPart, this.#options);
    const localized = localizeAssistant(assistant, options.language);
    const recording = canRecord ? localized.recording : undefined;
    const first = persona(options.language);
    const save = (message: CallMessage) => saveMessage(call, assistant.name, message);
    return {
      session: first.session,
      ...callGreeting({
        assistant: localized,
        persona: first,
        isParticular: objective !== undefined ||
          call.outbound === true && placeholderNames(voicemail).length > 0,
        cache: modelUrl === undefined ? greetings : undefined,
      }),
      name: assistant.name,
      fallbacks: this.#fallbacks(assistant),
      // The stand-in model is free.
      billedModel: modelUrl === undefined ? assistant.model : STAND_IN,
      // Built on demand: few calls switch language.
      languages: { get: (code) => languagesOf(assistant).includes(code) ? persona(code) : undefined },
      destinations,
      recording,
      toolData: config.RECORD_TOOL_DATA === "on" ? { secrets } : undefined,
      tools: (control, secret) =>
        toolSet(assistant, control, {
          recorded: canRecord && assistant.recording !== undefined,
          saveMessage: save,
          secret,
          variables: values,
          hidden: secrets,
          log: this.#log(call),
        }),
      approvals: new Map(
        assistant.mcpServers.filter(({ autoApproved }) => !autoApproved)
          .map(({ label, allowedTools }) => [label, allowedTools]),
      ),
      keypad: {
        pauseMs: keypad.pauseSeconds * 1000,
        menu: new Map(keypad.menu.map(({ key, destination }) => [key, destination.name])),
        secrets: new Map(keypad.secrets.map(({ name, digits }) => [name, digits])),
      },
      silence: silence && { afterMs: silence.afterSeconds * 1000, prompts: silence.prompts },
      waiting: waiting && { afterMs: waiting.afterSeconds * 1000, say: waiting.say },
      holding: { ...holding, audio: recordedAudio(holding) },
      outage: callOutage(assistant, save),
      protectedMs: protectGreetingSeconds * 1000,
      maxCallMs: limits.callSeconds && limits.callSeconds * 1000,
      ...callLimits(limits),
      summary: afterCall?.summary,
      voicemail: call.outbound && assistant.voicemail &&
        (message === undefined ? "hang up" : { leave: message }),
    };
  }

  /** The model servers to try after the assistant's own. */
  #fallbacks(assistant: Assistant): readonly ModelEndpoint[] {
    const { config: { MODEL_FALLBACKS = [], AUDIO_FORMAT } } = this.#options;
    return MODEL_FALLBACKS.map((
      { name, url, model = assistant.model, audioFormat = AUDIO_FORMAT, ...rest },
    ) => ({
      ...rest,
      name: name ?? new URL(url).host,
      url,
      apiKey: rest.apiKey,
      model,
      audioFormat,
    }));
  }

  #format(timeZone: string | undefined): Intl.DateTimeFormat {
    const format = this.#formats.get(timeZone) ?? dateTimeFormat(timeZone);
    this.#formats.set(timeZone, format);
    return format;
  }

  #log({ callSid }: IncomingCall): Log {
    return this.#options.log.with({ call: callSid });
  }
}

/** The cost limits of an assistant, and its minute limits if it has any. */
export function callLimits(
  { callUsd, callerDayUsd, dayUsd, callerDayMinutes, dayMinutes }: Limits,
): Pick<CallAssistant, "costLimits" | "minuteLimits"> {
  const counted = (callerDayMinutes ?? dayMinutes) !== undefined;
  return {
    costLimits: { perCall: callUsd, perCallerDay: callerDayUsd, perDay: dayUsd },
    minuteLimits: counted ? { perCallerDay: callerDayMinutes, perDay: dayMinutes } : undefined,
  };
}
