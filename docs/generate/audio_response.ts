/** docs/audio-response.svg, drawn from the resampler's filter coefficients. */

import {
  designSquareRootNyquist,
  PASS_BAND_END,
  REJECTION,
  STOP_BAND_START,
} from "../../src/audio/low_pass.js";
import type { Page } from "./page.ts";

const [OVERSAMPLING, RATE] = [3, 24000];
const TAPS = designSquareRootNyquist(OVERSAMPLING);
const DELAY_MS = 1000 * (TAPS.length - 1) / 2 / RATE;
const [PASS_HZ, STOP_HZ, END_HZ] = [8000 * PASS_BAND_END, 8000 * STOP_BAND_START, RATE / 2];
const [FLOOR_DB, TOP_DB] = [-120, 10];
const [LEFT, RIGHT, TOP, BOTTOM] = [70, 936, 56, 392];

const STYLE = `  <style>
  .page {
    fill: #fbfaf7;
    stroke: #d8d4ca;
  }
  .forbidden {
    fill: #b0303a;
    opacity: 0.1;
  }
  .grid {
    stroke: #d8d4ca;
    fill: none;
  }
  .parley {
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
  .is-parley {
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
    .parley {
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
    .is-parley {
      fill: #6cc0dc;
    }
    .is-linear {
      fill: #e09a5f;
    }
  }
  </style>`;

const x = (hz: number) => rounded(LEFT + (RIGHT - LEFT) * hz / END_HZ);
const y = (db: number) =>
  rounded(BOTTOM - (BOTTOM - TOP) * (Math.max(db, FLOOR_DB) - FLOOR_DB) / (TOP_DB - FLOOR_DB));
const rounded = (place: number) => Number(place.toFixed(1));

/** The filter's gain at a frequency (dB). */
function filterGain(hz: number): number {
  const middle = (TAPS.length - 1) / 2;
  const sum = TAPS.reduce((sum, tap, i) => sum + tap * Math.cos(2 * Math.PI * hz * (i - middle) / RATE), 0);
  return 20 * Math.log10(Math.abs(sum) / OVERSAMPLING);
}

/** The gain of linear interpolation between samples at 8 kHz: the spectrum of a triangle (dB). */
function linearGain(hz: number): number {
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
      `<text class="small" x="${LEFT - 8}" y="${rounded(y(db) + 4)}" text-anchor="end">${db}</text>`,
    ]),
    ...[0, 2, 4, 6, 8, 10, 12].flatMap((khz) => [
      `<path class="grid" d="M${x(1000 * khz)} ${TOP}V${BOTTOM}" />`,
      `<text class="small" x="${x(1000 * khz)}" y="${BOTTOM + 20}" text-anchor="middle">${khz}</text>`,
    ]),
  ];
}

/** A region that no curve may enter. */
function forbidden(left: number, top: number, right: number, bottom: number): string {
  return `<rect class="forbidden" x="${left}" y="${top}" width="${rounded(right - left)}" height="${
    rounded(bottom - top)
  }" />`;
}

export const audioResponse: Page = { path: "docs/audio-response.svg", render: draw };

function draw(): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 452" role="img" aria-labelledby="title desc"
  font-family="system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif" font-size="13">
  <title id="title">Frequency response of the conversion between 8 and 24 kHz</title>
  <desc id="desc">
    Gain in dB from 0 to 12 kHz. Parley's filter is flat up to ${PASS_HZ} Hz, has ${
    filterGain(4000).toFixed(1)
  } dB at 4000 Hz,
    and ${
    filterGain(STOP_HZ).toFixed(0)
  } dB or less from ${STOP_HZ} Hz. Linear interpolation loses gain from 0 Hz on and passes images,
    at ${linearGain(STOP_HZ).toFixed(0)} dB at ${STOP_HZ} Hz.
  </desc>
${STYLE}
  <rect class="page" x="0.5" y="0.5" width="959" height="451" rx="10" />
  <text x="${LEFT}" y="34">Gain (dB), from 8 to 24 kHz or from 24 to 8 kHz</text>
  ${grid().join("\n  ")}
  <text class="small" x="${RIGHT}" y="${BOTTOM + 40}" text-anchor="end">frequency (kHz)</text>
  ${forbidden(x(STOP_HZ), TOP, RIGHT, y(-REJECTION))}
  ${forbidden(LEFT, y(-0.1), x(PASS_HZ), BOTTOM)}
  <text class="small" x="${x(8600)}" y="${y(-70)}">forbidden: images and aliases</text>
  <text class="small" x="${LEFT + 12}" y="${y(-60)}">forbidden: ripple over 0.1 dB</text>
  <polyline class="linear"
    points="${curve(linearGain, 20)}" />
  <polyline class="parley"
    points="${curve(filterGain, 10)}" />
  <text class="is-parley" x="${x(4800)}" y="${
    y(-87)
  }">Parley: ${TAPS.length} taps, ${DELAY_MS} ms delay</text>
  <text class="is-linear" x="${x(4800)}" y="${y(-8)}">linear interpolation</text>
</svg>
`;
}
