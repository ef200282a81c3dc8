/** The console's phone in a page of a browser. */

import { assert } from "@std/assert";
import type { Page } from "puppeteer-core";
import { decodeMulaw } from "../../src/audio/g711.js";
import { isObject } from "../../src/json.ts";
import { poll } from "../support/wait_until.ts";
import { TIMEOUT_MS, waitForPaint, waitForText } from "./chromium.ts";
import type { ConsoleService } from "./console_service.ts";
import { openResources } from "./page_scripts.js";

export async function openPhone(page: Page, service: ConsoleService): Promise<void> {
  await page.goto(service.page("#phone"));
  await page.waitForSelector(".phone-button:enabled");
  await waitForPaint(page);
}

export async function waitForState(page: Page, state: string): Promise<void> {
  await waitForText(page, state, ".phone-state");
}

/** The messages the page sent, without audio. */
export async function sentMessages(page: Page): Promise<string[]> {
  return JSON.parse(String(await page.evaluate("JSON.stringify(tapped.sent)")));
}

/** Asserts that the page and the service have released everything that belongs to the call. */
export async function assertClosed(page: Page, service: ConsoleService, adminToken = ""): Promise<void> {
  await waitForState(page, "Ended");
  const open = await page.evaluate(openResources);
  const all = (list: readonly unknown[], value: unknown) => list.every((each) => each === value);
  assert(open.contexts.length > 0);
  assert(all(open.tracks, "ended") && all(open.contexts, "closed"), JSON.stringify(open));
  assert(all(open.sources, EventSource.CLOSED), JSON.stringify(open));
  // The page does not wait for the other end of the stream before it shows the end of the call.
  await poll("the stream to be closed", async () => {
    const { sockets } = await page.evaluate(openResources);
    return all(sockets, WebSocket.CLOSED);
  }, TIMEOUT_MS);
  const headers = { authorization: `Bearer ${adminToken}` };
  await poll("no call to be in progress", async () => {
    const { calls } = await (await fetch(`${service.origin}/api/calls`, { headers })).json();
    return calls.length === 0;
  }, TIMEOUT_MS);
}

/** Collects the audio the model receives. */
export function modelAudio(): {
  onEvent: (direction: string, event: object) => void;
  received(): Float32Array;
} {
  const chunks: Uint8Array[] = [];
  return {
    onEvent(_direction, event) {
      if (!isObject(event) || event.type !== "input_audio_buffer.append") return;
      chunks.push(Uint8Array.fromBase64(String(event.audio)));
    },
    received: () => samplesOf(decodeMulaw(Uint8Array.from(chunks.flatMap((chunk) => [...chunk])))),
  };
}

export function samplesOf(pcm: Int16Array): Float32Array {
  return Float32Array.from(pcm, (sample) => sample / 32_768);
}
