import type { Wear } from './buffer.js';

const YEAR_MS = 365.25 * 86_400_000;
/** Before this a forecast says more about the start than about the years, ms. */
const LEAST_MS = 60_000;
/** Of fewer readings the making of the file is the most. */
const LEAST_READINGS = 100;

/**
 * What storing costs the card. `endurance` is what the card bears, bytes (its TBW); the file system's and the
 * card's own amplification come on top of what a process writes.
 */
export const wearOf = (
  written: number | undefined,
  readings: number,
  sinceMs: number,
  endurance: number,
): Wear => {
  if (written === undefined) return {};
  const perYear = (written * YEAR_MS) / sinceMs;
  return {
    writtenBytes: written,
    ...(readings < LEAST_READINGS
      ? {}
      : { writtenBytesPerReading: Math.round((10 * written) / readings) / 10 }),
    ...(sinceMs < LEAST_MS || written === 0
      ? {}
      : { yearsOfCard: Math.round((10 * endurance) / perYear) / 10 }),
  };
};
