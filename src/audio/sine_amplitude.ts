/**
 * The peak amplitude of a sine of the given power, on the scale of 16-bit samples. A full-scale µ-law sine, which reaches
 * the virtual decision value 8159 of 14 bits, has +3.17 dBm0 (ITU-T G.711).
 *
 * @param dbm0 Power in dBm0, at most 3.17.
 */
export function sineAmplitude(dbm0: number): number {
  return 4 * 8159 * 10 ** ((dbm0 - 3.17) / 20);
}
