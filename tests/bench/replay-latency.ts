import { join } from 'node:path';
import { setInterval as every } from 'node:timers/promises';
import { placeOf, turnOf } from '../faults/meter.js';
import type { Site } from '../faults/site.js';
import { NewReadings } from './new-readings.js';

const LOOK_EVERY_MS = 20;

/** When a value of the meter was said, UTC ms. */
const saidAt = (site: Site, value: number): number | undefined =>
  site.meter.said[placeOf(value)]?.[turnOf(value)]?.at;

const newReadings = (site: Site, from: number): Promise<NewReadings> =>
  NewReadings.open(join(site.fleetFolder, 'log.db'), from);

/** Watches the fleet's log: how long each value that the meter says from now on takes to get there, ms. */
export const measureLatency = async (site: Site): Promise<{ stop(): Promise<readonly number[]> }> => {
  const from = Date.now();
  const added = await newReadings(site, from);
  const latencies: number[] = [];
  const look = async (): Promise<void> => {
    const values = await added.look();
    const now = Date.now();
    for (const value of values) {
      const at = saidAt(site, value);
      if (at !== undefined && at >= from) latencies.push(now - at);
    }
  };
  let stopped = false;
  const watch = async (): Promise<void> => {
    for await (const _ of every(LOOK_EVERY_MS)) {
      await look();
      if (stopped) return;
    }
  };
  const watching = watch();
  return {
    stop: async () => {
      stopped = true;
      await watching;
      return latencies;
    },
  };
};

/** Tells whether a value that the meter says from now on has come to the fleet's log. */
export const watchNewest = async (site: Site): Promise<() => Promise<boolean>> => {
  const from = Date.now();
  const added = await newReadings(site, from);
  return async () => (await added.look()).some((value) => (saidAt(site, value) ?? 0) > from);
};

export const percentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};
