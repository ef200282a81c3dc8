import { loadConfig } from "../app/service_config.ts";
import { writeWav } from "../audio/wav.ts";
import { processEnvironment } from "../config/environment.ts";
import { throwFileError } from "../file_error.ts";
import { formatReport } from "../simulator/caller/rehearsal_report.ts";
import { NO_AUDIO, type Recording, rehearse, type RehearseOptions } from "../simulator/caller/rehearse.ts";
import type { Progress } from "../simulator/caller/simulated_caller.ts";
import { formatTimeline } from "../simulator/caller/timeline.ts";
import { rehearseScript } from "../simulator/script/play_script.ts";
import { ScriptError } from "../simulator/script/script.ts";
import { formatScriptReport } from "../simulator/script/script_report.ts";
import { readWavSpeech } from "../simulator/wav_speech.ts";
import { type FlagValues, runCommand, UsageError } from "./command.ts";
import { REHEARSE } from "./commands.ts";
import { EXIT, type ExitCode } from "./exit_code.ts";
import { ERASE_LINE, processTerminal, type Terminal } from "./terminal.ts";

/** Sample rate of recordings (Hz). */
const SAMPLE_RATE = 8_000;

export type AudioFormat = "pcmu" | "pcm16";

export interface RehearseIo extends Terminal {
  readFile(path: string): Promise<Uint8Array>;
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
  /**
   * Starts a server for a call without `--url`.
   *
   * @param modelUrl Realtime API to use instead of the configured one.
   */
  serve(audioFormat?: AudioFormat, modelUrl?: string): Promise<{ url: string; close(): Promise<void> }>;
  readonly account?: Pick<RehearseOptions, "authToken" | "adminToken" | "accountSid" | "publicUrl">;
  /** Hangs up when it aborts. */
  readonly signal?: AbortSignal;
}

type Values = FlagValues<typeof REHEARSE.flags>;

export function startRehearse(args: readonly string[]): Promise<ExitCode> {
  const config = loadConfig(processEnvironment);
  const hangUp = new AbortController();
  Deno.addSignalListener("SIGINT", () => hangUp.abort());
  return runRehearse(args, {
    ...processTerminal,
    readFile: (path) => Deno.readFile(path),
    writeFile: (path, bytes) => Deno.writeFile(path, bytes),
    async serve(audioFormat = config.AUDIO_FORMAT, modelUrl) {
      const { startTemporaryService } = await import("./temporary_service.ts");
      return startTemporaryService({ ...config, PORT: 0, AUDIO_FORMAT: audioFormat }, modelUrl);
    },
    account: {
      ...(config.TWILIO_AUTH_TOKEN ? { authToken: config.TWILIO_AUTH_TOKEN } : {}),
      ...(config.ADMIN_TOKEN ? { adminToken: config.ADMIN_TOKEN } : {}),
      ...(config.PUBLIC_URL ? { publicUrl: config.PUBLIC_URL } : {}),
    },
    signal: hangUp.signal,
  });
}

/**
 * Exit code 0 means that the call completed, or that the script passed; 2 that the script cannot be played.
 */
export function runRehearse(args: readonly string[], io: RehearseIo): Promise<ExitCode> {
  return runCommand(REHEARSE, args, io, async (values) => {
    rejectConflicts(values);
    // Before the call, so that a file that cannot be written is reported early.
    if (values.out !== undefined) await writeRecording(values.out, NO_AUDIO, io);
    if (values.script !== undefined) return await playScript(values.script, values, io);
    const speech = values.wav === undefined ? undefined : await readSpeech(values.wav, io);
    if (values.url !== undefined) return await callServer({ baseUrl: values.url }, values, speech, io);
    const server = await io.serve(values["audio-format"]);
    try {
      // Local: called directly, whatever PUBLIC_URL the server has.
      return await callServer({ baseUrl: server.url, local: true }, values, speech, io);
    } finally {
      await server.close();
    }
  });
}

/** @throws {UsageError} */
function rejectConflicts(
  { script, out: _out, json: _json, "audio-format": audioFormat, ...callFlags }: Values,
): void {
  if (audioFormat !== undefined && callFlags.url !== undefined) {
    throw new UsageError("--audio-format is for a started server, but --url names a running one");
  }
  const [conflict] = Object.entries(callFlags).find(([, value]) => value !== undefined && value !== false) ??
    [];
  if (script !== undefined && conflict !== undefined) {
    throw new UsageError(`--${conflict} does not go with --script, which describes the whole call`);
  }
}

async function callServer(
  server: Pick<RehearseOptions, "baseUrl" | "local">,
  values: Values,
  speech: Int16Array | undefined,
  io: RehearseIo,
): Promise<ExitCode> {
  const { turns, interrupt: interruptMs, "max-seconds": maxSeconds, local, from, out } = values;
  const options = { ...callOptions(io), turns, interruptMs, maxSeconds, from, local, speech };
  const rehearsal = await rehearse({ ...options, ...server });
  await printReport(rehearsal, formatReport(rehearsal, out), values, io);
  return rehearsal.completed ? EXIT.ok : EXIT.failed;
}

async function playScript(path: string, values: Values, io: RehearseIo): Promise<ExitCode> {
  const report = await rehearseScript(path, {
    ...callOptions(io),
    serve: (modelUrl) => io.serve(values["audio-format"], modelUrl),
    readFile: (file) => io.readFile(file),
  }).catch((error) => {
    if (!(error instanceof ScriptError)) throw error;
    io.err(`${error.message}\n`);
  });
  if (!report) return EXIT.usage;
  const timeline = report.passed ? "" : formatTimeline([...report.timeline]) + "\n\n";
  await printReport(report, timeline + formatScriptReport(report), values, io);
  return report.passed ? EXIT.ok : EXIT.failed;
}

function callOptions(io: RehearseIo) {
  return { ...io.account, signal: io.signal, onProgress: progressPrinter(io) };
}

async function printReport(
  { recording, ...report }: { readonly recording: Recording },
  text: string,
  { out, json }: Values,
  io: RehearseIo,
): Promise<void> {
  if (io.errIsTerminal) io.err(ERASE_LINE);
  if (out !== undefined) await writeRecording(out, recording, io);
  io.out(json ? JSON.stringify(report) + "\n" : text);
}

async function readSpeech(path: string, io: RehearseIo): Promise<Int16Array> {
  return readWavSpeech(await io.readFile(path).catch((error) => throwFileError(path, error)), path);
}

async function writeRecording(path: string, { spoken, heard }: Recording, io: RehearseIo): Promise<void> {
  const wav = writeWav([spoken, heard], SAMPLE_RATE);
  await io.writeFile(path, wav).catch((error) => throwFileError(path, error, "write"));
}

/** Overwrites one line on a terminal; elsewhere prints a line when the caller's status changes. */
function progressPrinter({ err, errIsTerminal }: RehearseIo): (progress: Progress) => void {
  let lastStatus = "";
  return ({ elapsedMs, status, bufferedMs }) => {
    const line = `${(elapsedMs / 1000).toFixed(1).padStart(6)} s  the caller ${status}`;
    if (errIsTerminal) err(`${ERASE_LINE}${line}, ${Math.round(bufferedMs)} ms of audio buffered`);
    else if (status !== lastStatus) err(line + "\n");
    lastStatus = status;
  };
}
