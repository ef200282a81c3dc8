import { assert, assertEquals, assertRejects } from "@std/assert";
import { decodeMulaw } from "../../src/audio/g711.js";
import { readWav } from "../../src/audio/wav.ts";
import { recordingAudio, recordingLevels } from "../../src/http/admin/api/recording_routes.ts";
import { RecordingBatches } from "../../src/recording/recording_batches.ts";
import type { RecordingChunk } from "../../src/recording/recording_file.ts";
import { Recordings, type RecordingsOptions } from "../../src/recording/recordings.ts";
import { RemoteCallStore, serveCallStore } from "../../src/records/remote_call_store.ts";
import { sidOf, StoreRig } from "../records/store_rig.ts";

const DAY_MS = 86_400_000;
const SILENCE = 0xff;

/** A chunk with `byte` in the caller's side and `byte + 1` in the assistant's. */
function chunk(at: number, atMs: number, ms: number, byte: number): RecordingChunk {
  const sides = new Uint8Array(2 * 8 * ms).fill(byte);
  sides.fill(byte + 1, 8 * ms);
  return { callSid: sidOf(at), atMs, sides };
}

/** A store rig with a folder of recordings. */
class RecordingRig extends StoreRig {
  readonly recordingsFolder = `${this.folder}/recordings`;

  start(limits: Partial<RecordingsOptions> = {}): Recordings {
    return new Recordings({ folder: this.recordingsFolder, ...limits }, this.clock, this.log);
  }

  pathOf(at: number): string {
    return `${this.recordingsFolder}/${sidOf(at)}.wav`;
  }

  read(at: number) {
    const { channels: [left = new Int16Array(), right = new Int16Array()], sampleRate } = readWav(
      Deno.readFileSync(this.pathOf(at)),
      this.pathOf(at),
    );
    assertEquals(sampleRate, 8_000);
    return { left, right };
  }

  /** Writes a recording of `bytes` bytes that ended `days` days ago. */
  put(at: number, bytes: number, days: number): void {
    Deno.mkdirSync(this.recordingsFolder, { recursive: true });
    Deno.writeFileSync(this.pathOf(at), new Uint8Array(bytes));
    const time = new Date(this.clock.wallTime() - days * DAY_MS);
    Deno.utimeSync(this.pathOf(at), time, time);
  }

  get names(): string[] {
    return [...Deno.readDirSync(this.recordingsFolder)].map(({ name }) => name).sort();
  }
}

const linear = (byte: number, ms: number) => decodeMulaw(new Uint8Array(8 * ms).fill(byte));

Deno.test("Recordings writes a stereo WAV that is playable after every chunk and readable by its owner only", async () => {
  using rig = new RecordingRig();
  const recordings = rig.start();
  recordings.write(chunk(1, 0, 1_000, 10));
  assertEquals(rig.read(1), { left: linear(10, 1_000), right: linear(11, 1_000) });
  recordings.write(chunk(1, 1_000, 500, 20));
  recordings.end(sidOf(1), 0);
  const { left, right } = rig.read(1);
  assertEquals(left.subarray(8_000), linear(20, 500));
  assertEquals(right.subarray(8_000), linear(21, 500));
  assertEquals((Deno.statSync(rig.pathOf(1)).mode ?? 0) & 0o777, 0o600);
  assertEquals((Deno.statSync(rig.recordingsFolder).mode ?? 0) & 0o777, 0o700);
  assertEquals(await recordings.find(sidOf(1)), { ms: 1_500, bytes: 44 + 48_000 });
  await recordings.close();
});

Deno.test("Recordings leaves silence for a missing chunk", async () => {
  using rig = new RecordingRig();
  const recordings = rig.start();
  recordings.write(chunk(1, 500, 500, 10));
  recordings.write(chunk(1, 2_000, 500, 20));
  recordings.end(sidOf(1), 1_000);
  const { left } = rig.read(1);
  assertEquals(left.length, 2_500 * 8);
  assertEquals(left.subarray(0, 4_000), linear(SILENCE, 500));
  assertEquals(left.subarray(4_000, 8_000), linear(10, 500));
  assertEquals(left.subarray(8_000, 16_000), linear(SILENCE, 1_000));
  assertEquals(left.subarray(16_000), linear(20, 500));
  assert(rig.lines.some((line) => line.includes("recording incomplete")), rig.lines.join("\n"));
  await recordings.close();
});

Deno.test("Recordings creates no file for an invalid CallSid", async () => {
  using rig = new RecordingRig();
  const recordings = rig.start();
  recordings.write(chunk(1, 0, 100, 10));
  for (
    const callSid of ["../calls", "CA1", "", `${sidOf(1)}/../../x`, sidOf(1).toLowerCase(), `${sidOf(1)}\n`]
  ) {
    recordings.write({ ...chunk(1, 0, 100, 10), callSid });
    recordings.end(callSid, 0);
    assertEquals(await recordings.find(callSid), undefined);
    assertEquals(await recordings.levels(callSid), undefined);
    await assertRejects(() => recordings.read(callSid, 0, 10));
    await recordings.delete([callSid]);
  }
  assertEquals(rig.names, [`${sidOf(1)}.wav`]);
  assertEquals([...Deno.readDirSync(rig.folder)].map(({ name }) => name), ["recordings"]);
  await recordings.close();
});

Deno.test("Recordings repairs files left by a crash at the next start", async () => {
  using rig = new RecordingRig();
  const first = rig.start();
  for (const at of [1, 2, 3]) first.write(chunk(at, 0, 1_000, 10));
  await first.close();
  const append = (at: number, bytes: number) => {
    using file = Deno.openSync(rig.pathOf(at), { append: true });
    file.writeSync(new Uint8Array(bytes));
  };
  // One crash between a chunk and its header, within a sample; one before the header.
  append(1, 32_003);
  Deno.truncateSync(rig.pathOf(2), 20);
  const { mtime } = Deno.statSync(rig.pathOf(1));
  const second = rig.start();
  const repaired = () => rig.lines.filter((line) => line.includes("recording repaired")).length;
  await waitUntil(() => repaired() === 2);
  await second.close();
  assertEquals(Deno.statSync(rig.pathOf(1)).mtime, mtime);
  assertEquals(rig.read(1).left.length, 16_000);
  assertEquals(rig.read(1).left.subarray(0, 8_000), linear(10, 1_000));
  assertEquals(Deno.statSync(rig.pathOf(2)).size, 44);
  assertEquals(rig.read(3).left.length, 8_000);
});

Deno.test("Recordings deletes expired recordings at the start and every day", async () => {
  using rig = new RecordingRig();
  for (const [at, days] of [[1, 31], [2, 29.5], [3, 1]] as const) rig.put(at, 100, days);
  const recordings = rig.start({ days: 30 });
  const gone = (at: number) => waitUntil(() => !rig.names.includes(`${sidOf(at)}.wav`));
  await gone(1);
  assertEquals(rig.names.length, 2);
  rig.clock.advance(DAY_MS);
  await gone(2);
  assertEquals(rig.names, [`${sidOf(3)}.wav`]);
  await recordings.close();
  assertEquals(rig.clock.pending, 0);
});

Deno.test("Recordings deletes the oldest beyond the size limit, but no open one", async () => {
  using rig = new RecordingRig();
  for (const at of [2, 3, 4]) rig.put(at, 400_000, 10 - at);
  const recordings = rig.start({ megabytes: 1 });
  await waitUntil(() => rig.names.length === 2);
  assertEquals(rig.names, [`${sidOf(3)}.wav`, `${sidOf(4)}.wav`]);
  recordings.write(chunk(1, 0, 10_000, 10));
  const long = new Date(rig.clock.wallTime() - 100 * DAY_MS);
  Deno.utimeSync(rig.pathOf(1), long, long);
  recordings.write(chunk(5, 0, 1_000, 10));
  recordings.end(sidOf(5), 0);
  await waitUntil(() => rig.names.length === 3);
  assertEquals(rig.names, [1, 4, 5].map((at) => `${sidOf(at)}.wav`));
  await recordings.close();
});

Deno.test("Recordings looks at each file once, however many calls end", async () => {
  using rig = new RecordingRig();
  for (let at = 100; at < 150; at++) rig.put(at, 10_000, 1);
  const { stat } = Deno;
  let stats = 0;
  Deno.stat = (path) => (stats++, stat(path));
  using _ = { [Symbol.dispose]: () => Deno.stat = stat };
  const recordings = rig.start({ megabytes: 0.5 });
  for (let at = 1; at <= 20; at++) {
    recordings.write(chunk(at, 0, 500, 10));
    recordings.end(sidOf(at), 0);
  }
  // The oldest make room for those that end.
  await waitUntil(() => rig.names.length === 17 + 20);
  await recordings.close();
  const sizes = rig.names.map((name) => Deno.statSync(`${rig.recordingsFolder}/${name}`).size);
  assert(sizes.reduce((sum, size) => sum + size) <= 500_000);
  assertEquals([1, 20].map((at) => rig.names.includes(`${sidOf(at)}.wav`)), [true, true]);
  assert(stats <= 2 * (50 + 20), `files were looked at ${stats} times: once to repair and once to count`);
});

Deno.test("Recordings logs a failing disk once and writes later chunks at their positions", async () => {
  using rig = new RecordingRig();
  const recordings = rig.start();
  Deno.writeTextFileSync(rig.recordingsFolder, "");
  recordings.write(chunk(1, 0, 1_000, 10));
  recordings.write(chunk(2, 0, 1_000, 10));
  recordings.write(chunk(1, 1_000, 1_000, 20));
  const failures = () => rig.lines.filter((line) => line.includes("recording write failed")).length;
  assertEquals(failures(), 1);
  Deno.removeSync(rig.recordingsFolder);
  recordings.write(chunk(1, 2_000, 1_000, 30));
  recordings.end(sidOf(1), 0);
  assert(rig.lines.some((line) => line.includes("recording writes recovered")));
  const { left } = rig.read(1);
  assertEquals(left.subarray(0, 16_000), linear(SILENCE, 2_000));
  assertEquals(left.subarray(16_000), linear(30, 1_000));
  await recordings.close();
});

Deno.test("Recordings.levels() returns a peak for each 20 ms", async () => {
  using rig = new RecordingRig();
  const recordings = rig.start();
  recordings.write(chunk(1, 0, 1_000, SILENCE - 1));
  const loud = chunk(1, 1_000, 2_050, SILENCE);
  loud.sides[8 * 150] = 0x80;
  loud.sides.fill(SILENCE, 8 * 2_050);
  recordings.write(loud);
  const { everyMs, caller, assistant } = await recordings.levels(sidOf(1)) ??
    { everyMs: 0, caller: [], assistant: [] };
  assertEquals([everyMs, caller.length, assistant.length], [20, 153, 153]);
  assertEquals(caller.indexOf(Math.max(...caller)), 57);
  assertEquals(caller[57], Math.round(255 * Math.sqrt(32_124 / 32_768)));
  assert(assistant.slice(50).every((level) => level === 0));
  await recordings.close();
});

Deno.test("RecordingBatches posts chunks of a second and at most 2,000 unwritten ones", () => {
  const posted: RecordingChunk[] = [];
  const batches = new RecordingBatches((piece) => posted.push(piece));
  const side = (byte: number, ms: number) => new Uint8Array(8 * ms).fill(byte);
  const add = (atMs: number, ms: number, byte = 1) =>
    batches.add(sidOf(1), { atMs, caller: side(byte, ms), assistant: side(byte + 1, ms) });
  add(0, 700);
  add(700, 700);
  add(5_000, 100, 3);
  assertEquals(batches.end(sidOf(1)), 0);
  const shape = posted.map(({ atMs, sides }) => [atMs, sides.length / 16, sides[0], sides.at(-1)]);
  // The first chunk's length depends on the CallSid, so that calls that start together do not write together.
  assertEquals(shape, [[0, 40, 1, 2], [40, 1_000, 1, 2], [1_040, 360, 1, 2], [5_000, 100, 3, 4]]);

  for (const { sides } of posted.splice(0)) batches.chunkWritten(sides);
  for (let second = 0; second < 2_500; second++) add(second * 1_000, 1_000);
  assertEquals(batches.end(sidOf(1)), 500_960);
  assertEquals(posted.length, 2_000);
});

/** A store with recordings behind a port, in this thread. */
function remote(rig: RecordingRig): { remote: RemoteCallStore; recordings: Recordings } {
  const { port1, port2 } = new MessageChannel();
  const recordings = rig.start();
  serveCallStore(rig.open(), recordings, port2);
  return { remote: new RemoteCallStore(port1), recordings };
}

Deno.test("recordingAudio() answers the whole file and ranges, even while it is written", async () => {
  using rig = new RecordingRig();
  const { remote: store } = remote(rig);
  const caller = Uint8Array.from({ length: 8 * 20_040 }, (_, at) => at % 251);
  store.record(sidOf(1), { atMs: 0, caller, assistant: caller });
  await waitUntil(async () => (await store.recording(sidOf(1)))?.ms === 20_040);
  const file = Deno.readFileSync(rig.pathOf(1));
  const size = file.length;
  const ask = (range?: string, method = "GET", at = 1) =>
    recordingAudio(
      sidOf(at),
      new Request("http://localhost/", { method, headers: range === undefined ? {} : { range } }),
      store,
    );
  const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

  const whole = await ask();
  assertEquals([whole.status, whole.headers.get("content-type")], [200, "audio/wav"]);
  assertEquals(whole.headers.get("accept-ranges"), "bytes");
  assertEquals(whole.headers.get("content-length"), String(size));
  assertEquals(whole.headers.get("content-disposition"), `inline; filename="${sidOf(1)}.wav"`);
  assertEquals(await bytesOf(whole), file);

  const ranges: [range: string, from: number, to: number][] = [
    ["bytes=0-0", 0, 1],
    ["bytes=44-1043", 44, 1_044],
    ["bytes=300000-", 300_000, size],
    ["bytes=-500", size - 500, size],
    ["bytes=-99999999", 0, size],
    [`bytes=${size - 1}-99999999`, size - 1, size],
  ];
  for (const [range, from, to] of ranges) {
    const part = await ask(range);
    assertEquals(part.status, 206, range);
    assertEquals(part.headers.get("content-range"), `bytes ${from}-${to - 1}/${size}`);
    assertEquals(part.headers.get("content-length"), String(to - from));
    assertEquals(await bytesOf(part), file.subarray(from, to), range);
  }
  for (const range of [`bytes=${size}-`, "bytes=-0"]) {
    const refused = await ask(range);
    assertEquals([refused.status, refused.headers.get("content-range")], [416, `bytes */${size}`]);
    await refused.body?.cancel();
  }
  for (const range of ["bytes=5-2", "bytes=0-1,4-5", "bytes=-", "lines=1-2", "bytes=a-b"]) {
    const all = await ask(range);
    assertEquals(all.status, 200, range);
    await all.body?.cancel();
  }
  const head = await ask(undefined, "HEAD");
  assertEquals([head.status, head.body, head.headers.get("content-length")], [200, null, String(size)]);
  for (
    const none of [
      await ask(undefined, "GET", 2),
      await recordingAudio("CA1", new Request("http://a/"), undefined),
    ]
  ) {
    assertEquals(none.status, 404);
    await none.body?.cancel();
  }
  const levels = await (await recordingLevels(sidOf(1), store)).json();
  assertEquals([levels.everyMs, levels.caller.length, levels.assistant.length], [20, 1_002, 1_002]);
  assertEquals((await recordingLevels(sidOf(2), store)).status, 404);
  await store.close();
});

Deno.test("RemoteCallStore fails a read whose recording is deleted", async () => {
  using rig = new RecordingRig();
  const { remote: store, recordings } = remote(rig);
  const caller = new Uint8Array(8 * 60_000);
  store.record(sidOf(1), { atMs: 0, caller, assistant: caller });
  store.endRecording(sidOf(1));
  const recording = await store.recording(sidOf(1));
  const reader = store.readRecording(sidOf(1), 0, recording?.bytes ?? 0).getReader();
  assertEquals((await reader.read()).done, false);
  await recordings.delete([sidOf(1)]);
  await assertRejects(async () => {
    while (!(await reader.read()).done);
  });
  await store.close();
});

Deno.test("RemoteCallStore reports once that a call's audio cannot be stored", async () => {
  using rig = new RecordingRig();
  const { remote: store } = remote(rig);
  // In place of the folder, so that no file can be created in it.
  await Deno.writeTextFile(rig.recordingsFolder, "");
  const problems: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  store.watchRecording(sidOf(1), (problem) => {
    problems.push(problem);
    resolve();
  });
  const caller = new Uint8Array(8 * 3_000);
  store.record(sidOf(1), { atMs: 0, caller, assistant: caller });
  await promise;
  await store.flush();
  assertEquals(problems.length, 1);
  assert(problems[0]?.includes("File exists"), problems[0]);
  store.endRecording(sidOf(1));
  await store.close();
});

/** Polls for disk work, which runs in real time. */
async function waitUntil(done: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 10_000; !await done();) {
    assert(performance.now() < deadline, "the disk work did not finish within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

Deno.test("Recordings appends the second part of a resumed call", async () => {
  using rig = new StoreRig();
  const recordings = new Recordings({ folder: `${rig.folder}/recordings` }, rig.clock, rig.log);
  for (let part = 0; part < 2; part++) {
    recordings.write(chunk(1, 0, 1_000, 0x80));
    recordings.end(sidOf(1), 0);
  }
  assertEquals((await recordings.find(sidOf(1)))?.ms, 2_000);
  await recordings.close();
});
