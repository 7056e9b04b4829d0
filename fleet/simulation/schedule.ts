import { chance } from './chance.js';
import { SimulationError, type Shape } from './settings.js';

const OUTAGE = 201;

/** What one run does; times are UTC ms, spans ms. */
export interface RunSettings {
  readonly gateways: number;
  /** At most so many readings, of all gateways together. */
  readonly readings: number | undefined;
  /** At most so much time of the readings. */
  readonly forMs: number | undefined;
  /** When the readings begin. */
  readonly from: number | undefined;
  /** How many times faster than the clock; Infinity: as fast as the fleet takes them. */
  readonly speed: number;
  /** Share of the time that a gateway has no connection, in outages of `outageMs`. */
  readonly outages: number;
  readonly outageMs: number;
  readonly late: number;
  readonly lateByMs: number;
  /** A batch is sealed when it holds so many readings, or so much time. */
  readonly batch: number;
  readonly sealMs: number;
  /** Batches of a gateway on their way at once. */
  readonly window: number;
}

const DEFAULT_FOR_MS = 60_000;

/** How many ticks each gateway runs, as what is asked bounds it. */
export const ticksOf = (shape: Shape, { gateways, readings, forMs }: RunSettings): number => {
  const perTick = shape.devices * shape.points * gateways;
  const byReadings = readings === undefined ? Infinity : Math.ceil(readings / perTick);
  const span = forMs ?? (readings === undefined ? DEFAULT_FOR_MS : undefined);
  const byTime = span === undefined ? Infinity : Math.floor(span / shape.intervalMs);
  return Math.min(byReadings, byTime);
};

/** The first tick of a run: what is asked, else so that a run faster than the clock ends at the present. */
export const firstTickOf = (shape: Shape, settings: RunSettings, ticks: number, now: number): number => {
  const { from, speed } = settings;
  const span = ticks * shape.intervalMs;
  const begin = from ?? (speed > 1 ? now - span + span / speed : now);
  return Math.ceil(begin / shape.intervalMs);
};

/** Throws `SimulationError` where readings would come from a time that is not yet. */
export const requirePast = (
  shape: Shape,
  { speed }: RunSettings,
  first: number,
  end: number,
  now: number,
): void => {
  const span = (end - first) * shape.intervalMs;
  const ahead = end * shape.intervalMs - (now + span / speed) - shape.intervalMs;
  if (ahead <= 0) return;
  const at = (tick: number): string => new Date(tick * shape.intervalMs).toISOString();
  throw new SimulationError(
    'settings',
    `The readings would go from ${at(first)} to ${at(end)}, which is still to come: begin a first run earlier with --from, or run at --speed 1.`,
  );
};

/** Whether a gateway has no connection at a time: once each cycle, which begins for each gateway at its own time. */
export const isOffline = (
  { seed }: Shape,
  { outages, outageMs }: Pick<RunSettings, 'outages' | 'outageMs'>,
  number: number,
  time: number,
): boolean => {
  if (outages === 0) return false;
  const cycleMs = outageMs / outages;
  const shifted = time + cycleMs * chance(seed, number, OUTAGE, 0);
  return shifted % cycleMs < outageMs;
};
