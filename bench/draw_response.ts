/**
 * Draws docs/audio-response.svg from the coefficients that are in use.
 *
 *     deno run --allow-write=docs bench/draw_response.ts
 */

import { designLowPass, PASS_BAND_END, REJECTION, STOP_BAND_START } from "../src/audio/low_pass.ts";

const [OVERSAMPLING, RATE] = [3, 24000];
const TAPS = designLowPass(OVERSAMPLING);
const DELAY_MS = 1000 * (TAPS.length - 1) / 2 / RATE;
const [PASS_HZ, STOP_HZ, END_HZ] = [8000 * PASS_BAND_END, 8000 * STOP_BAND_START, RATE / 2];
const [FLOOR_DB, TOP_DB] = [-120, 10];
const [LEFT, RIGHT, TOP, BOTTOM] = [70, 936, 56, 392];

/** Formatted as `deno fmt` has it. */
const STYLE = `  <style>
  .page {
    fill: #fbfaf7;
    stroke: #d8d4ca;
  }
  .never {
    fill: #b0303a;
    opacity: 0.1;
  }
  .grid {
    stroke: #d8d4ca;
    fill: none;
  }
  .ours {
    stroke: #1f6f8b;
    fill: none;
    stroke-width: 1.8;
  }
  .linear {
    stroke: #a4561c;
    fill: none;
    stroke-width: 1.4;
    stroke-dasharray: 6 4;
  }
  text {
    fill: #22302b;
  }
  .small {
    fill: #55635d;
    font-size: 11.5px;
  }
  .is-ours {
    fill: #1f6f8b;
  }
  .is-linear {
    fill: #a4561c;
  }
  @media (prefers-color-scheme: dark) {
    .page {
      fill: #171a19;
      stroke: #333a37;
    }
    .grid {
      stroke: #333a37;
    }
    .ours {
      stroke: #6cc0dc;
    }
    .linear {
      stroke: #e09a5f;
    }
    text {
      fill: #e4e9e6;
    }
    .small {
      fill: #a9b4af;
    }
    .is-ours {
      fill: #6cc0dc;
    }
    .is-linear {
      fill: #e09a5f;
    }
  }
  </style>`;

const x = (hz: number) => at(LEFT + (RIGHT - LEFT) * hz / END_HZ);
const y = (db: number) =>
  at(BOTTOM - (BOTTOM - TOP) * (Math.max(db, FLOOR_DB) - FLOOR_DB) / (TOP_DB - FLOOR_DB));
const at = (place: number) => Number(place.toFixed(1));

/** The filter's gain in dB at a frequency. */
function ours(hz: number): number {
  const middle = (TAPS.length - 1) / 2;
  const sum = TAPS.reduce((sum, tap, i) => sum + tap * Math.cos(2 * Math.PI * hz * (i - middle) / RATE), 0);
  return 20 * Math.log10(Math.abs(sum) / OVERSAMPLING);
}

/** What straight lines between samples 8 kHz apart do: the spectrum of a triangle. */
function linear(hz: number): number {
  const w = Math.PI * hz / RATE;
  return 40 * Math.log10(Math.abs(hz === 0 ? 1 : Math.sin(OVERSAMPLING * w) / OVERSAMPLING / Math.sin(w)));
}

function curve(gain: (hz: number) => number, step: number): string {
  const points: string[] = [];
  for (let hz = 0; hz <= END_HZ; hz += step) points.push(`${x(hz)},${y(gain(hz))}`);
  return points.join(" ");
}

function grid(): string[] {
  return [
    ...[0, -20, -40, -60, -80, -100, -120].flatMap((db) => [
      `<path class="grid" d="M${LEFT} ${y(db)}H${RIGHT}" />`,
      `<text class="small" x="${LEFT - 8}" y="${at(y(db) + 4)}" text-anchor="end">${db}</text>`,
    ]),
    ...[0, 2, 4, 6, 8, 10, 12].flatMap((khz) => [
      `<path class="grid" d="M${x(1000 * khz)} ${TOP}V${BOTTOM}" />`,
      `<text class="small" x="${x(1000 * khz)}" y="${BOTTOM + 20}" text-anchor="middle">${khz}</text>`,
    ]),
  ];
}

/** What no curve may enter. */
function forbidden(left: number, top: number, right: number, bottom: number): string {
  return `<rect class="never" x="${left}" y="${top}" width="${at(right - left)}" height="${
    at(bottom - top)
  }" />`;
}

/** The text of docs/audio-response.svg. */
export function drawResponse(): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 452" role="img" aria-labelledby="title desc"
  font-family="system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif" font-size="13">
  <title id="title">The frequency response between 8 and 24 kHz</title>
  <desc id="desc">
    Gain in dB from 0 to 12 kHz. Parley's filter is flat to ${PASS_HZ} Hz, has ${
    ours(4000).toFixed(1)
  } dB at 4000 Hz,
    and ${
    ours(STOP_HZ).toFixed(0)
  } dB or less from ${STOP_HZ} Hz on. Linear interpolation falls from the beginning
    and lets images through, as loud as ${linear(STOP_HZ).toFixed(0)} dB at ${STOP_HZ} Hz.
  </desc>
${STYLE}
  <rect class="page" x="0.5" y="0.5" width="959" height="451" rx="10" />
  <text x="${LEFT}" y="34">Gain in dB between 8 and 24 kHz, each way</text>
  ${grid().join("\n  ")}
  <text class="small" x="${RIGHT}" y="${BOTTOM + 40}" text-anchor="end">kHz</text>
  ${forbidden(x(STOP_HZ), TOP, RIGHT, y(-REJECTION))}
  ${forbidden(LEFT, y(-0.1), x(PASS_HZ), BOTTOM)}
  <text class="small" x="${x(8600)}" y="${y(-70)}">forbidden: images and aliases</text>
  <text class="small" x="${LEFT + 12}" y="${y(-60)}">forbidden: a voice that is not flat</text>
  <polyline class="linear"
    points="${curve(linear, 20)}" />
  <polyline class="ours"
    points="${curve(ours, 10)}" />
  <text class="is-ours" x="${x(5500)}" y="${y(-87)}">Parley: ${TAPS.length} taps, ${DELAY_MS} ms</text>
  <text class="is-linear" x="${x(4800)}" y="${y(-8)}">linear interpolation</text>
</svg>
`;
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("../docs/audio-response.svg", import.meta.url), drawResponse());
}
