/**
 * The peak of a sine at a level, as a 16-bit sample.
 *
 * A sine that just fills µ-law, up to the virtual decision value 8159 of its 14 bits, is at +3.17 dBm0 (ITU-T G.711).
 *
 * @param dbm0 Power in dBm0, the level a digital line has by itself; at most 3.17.
 */
export function sinePeak(dbm0: number): number {
  return 4 * 8159 * 10 ** ((dbm0 - 3.17) / 20);
}
