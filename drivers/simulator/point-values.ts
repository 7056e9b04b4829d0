import type { ProfilePoint } from '../profile.js';
import { createSurroundings, PROPERTY_CURVES, type Surroundings } from './property-curves.js';

/** How many of the unit of a property's curve one of these is (UCUM); 1 where it is the same. */
const UNITS: Readonly<Record<string, number>> = {
  'kV.A': 1000,
  'kV.A{reactive}': 1000,
  kW: 1e3,
  MW: 1e6,
  'W.h': 1e-3,
  'MW.h': 1e3,
  L: 1e-3,
  'L/h': 1e-3,
  'L/min': 0.06,
  Pa: 1e-2,
  kPa: 10,
  'km/h': 1 / 3.6,
};
const PHASES = 3;

/** The value that a point has at a time: UTC ms. */
export type PointValues = (point: ProfilePoint, timeMs: number) => number | string;

const phaseShare = ({ key }: ProfilePoint): number => (/_l[123]$/.test(key) ? 1 / PHASES : 1);

const firstState = (states: Readonly<Record<string, string>>): number =>
  Math.min(...Object.keys(states).map(Number));

/** What may be written is a setting: it stands still until somebody writes it. */
const settingOf = ({ states, writable }: ProfilePoint): number | undefined => {
  if (writable === undefined) return undefined;
  return states === undefined ? Math.round((writable.min + writable.max) / 2) : firstState(states);
};

/** A point whose property has no curve of its own moves as its kind does. */
const byKind = (point: ProfilePoint, place: Surroundings, timeMs: number): number => {
  const { kind, range, states } = point;
  const steady = place.curve('steady');
  if (states !== undefined) return firstState(states);
  if (kind === 'state' || kind === 'event') return 0;
  if (kind === 'counter' || kind === 'interval') return steady.total(timeMs);
  const [low, high] = range ?? [0, 100];
  return low + (high - low) * 0.4 * steady.at(timeMs);
};

/** Values of one unit's points: plausible, in agreement with each other, and depending on (seed, time) alone. */
export const createPointValues = (seed: number): PointValues => {
  const place = createSurroundings(seed);
  return (point, timeMs) => {
    if (point.valueType === 'text') return `SIM-${seed}`;
    const setting = settingOf(point);
    if (setting !== undefined) return setting;
    const curve = PROPERTY_CURVES[point.property];
    if (curve === undefined) return byKind(point, place, timeMs);
    return curve(place, timeMs, phaseShare(point)) / (UNITS[point.unit] ?? 1);
  };
};
