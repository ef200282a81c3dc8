/** Recorded sounds from Debian packages, and speech from espeak-ng. Needs sox; the packages need apt-get and dpkg-deb. */

import { LINE_RATE } from "../../src/audio/line_format.js";
import { trimmed } from "./signal.ts";

/** Voices of actors (coughs, "hmm", short shouts), and telephone prompts read by people in four languages. */
const PACKAGES = [
  "hedgewars-data",
  "asterisk-core-sounds-en-wav",
  "asterisk-core-sounds-es-wav",
  "asterisk-core-sounds-fr-wav",
  "asterisk-core-sounds-it-wav",
];
/** What a telephone line transmits (Hz). */
const BAND = ["highpass", "300", "lowpass", "3400"];

/** Downloads and unpacks the packages into `folder`, unless they are there. */
export async function fetchRecordings(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const name of PACKAGES) {
    const unpacked = `${folder}/${name}`;
    if (await exists(unpacked)) continue;
    console.error(`downloading ${name} …`);
    await run("apt-get", ["-q", "download", name], folder);
    const file = Array.from(Deno.readDirSync(folder)).find((entry) => entry.name.startsWith(`${name}_`))
      ?.name;
    if (file === undefined) throw new Error(`apt-get downloaded no file of ${name} into ${folder}`);
    await run("dpkg-deb", ["-x", file, `${name}.part`], folder);
    await Deno.remove(`${folder}/${file}`);
    await Deno.rename(`${unpacked}.part`, unpacked);
  }
}

/** A recorded sound as the telephone line transmits it. @param path In the packages: `hedgewars-data/…`. */
export async function recording(folder: string, path: string): Promise<Float32Array> {
  return await telephone([`${folder}/${path}`]);
}

/** Speech of espeak-ng as the telephone line transmits it. @param wordsPerMinute 175 is usual. */
export async function espeak(text: string, voice: string, wordsPerMinute: number): Promise<Float32Array> {
  const wav = await run("espeak-ng", ["--stdout", "-v", voice, "-s", String(wordsPerMinute), text]);
  return await telephone(["-t", "wav", "-"], wav);
}

async function telephone(input: readonly string[], stdin?: Uint8Array): Promise<Float32Array> {
  const raw = ["-t", "raw", "-e", "signed", "-b", "16", "-c", "1", "-r", String(LINE_RATE)];
  const bytes = await run("sox", ["-V1", ...input, ...raw, "-", "gain", "-6", ...BAND], undefined, stdin);
  return trimmed(Float32Array.from(new Int16Array(bytes.slice().buffer), (sample) => sample / 32_768));
}

async function run(command: string, args: readonly string[], cwd?: string, stdin?: Uint8Array) {
  const child = new Deno.Command(command, {
    args: [...args],
    ...(cwd !== undefined && { cwd }),
    stdin: stdin ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (stdin) {
    const writer = child.stdin.getWriter();
    await writer.write(stdin.slice());
    await writer.close();
  }
  const { success, stdout, stderr } = await child.output();
  if (!success) {
    throw new Error(`${command} ${args.join(" ")} failed: ${new TextDecoder().decode(stderr).trim()}`);
  }
  return stdout;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
