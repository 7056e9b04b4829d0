import { placeOf, turnOf } from '../faults/meter.js';
import { Held } from '../faults/held.js';
import type { Site } from '../faults/site.js';
import { join } from 'node:path';

const LOOK_EVERY_MS = 20;

/** When a value of the meter was said, UTC ms. */
const saidAt = (site: Site, value: number | null): number | undefined =>
  value === null ? undefined : site.meter.said[placeOf(value)]?.[turnOf(value)]?.at;

/** Watches the fleet's log: how long each value that the meter says from now on takes to get there, ms. */
export const measureLatency = (site: Site): { stop(): Promise<readonly number[]> } => {
  const held = new Held(join(site.fleetFolder, 'log.db'));
  held.refresh();
  const from = Date.now();
  const latencies: number[] = [];
  const look = (): void => {
    const added = held.refresh();
    const now = Date.now();
    for (const { value } of added) {
      const at = saidAt(site, value);
      if (at !== undefined && at >= from) latencies.push(now - at);
    }
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      look();
      return latencies;
    },
  };
};

/** When the newest value that has come to the fleet's log since the last call was said, UTC ms; 0 where none has. */
export const newestSaid = (site: Site): number =>
  site.held.refresh().reduce((newest, { value }) => Math.max(newest, saidAt(site, value) ?? 0), 0);

export const percentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};
