/** `parley rehearse`: its flags, its progress and its report. */

import { parseArgs } from "node:util";
import { convertRate } from "../../audio/convert_rate.ts";
import { readWav, writeWav } from "../../audio/wav.ts";
import { formatReport } from "./report.ts";
import { type Progress, rehearse, type RehearseOptions } from "./rehearse.ts";

export const REHEARSE_USAGE = `parley rehearse: places one complete call without a phone

  --url URL          the server to call, e.g. http://localhost:5050 (without it, one is started for the call)
  --wav FILE         what the caller says (without it, a made-up phrase)
  --turns N          say it N times, each time after the answer (1)
  --interrupt MS     speak over the first answer, MS milliseconds after it began
  --max-seconds N    hang up at the latest after N seconds (120)
  --audio-format F   pcmu or pcm16 between the server started for the call and the model (AUDIO_FORMAT)
  --local            reach every address in the TwiML at the host of --url: past a tunnel, straight to the server
  --from NUMBER      the caller's number
  --out FILE         write both sides as heard: a stereo WAV, left the caller, right the assistant
  --json             print one JSON object instead of the timeline`;

/** What the command line asks for. */
export interface RehearseArguments {
  url?: string;
  wav?: string;
  out?: string;
  audioFormat?: "pcmu" | "pcm16";
  json: boolean;
  help: boolean;
  options: Pick<RehearseOptions, "turns" | "interruptMs" | "maxSeconds" | "local" | "from">;
}

/** What the command needs of the world. */
export interface RehearseIo {
  out(text: string): void;
  err(text: string): void;
  /** Whether `err` writes to a terminal, where a line can be overwritten. */
  errIsTerminal: boolean;
  readFile(path: string): Promise<Uint8Array>;
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
  /** Starts a server for a call without `--url`, with this audio format if one is given. */
  serve(audioFormat?: "pcmu" | "pcm16"): Promise<{ url: string; close(): Promise<void> }>;
  /** What the environment says of the account. */
  account?: Pick<RehearseOptions, "authToken" | "accountSid" | "publicUrl">;
  /** Opens the media stream's socket; Deno's own without it. */
  open?: RehearseOptions["open"];
  /** Hangs up when it aborts. */
  signal?: AbortSignal;
}

/** @throws {TypeError} naming the flag that is wrong. */
export function parseRehearseArgs(args: string[]): RehearseArguments {
  const {
    url,
    wav,
    out,
    json = false,
    help = false,
    local,
    from,
    turns,
    interrupt,
    "max-seconds": maxSeconds,
    "audio-format": audioFormat,
  } = parseFlags(args);
  if (audioFormat !== undefined && url !== undefined) {
    throw new TypeError(
      "Cannot rehearse: --audio-format is for a server started for the call, --url names another",
    );
  }
  return {
    ...(url !== undefined && { url }),
    ...(wav !== undefined && { wav }),
    ...(out !== undefined && { out }),
    ...(audioFormat !== undefined && { audioFormat: readAudioFormat(audioFormat) }),
    json,
    help,
    options: {
      ...(turns !== undefined && { turns: wholeNumber("--turns", turns, 1) }),
      ...(interrupt !== undefined && { interruptMs: wholeNumber("--interrupt", interrupt, 0) }),
      ...(maxSeconds !== undefined && { maxSeconds: wholeNumber("--max-seconds", maxSeconds, 1) }),
      ...(local !== undefined && { local }),
      ...(from !== undefined && { from }),
    },
  };
}

function parseFlags(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        url: { type: "string" },
        wav: { type: "string" },
        out: { type: "string" },
        turns: { type: "string" },
        interrupt: { type: "string" },
        "max-seconds": { type: "string" },
        from: { type: "string" },
        "audio-format": { type: "string" },
        local: { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    const why = error instanceof Error ? error.message.split(/\. |\n/, 1)[0] : String(error);
    throw new TypeError(`Cannot rehearse: ${why}; see "parley rehearse --help"`);
  }
}

function readAudioFormat(text: string): "pcmu" | "pcm16" {
  if (text === "pcmu" || text === "pcm16") return text;
  throw new TypeError(`Cannot rehearse: --audio-format is "${text}", pcmu or pcm16 was expected`);
}

function wholeNumber(flag: string, text: string, least: number): number {
  if (/^\d+$/.test(text) && Number(text) >= least) return Number(text);
  throw new TypeError(`Cannot rehearse: ${flag} is "${text}", a whole number from ${least} was expected`);
}

/** Runs the command and says how the program should exit: 0 after a completed call, 2 for wrong arguments, else 1. */
export async function runRehearse(args: string[], io: RehearseIo): Promise<number> {
  let parsed: RehearseArguments;
  try {
    parsed = parseRehearseArgs(args);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    io.err(error.message + "\n");
    return 2;
  }
  try {
    const { url, help, ...rest } = parsed;
    if (help) {
      io.out(REHEARSE_USAGE + "\n");
      return 0;
    }
    const speech = rest.wav === undefined ? undefined : await readSpeech(rest.wav, io);
    if (url !== undefined) return await callServer({ baseUrl: url }, rest, speech, io);
    const server = await io.serve(rest.audioFormat);
    try {
      // It is called directly, whatever public address it has been given.
      return await callServer({ baseUrl: server.url, local: true }, rest, speech, io);
    } finally {
      await server.close();
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    io.err(error.message + "\n");
    return 1;
  }
}

async function callServer(
  server: Pick<RehearseOptions, "baseUrl" | "local">,
  { out, json, options }: Omit<RehearseArguments, "url" | "help" | "audioFormat">,
  speech: Int16Array | undefined,
  io: RehearseIo,
): Promise<number> {
  const { account, open, signal } = io;
  // A file that cannot be written is told before the call, not after it.
  if (out !== undefined) await write(out, [new Int16Array(), new Int16Array()], io);
  const rehearsal = await rehearse({
    ...account,
    ...options,
    ...server,
    ...(speech && { speech }),
    ...(open && { open }),
    ...(signal && { signal }),
    onProgress: progressPrinter(io),
  });
  if (io.errIsTerminal) io.err("\r\x1b[K");
  const { recording, ...facts } = rehearsal;
  if (out !== undefined) await write(out, [recording.spoken, recording.heard], io);
  io.out(json ? JSON.stringify(facts) + "\n" : formatReport(rehearsal, out));
  return rehearsal.completed ? 0 : 1;
}

async function write(path: string, channels: Int16Array[], io: RehearseIo): Promise<void> {
  await io.writeFile(path, writeWav(channels, 8000)).catch((error) => refuse("write", path, error));
}

function refuse(verb: string, path: string, error: unknown): never {
  throw new TypeError(`Cannot ${verb} "${path}": ${error instanceof Error ? error.message : error}`);
}

/** A recording as a caller's voice: one channel at 8 kHz. */
async function readSpeech(path: string, io: RehearseIo): Promise<Int16Array> {
  const bytes = await io.readFile(path).catch((error) => refuse("read", path, error));
  const { channels, sampleRate } = readWav(bytes, path);
  const [left = new Int16Array(), right = left] = channels;
  return convertRate(left.map((sample, i) => (sample + (right[i] ?? 0)) / 2), sampleRate, 8000);
}

/** On a terminal one line that changes; elsewhere a line whenever the caller turns to something else. */
function progressPrinter({ err, errIsTerminal }: RehearseIo): (progress: Progress) => void {
  let last = "";
  return ({ elapsedMs, doing, bufferedMs }) => {
    const line = `${(elapsedMs / 1000).toFixed(1).padStart(6)} s  the caller ${doing}`;
    if (errIsTerminal) err(`\r\x1b[K${line}, ${Math.round(bufferedMs)} ms of audio ahead`);
    else if (doing !== last) err(line + "\n");
    last = doing;
  };
}
