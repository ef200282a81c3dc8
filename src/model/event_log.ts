import type { JsonObject } from "../json.ts";
import type { Log } from "../telemetry/log.ts";

/** Maximum length of an event's content in the log (characters). */
const MAX_CONTENT = 2_000;
/** Events that are frequent and carry a part of something that a later event has whole. */
const DELTA = /\.delta$/;
const AUDIO_DELTA = /audio\.delta$/;

/**
 * Logs the events of a model. Events that a pattern matches are logged at level info with their content, where audio is
 * replaced by its size; all others except deltas at level debug, by name.
 *
 * @param patterns Names, in which `*` stands for any text: `response.*`.
 * @param mayLogContent Asked before the content of an event is logged.
 */
export function createEventLog(
  patterns: readonly string[],
  log: Log,
  mayLogContent = () => true,
): (event: JsonObject) => void {
  const selected = patterns.length === 0 ? undefined : new RegExp(`^(${patterns.map(toSource).join("|")})$`);
  return (event) => {
    const type = String(event.type);
    if (selected?.test(type)) {
      log.info("model event", { type, content: mayLogContent() ? contentOf(event, type) : undefined });
    } else if (!DELTA.test(type)) log.debug("model event", { type });
  };
}

function toSource(pattern: string): string {
  return pattern.replaceAll(/[.\\+?^${}()|[\]]/g, "\\$&").replaceAll("*", ".*");
}

function contentOf(event: JsonObject, type: string): string {
  const { type: _, ...content } = event;
  const isAudio = AUDIO_DELTA.test(type) && typeof content.delta === "string";
  const text = JSON.stringify(isAudio ? { ...content, delta: sizeOf(String(content.delta)) } : content);
  return text.length <= MAX_CONTENT ? text : `${text.slice(0, MAX_CONTENT)}…`;
}

/** @param audio Base64. */
function sizeOf(audio: string): string {
  return `[${Math.floor(audio.replace(/=+$/, "").length * 3 / 4)} bytes of audio]`;
}
