import { MULAW_SILENCE } from "../../../src/audio/g711.js";
import { placeCall } from "../../../src/simulator/caller/place_call.ts";
import type { SimulatedCaller } from "../../../src/simulator/caller/simulated_caller.ts";
import { twilioStandInSuite } from "./stand_in_suite.ts";

twilioStandInSuite("SimulatedCaller", ({ clock, fetch, openSocket, baseUrl }, { dial, keys }) => {
  const hangUp = new AbortController();
  let caller: SimulatedCaller | undefined;
  const outcome = placeCall({
    clock,
    fetch,
    openSocket,
    reach: (url) => url,
    voiceUrl: { url: `${baseUrl}/incoming-call`, method: "POST" },
    statusCallback: { url: `${baseUrl}/call-status`, method: "POST" },
    from: "client:suite",
    to: "+15550100002",
    createRole: () => ({
      status: "listens",
      hangUpReason: undefined,
      nextFrame: (_, bytes) => new Uint8Array(bytes).fill(MULAW_SILENCE),
    }),
    signal: hangUp.signal,
    context: {
      dial: () => ({ status: "no-answer", ringMs: 60_000, ...dial, talkMs: 0 }),
      ...(keys !== undefined && { keys: keysOnce(keys) }),
    },
    onStream: (opened) => caller = opened,
  });
  return {
    ended: outcome.then(({ ending }) => ending),
    press: (key) => caller?.press(key),
    hangUp: () => hangUp.abort(),
  };
});

/** The keys for the first `<Gather>`; nothing is pressed for others. */
function keysOnce(keys: string): () => string | undefined {
  const all = [keys];
  return () => all.shift();
}
