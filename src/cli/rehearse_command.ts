/** `parley rehearse`: its flags, its progress and its report. */

import { parseArgs } from "node:util";
import { flagProblem } from "./flag_problem.ts";
import { readRecording } from "../simulator/recording.ts";
import { runScript } from "./rehearse_script.ts";
import { ScriptError } from "../simulator/script/script.ts";
import { progressPrinter, type RehearseIo, withReason, writeRecording } from "./rehearse_io.ts";
import { formatReport } from "../simulator/caller/report.ts";
import { rehearse, type RehearseOptions } from "../simulator/caller/rehearse.ts";

export const REHEARSE_USAGE = `parley rehearse: places one complete call without a phone

  --url URL          the server to call, e.g. http://localhost:5050 (without it, one is started for the call)
  --script FILE      play a script, docs/rehearsal.md, at both ends of a server started for it: does it pass?
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
  script?: string;
  wav?: string;
  out?: string;
  audioFormat?: "pcmu" | "pcm16";
  json: boolean;
  help: boolean;
  options: Pick<RehearseOptions, "turns" | "interruptMs" | "maxSeconds" | "local" | "from">;
}

/** @throws {TypeError} naming the flag that is wrong. */
export function parseRehearseArgs(args: string[]): RehearseArguments {
  const {
    url,
    script,
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
  const said = Object.entries({ url, wav, turns, interrupt, from, local, "max-seconds": maxSeconds });
  const [other] = said.find(([, value]) => value !== undefined) ?? [];
  if (script !== undefined && other !== undefined) {
    throw new TypeError(
      `Cannot rehearse: --${other} cannot be had beside --script, which says all of the call`,
    );
  }
  return {
    ...(url !== undefined && { url }),
    ...(script !== undefined && { script }),
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
        script: { type: "string" },
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
    throw new TypeError(`Cannot rehearse: ${flagProblem(error)}; see "parley rehearse --help"`);
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

/**
 * Runs the command and says how the program should exit: 0 after a completed call or a script that passed, 2 for wrong
 * arguments and a script that cannot be played, else 1.
 */
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
    if (rest.script !== undefined) return await runScript(rest.script, rest, io);
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
    return error instanceof ScriptError ? 2 : 1;
  }
}

async function callServer(
  server: Pick<RehearseOptions, "baseUrl" | "local">,
  { out, json, options }: Omit<RehearseArguments, "url" | "script" | "help" | "audioFormat">,
  speech: Int16Array | undefined,
  io: RehearseIo,
): Promise<number> {
  const { account, open, signal } = io;
  // A file that cannot be written is told before the call, not after it.
  if (out !== undefined) await writeRecording(out, undefined, io);
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
  if (out !== undefined) await writeRecording(out, recording, io);
  io.out(json ? JSON.stringify(facts) + "\n" : formatReport(rehearsal, out));
  return rehearsal.completed ? 0 : 1;
}

/** A recording as a caller's voice. */
async function readSpeech(path: string, io: RehearseIo): Promise<Int16Array> {
  return readRecording(await io.readFile(path).catch((error) => withReason("read", path, error)), path);
}
