/** `parley rehearse --script`. */

import { progressPrinter, type RehearseIo, writeRecording } from "./rehearse_io.ts";
import { formatTimeline } from "../simulator/caller/timeline.ts";
import { rehearseScript } from "../simulator/script/play_script.ts";
import { formatScriptReport } from "../simulator/script/report.ts";

/**
 * Plays the script in a file, prints how it went, and says how the program should exit: 0 when it passed.
 *
 * @throws {ScriptError} when it cannot be played.
 */
export async function runScript(
  path: string,
  { out, json, audioFormat }: { out?: string; json: boolean; audioFormat?: "pcmu" | "pcm16" },
  io: RehearseIo,
): Promise<number> {
  const { account, open, signal } = io;
  // A file that cannot be written is told before the call, not after it.
  if (out !== undefined) await writeRecording(out, undefined, io);
  const report = await rehearseScript(path, {
    ...account,
    serve: (modelUrl) => io.serve(audioFormat, modelUrl),
    readFile: (file) => io.readFile(file),
    ...(open && { open }),
    ...(signal && { signal }),
    onProgress: progressPrinter(io),
  });
  if (io.errIsTerminal) io.err("\r\x1b[K");
  const { recording, ...facts } = report;
  if (out !== undefined) await writeRecording(out, recording, io);
  // Of a script that passed nobody wants to know when what was said.
  const timeline = report.passed ? "" : formatTimeline([...report.timeline]) + "\n\n";
  io.out(json ? JSON.stringify(facts) + "\n" : timeline + formatScriptReport(report));
  return report.passed ? 0 : 1;
}
