/** 20 ms µ-law frames whose first bytes hold a call and a frame number. Parley forwards them byte for byte. */

/** Base64 of the last 151 bytes; the first nine are the twelve digits of the mark. */
const REST = new Uint8Array(151).fill(0xd5).toBase64();

/** Identifies a frame: a call number of up to 4 digits, a frame number of up to 8. */
export interface FrameMark {
  readonly call: number;
  readonly frame: number;
}

/** The frame (base64). */
export function markedFrame({ call, frame }: FrameMark): string {
  return `${call}`.padStart(4, "0") + `${frame}`.padStart(8, "0") + REST;
}

/** Reads the mark of a payload; undefined when it has none. */
export function readFrameMark(payload: string): FrameMark | undefined {
  const [, call, frame] = /^(\d{4})(\d{8})/.exec(payload) ?? [];
  return call === undefined ? undefined : { call: Number(call), frame: Number(frame) };
}
