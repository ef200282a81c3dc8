import type { TokenUsage } from "../model/token_usage.ts";
import { addCosts, addTokens, type CallCosts, type Tokens } from "../records/call_record.ts";
import type { CallEventStream, CarrierCharge } from "./call_event_stream.ts";

const NO_COSTS: CallCosts = { modelUsd: 0, transcriptionUsd: 0, summaryUsd: 0, carrierUsd: 0 };

/** Tokens as the record counts them. */
export function tokensOf({ text, audio }: TokenUsage): Tokens {
  return {
    textIn: text.input,
    textCached: text.cached,
    textOut: text.output,
    audioIn: audio.input,
    audioCached: audio.cached,
    audioOut: audio.output,
  };
}

/** A call's tokens, carrier minutes and costs so far. The summary is not included: it is written after the end. */
export class CallUsage {
  #tokens: Tokens = { textIn: 0, textCached: 0, textOut: 0, audioIn: 0, audioCached: 0, audioOut: 0 };
  #inputTokens = 0;
  #outputTokens = 0;
  #costs = NO_COSTS;
  #carrierMinutes = 0;

  constructor(events: CallEventStream) {
    // What the carrier charged before this part of the call began.
    events.on("account opened", ({ account }) => this.#addCharge(account.charge));
    events.on("response finished", ({ response, costUsd }) => {
      this.#addTokens(response.usage);
      this.#addCost({ modelUsd: costUsd });
    });
    events.on("replaced response finished", ({ usage, costUsd }) => {
      this.#addTokens(usage);
      this.#addCost({ modelUsd: costUsd });
    });
    events.on("caller transcribed", ({ costUsd }) => this.#addCost({ transcriptionUsd: costUsd }));
    events.on("carrier charged", ({ charge }) => this.#addCharge(charge));
  }

  /** Tokens by kind. Tokens of a kind that the vendor did not name are in `inputTokens` and `outputTokens` only. */
  get tokens(): Tokens {
    return this.#tokens;
  }

  get inputTokens(): number {
    return this.#inputTokens;
  }

  get outputTokens(): number {
    return this.#outputTokens;
  }

  get costs(): CallCosts {
    return this.#costs;
  }

  /** The sum of {@linkcode costs} (US dollars). */
  get costUsd(): number {
    return Object.values(this.#costs).reduce((sum, usd) => sum + usd);
  }

  get carrierMinutes(): number {
    return this.#carrierMinutes;
  }

  #addCharge({ usd, minutes }: CarrierCharge): void {
    this.#addCost({ carrierUsd: usd });
    this.#carrierMinutes += minutes;
  }

  #addCost(part: Partial<CallCosts>): void {
    this.#costs = addCosts(this.#costs, { ...NO_COSTS, ...part });
  }

  #addTokens(usage: TokenUsage): void {
    this.#inputTokens += usage.inputTokens;
    this.#outputTokens += usage.outputTokens;
    this.#tokens = addTokens(this.#tokens, tokensOf(usage));
  }
}
