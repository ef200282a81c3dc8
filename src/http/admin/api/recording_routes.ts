import { STATUS_CODE } from "@std/http/status";
import type { RemoteCallStore } from "../../../records/remote_call_store.ts";
import { problem } from "../../problem.ts";

/** The part of the store that reads recordings. */
export type RecordingReader = Pick<RemoteCallStore, "recording" | "readRecording" | "levels">;

const NOT_FOUND = "No recording of this call is stored";

/**
 * `GET|HEAD /api/calls/{sid}/recording.wav`: the recording so far, whole or one byte range (RFC 9110, section
 * 14).
 *
 * @param recordings Undefined when Parley stores no recordings.
 */
export async function recordingAudio(
  callSid: string,
  request: Request,
  recordings: RecordingReader | undefined,
): Promise<Response> {
  const recordingInfo = await recordings?.recording(callSid);
  if (!recordings || !recordingInfo) return problem(STATUS_CODE.NotFound, NOT_FOUND);
  const { bytes } = recordingInfo;
  const range = readRange(request.headers.get("range"), bytes);
  if (range === "unsatisfiable") {
    return problem(
      STATUS_CODE.RangeNotSatisfiable,
      `The recording is ${bytes} bytes long`,
      { "content-range": `bytes */${bytes}` },
    );
  }
  const { from, length } = range ?? { from: 0, length: bytes };
  const headers: Record<string, string> = {
    "content-type": "audio/wav",
    // Safe in a header: only a CallSid of letters and digits has a recording.
    "content-disposition": `inline; filename="${callSid}.wav"`,
    "accept-ranges": "bytes",
    "content-length": String(length),
  };
  if (range) headers["content-range"] = `bytes ${from}-${from + length - 1}/${bytes}`;
  const body = request.method === "HEAD" ? null : recordings.readRecording(callSid, from, length);
  return new Response(body, { status: range ? STATUS_CODE.PartialContent : STATUS_CODE.OK, headers });
}

/**
 * `GET /api/calls/{sid}/levels`: peak levels of both sides, for a waveform.
 *
 * @param recordings Undefined when Parley stores no recordings.
 */
export async function recordingLevels(
  callSid: string,
  recordings: RecordingReader | undefined,
): Promise<Response> {
  const levels = await recordings?.levels(callSid);
  return levels ? Response.json(levels) : problem(STATUS_CODE.NotFound, NOT_FOUND);
}

/**
 * Reads a Range header. Undefined means the whole file: the header is missing or invalid, or names several
 * ranges (RFC 9110 allows ignoring them).
 */
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
