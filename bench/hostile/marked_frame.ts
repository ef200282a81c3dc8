/** 20 ms of µ-law that says which frame it is: what is sent here comes out there byte for byte. */

/** The rest of its 160 bytes, after nine whose base64 is twelve digits. */
const REST = new Uint8Array(151).fill(0xd5).toBase64();

/** Which frame it is: both below what their digits can say, 4 and 8. */
export interface FrameMark {
  readonly call: number;
  readonly frame: number;
}

/** Base64 of the frame. */
export function markedFrame({ call, frame }: FrameMark): string {
  return `${call}`.padStart(4, "0") + `${frame}`.padStart(8, "0") + REST;
}

/** Which frame a payload is; undefined when it is none of ours. */
export function markOf(payload: string): FrameMark | undefined {
  const [, call, frame] = /^(\d{4})(\d{8})/.exec(payload) ?? [];
  return call === undefined ? undefined : { call: Number(call), frame: Number(frame) };
}
