/** The part of an assistants file that has a recording: base64 of µ-law. */
interface Recorded {
  readonly audio?: string | undefined;
}

/** Each webhook needs the audio of its assistant, so it is decoded once. */
const decoded = new WeakMap<Recorded, Uint8Array>();

/** The recording as µ-law bytes, which all calls share: they must not be changed. Undefined without one. */
export function recordedAudio(recorded: Recorded): Uint8Array | undefined {
  if (!recorded.audio) return undefined;
  const audio = decoded.get(recorded) ?? Uint8Array.fromBase64(recorded.audio);
  decoded.set(recorded, audio);
  return audio;
}
