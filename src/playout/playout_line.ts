/** The far end of the playout: a media stream that plays audio in order and echoes marks. */
export interface PlayoutLine {
  /** Plays µ-law bytes after everything sent before. */
  media(audio: Uint8Array): void;
  /** Sends a mark. It returns to {@linkcode Playout.markEchoed} once all audio sent before it has been played. */
  mark(name: string): void;
  /** Discards everything sent and not yet played. */
  clear(): void;
  /** True while the network is slower than the audio. */
  readonly congested: boolean;
}

/** Receives the playout's progress. */
export interface PlayoutObserver {
  /** The first audio of an item was sent to the line. */
  sendingStarted(itemId: string): void;
  /** The first mark after audio of an item returned: the caller hears it. */
  playbackStarted(itemId: string): void;
  /** A mark after audio of an item returned: the caller heard the item up to there. */
  playbackProgressed(itemId: string): void;
  /** A mark did not return. */
  markLost(name: string): void;
}

/** The current state of a playout. */
export interface PlayoutStatus {
  /** Audio queued here and not yet sent (ms). */
  readonly queuedMs: number;
  /** Audio sent and not yet heard (ms). */
  readonly leadMs: number;
  /** The item the caller hears now. */
  readonly itemId: string | undefined;
  /** How much of `itemId` the caller has heard (ms); 0 without an item. */
  readonly heardMs: number;
}
