/** Follows RECORD_DAYS, RECORDING_DAYS and RECORDING_MEGABYTES from the environment to what is deleted from the disk. */

import { assertEquals } from "@std/assert";
import { startService } from "../../src/app/service.ts";
import { writeWav } from "../../src/audio/wav.ts";
import { recordingsFolder } from "../../src/recording/stored_recordings.ts";
import { openCallDatabase } from "../../src/records/call_database.ts";
import { writeCall } from "../../src/records/call_writer.ts";
import { sampleEndedCall } from "../support/sample_calls.ts";
import { configOf } from "../support/service.ts";
import { poll } from "../support/wait_until.ts";

const DAY_MS = 86_400_000;

/** A call of so many days ago, and the size of its recording (s), if it has one. */
interface StoredCall {
  readonly days: number;
  readonly recordedSeconds?: number;
}

const sidOf = (i: number) => `CA${String(i).padStart(32, "0")}`;

/** Starts the service over these calls, waits for `expected`, and returns what is left when it has stopped. */
async function leftAfter(
  env: Record<string, string>,
  calls: readonly StoredCall[],
  expected: { readonly calls: readonly number[]; readonly recordings: readonly number[] },
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const recordings = recordingsFolder(folder);
  Deno.mkdirSync(recordings, { recursive: true });
  const db = openCallDatabase(`${folder}/calls.db`);
  for (const [i, { days, recordedSeconds }] of calls.entries()) {
    const time = new Date(Date.now() - days * DAY_MS);
    const startedAt = time.toISOString();
    writeCall(db, sampleEndedCall({ callSid: sidOf(i), startedAt, endedAt: startedAt }));
    if (recordedSeconds === undefined) continue;
    const side = new Int16Array(recordedSeconds * 8_000);
    const path = `${recordings}/${sidOf(i)}.wav`;
    Deno.writeFileSync(path, writeWav([side, side], 8_000));
    Deno.utimeSync(path, time, time);
  }
  db.close();

  const service = await startService(
    configOf({ PORT: "0", LOG_LEVEL: "error", DATA_DIR: folder, ...env }),
    undefined,
  );
  const listed = async () => {
    const { ended: list } = await (await fetch(`${service.url}/api/calls`)).json();
    return list.map(({ callSid }: { callSid: string }) => Number(callSid.slice(2))).toSorted();
  };
  const files = () =>
    [...Deno.readDirSync(recordings)].map(({ name }) => Number(name.slice(2, -4))).toSorted();
  const state = async () => JSON.stringify({ calls: await listed(), recordings: files() });
  const expectedState = JSON.stringify(expected);
  try {
    await poll(expectedState, async () => await state() === expectedState).catch(async () =>
      assertEquals(await state(), expectedState)
    );
  } finally {
    service.send("stop");
    await service.stopped;
  }
  assertEquals(files(), expected.recordings);
  await Deno.remove(folder, { recursive: true });
}

Deno.test("RECORD_DAYS deletes older calls with their recordings", async () => {
  const calls = [{ days: 0.5, recordedSeconds: 1 }, { days: 9.9 }, { days: 10.1, recordedSeconds: 1 }, {
    days: 400,
  }];
  await leftAfter({ RECORD_DAYS: "10" }, calls, { calls: [0, 1], recordings: [0] });
});

Deno.test("RECORDING_DAYS deletes older recordings and keeps their calls", async () => {
  const calls = [{ days: 0.5, recordedSeconds: 1 }, { days: 2.9, recordedSeconds: 1 }, {
    days: 3.1,
    recordedSeconds: 1,
  }];
  await leftAfter({ RECORDING_DAYS: "3" }, calls, { calls: [0, 1, 2], recordings: [0, 1] });
});

Deno.test("RECORDING_MEGABYTES deletes the oldest recordings beyond it", async () => {
  // 20 s take 0.64 MB.
  const calls = [1, 3, 2].map((days) => ({ days, recordedSeconds: 20 }));
  await leftAfter({ RECORDING_MEGABYTES: "1" }, calls, { calls: [0, 1, 2], recordings: [0] });
});

Deno.test("nothing is deleted without these settings, and recordings up to 10,000 MB", async () => {
  const calls = [{ days: 4_000, recordedSeconds: 1 }, { days: 0.1 }];
  await leftAfter({}, calls, { calls: [0, 1], recordings: [0] });
});
