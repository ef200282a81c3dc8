import { assert, assertEquals, assertRejects } from "@std/assert";
import { decodeMulaw, readWav } from "../../src/audio/mod.ts";
import { recordingAudio, recordingLevels } from "../../src/http/admin/recording_routes.ts";
import { RecordingBatches } from "../../src/recording/recording_batches.ts";
import type { RecordedPiece } from "../../src/recording/recording_file.ts";
import { Recordings, type RecordingsOptions } from "../../src/recording/recordings.ts";
import { RemoteCallStore, serveStore } from "../../src/records/store_port.ts";
import { call, Shelf, sidOf } from "./calls.ts";

const DAY_MS = 86_400_000;
const SILENCE = 0xff;

/** A piece of which every byte of the caller's is `byte`, and the assistant's the next one. */
function piece(at: number, atMs: number, ms: number, byte: number): RecordedPiece {
  const sides = new Uint8Array(2 * 8 * ms).fill(byte);
  sides.fill(byte + 1, 8 * ms);
  return { callSid: sidOf(at), atMs, sides };
}

/** A shelf with room for recordings. */
class Rack extends Shelf {
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

  /** A recording of so many bytes that ended so many days ago. */
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

Deno.test("a recording is a stereo WAV that can be played after every piece, by its owner alone", async () => {
  using rack = new Rack();
  const recordings = rack.start();
  recordings.write(piece(1, 0, 1_000, 10));
  assertEquals(rack.read(1), { left: linear(10, 1_000), right: linear(11, 1_000) });
  recordings.write(piece(1, 1_000, 500, 20));
  recordings.end(sidOf(1), 0);
  const { left, right } = rack.read(1);
  assertEquals(left.subarray(8_000), linear(20, 500));
  assertEquals(right.subarray(8_000), linear(21, 500));
  assertEquals((Deno.statSync(rack.pathOf(1)).mode ?? 0) & 0o777, 0o600);
  assertEquals((Deno.statSync(rack.recordingsFolder).mode ?? 0) & 0o777, 0o700);
  assertEquals(await recordings.find(sidOf(1)), { ms: 1_500, bytes: 44 + 48_000 });
  await recordings.close();
});

Deno.test("each piece knows its place: what never came is silence", async () => {
  using rack = new Rack();
  const recordings = rack.start();
  recordings.write(piece(1, 500, 500, 10));
  recordings.write(piece(1, 2_000, 500, 20));
  recordings.end(sidOf(1), 1_000);
  const { left } = rack.read(1);
  assertEquals(left.length, 2_500 * 8);
  assertEquals(left.subarray(0, 4_000), linear(SILENCE, 500));
  assertEquals(left.subarray(4_000, 8_000), linear(10, 500));
  assertEquals(left.subarray(8_000, 16_000), linear(SILENCE, 1_000));
  assertEquals(left.subarray(16_000), linear(20, 500));
  assert(rack.lines.some((line) => line.includes("recording has holes")), rack.lines.join("\n"));
  await recordings.close();
});

Deno.test("what is no CallSid names no file", async () => {
  using rack = new Rack();
  const recordings = rack.start();
  recordings.write(piece(1, 0, 100, 10));
  for (
    const callSid of ["../calls", "CA1", "", `${sidOf(1)}/../../x`, sidOf(1).toLowerCase(), `${sidOf(1)}\n`]
  ) {
    recordings.write({ ...piece(1, 0, 100, 10), callSid });
    recordings.end(callSid, 0);
    assertEquals(await recordings.find(callSid), undefined);
    assertEquals(await recordings.levels(callSid), undefined);
    await assertRejects(() => recordings.read(callSid, 0, 10));
    await recordings.delete([callSid]);
  }
  assertEquals(rack.names, [`${sidOf(1)}.wav`]);
  assertEquals([...Deno.readDirSync(rack.folder)].map(({ name }) => name), ["recordings"]);
  await recordings.close();
});

Deno.test("what a crash left behind is mended at the next start", async () => {
  using rack = new Rack();
  const first = rack.start();
  for (const at of [1, 2, 3]) first.write(piece(at, 0, 1_000, 10));
  await first.close();
  const append = (at: number, bytes: number) => {
    using file = Deno.openSync(rack.pathOf(at), { append: true });
    file.writeSync(new Uint8Array(bytes));
  };
  // Between a piece and its header, in the middle of a sample; and before there was a header.
  append(1, 32_003);
  Deno.truncateSync(rack.pathOf(2), 20);
  const { mtime } = Deno.statSync(rack.pathOf(1));
  const second = rack.start();
  const mended = () => rack.lines.filter((line) => line.includes("recording mended")).length;
  await until(() => mended() === 2);
  await second.close();
  assertEquals(Deno.statSync(rack.pathOf(1)).mtime, mtime);
  assertEquals(rack.read(1).left.length, 16_000);
  assertEquals(rack.read(1).left.subarray(0, 8_000), linear(10, 1_000));
  assertEquals(Deno.statSync(rack.pathOf(2)).size, 44);
  assertEquals(rack.read(3).left.length, 8_000);
});

Deno.test("recordings that are too old go, at the start and every day", async () => {
  using rack = new Rack();
  for (const [at, days] of [[1, 31], [2, 29.5], [3, 1]] as const) rack.put(at, 100, days);
  const recordings = rack.start({ days: 30 });
  const gone = (at: number) => until(() => !rack.names.includes(`${sidOf(at)}.wav`));
  await gone(1);
  assertEquals(rack.names.length, 2);
  rack.clock.advance(DAY_MS);
  await gone(2);
  assertEquals(rack.names, [`${sidOf(3)}.wav`]);
  await recordings.close();
  assertEquals(rack.clock.pending, 0);
});

Deno.test("when there is no more room the oldest go, and never one that is being written", async () => {
  using rack = new Rack();
  for (const at of [2, 3, 4]) rack.put(at, 400_000, 10 - at);
  const recordings = rack.start({ megabytes: 1 });
  await until(() => rack.names.length === 2);
  assertEquals(rack.names, [`${sidOf(3)}.wav`, `${sidOf(4)}.wav`]);
  recordings.write(piece(1, 0, 10_000, 10));
  const long = new Date(rack.clock.wallTime() - 100 * DAY_MS);
  Deno.utimeSync(rack.pathOf(1), long, long);
  recordings.write(piece(5, 0, 1_000, 10));
  recordings.end(sidOf(5), 0);
  await until(() => rack.names.length === 3);
  assertEquals(rack.names, [1, 4, 5].map((at) => `${sidOf(at)}.wav`));
  await recordings.close();
});

Deno.test("a disk that fails is told of once, and what comes later is written where it belongs", async () => {
  using rack = new Rack();
  const recordings = rack.start();
  Deno.writeTextFileSync(rack.recordingsFolder, "");
  recordings.write(piece(1, 0, 1_000, 10));
  recordings.write(piece(2, 0, 1_000, 10));
  recordings.write(piece(1, 1_000, 1_000, 20));
  const told = () => rack.lines.filter((line) => line.includes("recording not written")).length;
  assertEquals(told(), 1);
  Deno.removeSync(rack.recordingsFolder);
  recordings.write(piece(1, 2_000, 1_000, 30));
  recordings.end(sidOf(1), 0);
  assert(rack.lines.some((line) => line.includes("recordings are written again")));
  const { left } = rack.read(1);
  assertEquals(left.subarray(0, 16_000), linear(SILENCE, 2_000));
  assertEquals(left.subarray(16_000), linear(30, 1_000));
  await recordings.close();
});

Deno.test("levels are peaks of 20 ms each, to the end", async () => {
  using rack = new Rack();
  const recordings = rack.start();
  recordings.write(piece(1, 0, 1_000, SILENCE - 1));
  const loud = piece(1, 1_000, 2_050, SILENCE);
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

Deno.test("pieces of a second go to the other thread, and a disk that hangs does not fill the memory", () => {
  const posted: RecordedPiece[] = [];
  const batches = new RecordingBatches((piece) => posted.push(piece));
  const side = (byte: number, ms: number) => new Uint8Array(8 * ms).fill(byte);
  const add = (atMs: number, ms: number, byte = 1) =>
    batches.add(sidOf(1), { atMs, caller: side(byte, ms), assistant: side(byte + 1, ms) });
  add(0, 700);
  add(700, 700);
  add(5_000, 100, 3);
  assertEquals(batches.end(sidOf(1)), 0);
  const shape = posted.map(({ atMs, sides }) => [atMs, sides.length / 16, sides[0], sides.at(-1)]);
  // The first is shorter, by the CallSid, so that calls that begin together do not come to the disk together.
  assertEquals(shape, [[0, 40, 1, 2], [40, 1_000, 1, 2], [1_040, 360, 1, 2], [5_000, 100, 3, 4]]);

  for (const { sides } of posted.splice(0)) batches.written(sides);
  for (let second = 0; second < 2_500; second++) add(second * 1_000, 1_000);
  assertEquals(batches.end(sidOf(1)), 500_960);
  assertEquals(posted.length, 2_000);
});

/** A store with recordings behind a port, in this thread. */
function remote(rack: Rack): { remote: RemoteCallStore; recordings: Recordings } {
  const { port1, port2 } = new MessageChannel();
  const recordings = rack.start();
  serveStore(rack.open(), recordings, port2);
  return { remote: new RemoteCallStore(port1), recordings };
}

Deno.test("a recording is answered whole, in ranges, and while it is being written", async () => {
  using rack = new Rack();
  const { remote: store } = remote(rack);
  const caller = Uint8Array.from({ length: 8 * 20_040 }, (_, at) => at % 251);
  store.record(sidOf(1), { atMs: 0, caller, assistant: caller });
  await until(async () => (await store.recording(sidOf(1)))?.ms === 20_040);
  const file = Deno.readFileSync(rack.pathOf(1));
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

Deno.test("a recording that is deleted while it is read breaks off", async () => {
  using rack = new Rack();
  const { remote: store, recordings } = remote(rack);
  const caller = new Uint8Array(8 * 60_000);
  store.record(sidOf(1), { atMs: 0, caller, assistant: caller });
  store.endRecording(sidOf(1));
  const found = await store.recording(sidOf(1));
  const reader = store.readRecording(sidOf(1), 0, found?.bytes ?? 0).getReader();
  assertEquals((await reader.read()).done, false);
  await recordings.delete([sidOf(1)]);
  await assertRejects(async () => {
    while (!(await reader.read()).done);
  });
  await store.close();
});

Deno.test("a number that cannot be forgotten whole is not forgotten at all", async () => {
  using rack = new Rack();
  const { remote: store } = remote(rack);
  store.write(call(1));
  // What is in the recording's place cannot be deleted as a file.
  Deno.mkdirSync(`${rack.pathOf(1)}/more`, { recursive: true });
  await assertRejects(() => store.forget(call(1).from));
  assertEquals((await store.list()).calls.length, 1);
  Deno.removeSync(rack.pathOf(1), { recursive: true });
  await store.forget(call(1).from);
  assertEquals((await store.list()).calls.length, 0);
  await store.close();
});

/** Waits for what the disk does in its own time. */
async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  while (!await done()) await new Promise((resolve) => setTimeout(resolve, 1));
}
