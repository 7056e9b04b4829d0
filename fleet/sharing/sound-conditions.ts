import type { Area, Conditions } from './conditions.js';
import type { DatasetContent } from './dataset.js';
import { SharingError } from './errors.js';

/**
 * Throws `SharingError` `invalid` on a box that contains nothing. One over the antimeridian (RFC 7946 writes it with its
 * west east of its east) is refused like a mistake: two datasets, or two clauses, say it.
 */
export const requireSoundArea = (at: string, [west = 0, south = 0, east = 0, north = 0]: Area): void => {
  if (west > east) {
    throw invalid(`${at}: west (${west}) is east of east (${east}); a box does not cross the antimeridian.`);
  }
  if (south > north) throw invalid(`${at}: south (${south}) is north of north (${north}).`);
  if (south < -90 || north > 90) throw invalid(`${at}: latitudes are from -90 to 90.`);
};

/** Throws `SharingError` `invalid` on conditions that nothing can meet. */
export const requireSoundConditions = (at: string, conditions: Conditions | undefined): void => {
  const { area, from, to } = conditions ?? {};
  if (area !== undefined) requireSoundArea(`${at}.area`, area);
  if (from !== undefined && to !== undefined && to <= from) {
    throw invalid(`${at}.to: must be later than from.`);
  }
};

export const requireSoundDataset = ({ selection, conditions }: DatasetContent): void => {
  if (selection.area !== undefined) requireSoundArea('selection.area', selection.area);
  requireSoundConditions('conditions', conditions);
};

const invalid = (message: string): SharingError => new SharingError('invalid', message);
