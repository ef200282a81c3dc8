import type { RealtimeAudioFormats, SessionUpdateEvent } from "openai/resources/realtime/realtime";
import type { Log } from "../../telemetry/log.ts";
import type { SessionOptions } from "../session_options.ts";
import type { GaClientEvents } from "./ga_client_events.ts";
import type { AudioFormat } from "./server_event.ts";
import { formatMismatch, idleTimeoutUpdate, sessionUpdate, withoutRefused } from "./ga_session_update.ts";

const CONFIGURE_EVENT_ID = "parley_session";

/** Configures one session, without settings that the model refuses and a call does not need. */
export class SessionConfiguration {
  readonly #options: SessionOptions;
  readonly #format: RealtimeAudioFormats;
  readonly #log: Log;
  readonly #client: Pick<GaClientEvents, "configure">;
  #update: SessionUpdateEvent;

  constructor(
    options: SessionOptions,
    format: RealtimeAudioFormats,
    log: Log,
    client: Pick<GaClientEvents, "configure">,
  ) {
    this.#options = options;
    this.#format = format;
    this.#log = log;
    this.#client = client;
    this.#update = sessionUpdate(CONFIGURE_EVENT_ID, options, format);
  }

  send(): void {
    this.#client.configure(this.#update);
  }

  /** Whether an error refuses the configuration. */
  isRefusal(eventId: string | undefined): boolean {
    return eventId === CONFIGURE_EVENT_ID;
  }

  /**
   * Configures the session again without a setting that the model refused.
   *
   * @param param Names the setting.
   * @returns false if the call needs the setting, or it is not known.
   */
  retryWithout(param: string | undefined, code: string | undefined, message: string): boolean {
    const reduced = param === undefined ? undefined : withoutRefused(this.#update, param);
    if (!reduced) return false;
    this.#log.warn("model refused a setting", { setting: reduced.setting, code, message });
    this.#update = reduced.update;
    this.send();
    return true;
  }

  /** Makes the model speak on its own after a silence, or not. */
  setIdleTimeout(on: boolean): void {
    const update = idleTimeoutUpdate(this.#update, this.#options, on);
    if (update) this.#client.configure(update);
  }

  /** Describes a difference between the requested audio format and the confirmed ones. */
  findMismatch(input: AudioFormat, output: AudioFormat): string | undefined {
    const mismatch = formatMismatch(this.#format, { input, output });
    const other = this.#options.audioFormat === "pcmu" ? "pcm16" : "pcmu";
    return mismatch && `${mismatch}; set AUDIO_FORMAT=${other} if the model supports it`;
  }
}
