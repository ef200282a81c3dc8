import type { TokenUsage } from "../model/model_interface.ts";
import type { Tokens } from "../records/call_record.ts";
import type { CallEventStream } from "./call_event_stream.ts";

/** Tokens of a call's responses, and the cost of responses and transcripts. The summary written after the call is not part of it. */
export class CallUsage {
  readonly #tokens = { textIn: 0, textCached: 0, textOut: 0, audioIn: 0, audioCached: 0, audioOut: 0 };
  #inputTokens = 0;
  #outputTokens = 0;
  #costUsd = 0;

  constructor(events: CallEventStream) {
    events.on("response finished", ({ response, costUsd }) => {
      this.#add(response.usage);
      this.#costUsd += costUsd;
    });
    events.on("caller transcribed", ({ costUsd }) => this.#costUsd += costUsd);
  }

  /** Tokens by kind; those of a kind the vendor did not name are only in the totals. */
  get tokens(): Tokens {
    return { ...this.#tokens };
  }

  get inputTokens(): number {
    return this.#inputTokens;
  }

  get outputTokens(): number {
    return this.#outputTokens;
  }

  /** US dollars, for models with a known price. */
  get costUsd(): number {
    return this.#costUsd;
  }

  #add({ inputTokens, outputTokens, text, audio }: TokenUsage): void {
    this.#inputTokens += inputTokens;
    this.#outputTokens += outputTokens;
    this.#tokens.textIn += text.input;
    this.#tokens.textCached += text.cached;
    this.#tokens.textOut += text.output;
    this.#tokens.audioIn += audio.input;
    this.#tokens.audioCached += audio.cached;
    this.#tokens.audioOut += audio.output;
  }
}
