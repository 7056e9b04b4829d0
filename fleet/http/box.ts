import { Type } from 'typebox';
import type { Area } from '../sharing/conditions.js';
import { HttpError } from './problem.js';

/** A degree in a query. */
export const DEGREE = String.raw`-?\d{1,3}(\.\d{1,12})?`;

export const BOX_QUERY = Type.Optional(
  Type.String({
    pattern: `^${DEGREE}(,${DEGREE}){3}$`,
    maxLength: 100,
    description: 'west,south,east,north in degrees of WGS 84.',
  }),
);

export const boxOf = (text: string): Area & readonly [number, number, number, number] => {
  const [west = NaN, south = NaN, east = NaN, north = NaN] = text.split(',').map(Number);
  if (west <= east && south <= north) return [west, south, east, north];
  throw new HttpError('bad-request', 'bbox: west,south,east,north, west before east and south before north.');
};
