import { STATUS_CODE } from "@std/http/status";
import type { RemoteCallStore } from "../../records/store_port.ts";
import { problem } from "../problem.ts";

/** What is asked of the recordings. */
export type KeptRecordings = Pick<RemoteCallStore, "recording" | "readRecording" | "levels">;

const NONE = "There is no recording of this call";

/**
 * `GET|HEAD /api/calls/{sid}/recording.wav`: what was heard, so far; the whole or one range of it (RFC 9110, 14).
 *
 * @param recordings Where they are kept, if they are.
 */
export async function recordingAudio(
  callSid: string,
  request: Request,
  recordings: KeptRecordings | undefined,
): Promise<Response> {
  const found = await recordings?.recording(callSid);
  if (!recordings || !found) return problem(STATUS_CODE.NotFound, NONE);
  const { bytes } = found;
  const range = readRange(request.headers.get("range"), bytes);
  if (range === "unsatisfiable") {
    return problem(
      STATUS_CODE.RangeNotSatisfiable,
      `The recording has ${bytes} bytes`,
      { "content-range": `bytes */${bytes}` },
    );
  }
  const { from, length } = range ?? { from: 0, length: bytes };
  const headers: Record<string, string> = {
    "content-type": "audio/wav",
    // The CallSid has letters and digits only, or there would be no recording.
    "content-disposition": `inline; filename="${callSid}.wav"`,
    "accept-ranges": "bytes",
    "content-length": String(length),
  };
  if (range) headers["content-range"] = `bytes ${from}-${from + length - 1}/${bytes}`;
  const body = request.method === "HEAD" ? null : recordings.readRecording(callSid, from, length);
  return new Response(body, { status: range ? STATUS_CODE.PartialContent : STATUS_CODE.OK, headers });
}

/**
 * `GET /api/calls/{sid}/levels`: how loud both sides were.
 *
 * @param recordings Where they are kept, if they are.
 */
export async function recordingLevels(
  callSid: string,
  recordings: KeptRecordings | undefined,
): Promise<Response> {
  const levels = await recordings?.levels(callSid);
  return levels ? Response.json(levels) : problem(STATUS_CODE.NotFound, NONE);
}

/** The one range that is asked for; several, and what is none, may be ignored: then all is sent. */
function readRange(
  header: string | null,
  size: number,
): { readonly from: number; readonly length: number } | "unsatisfiable" | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.replaceAll(/\s/g, "") ?? "") ?? [];
  if (first === undefined || last === undefined || first + last === "") return undefined;
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return from > to ? "unsatisfiable" : { from, length: to - from + 1 };
}
