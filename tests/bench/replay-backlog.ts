import type { Buffer as GatewayBuffer, NewReading } from '../../agent/buffer/buffer.js';
import { encodeDirectory } from '#wire/directory-codec.js';
import type { Directory } from '#wire/directory.js';
import { createRandom } from './ingest-gateways.js';

const POINTS = 200;
const INTERVAL_MS = 60_000;
const JITTER_MS = 500;
const BOOT = 'before-the-bench';

const keyOf = (place: number): string => `meter/backlog-${place}`;

/** Defines 200 gauges polled each minute, and their directory; gives their numbers. */
export const defineBacklogPoints = async (buffer: GatewayBuffer): Promise<readonly number[]> => {
  const places = Array.from({ length: POINTS }, (_, place) => place);
  const numbers = await buffer.definePoints(
    places.map((place) => ({
      key: keyOf(place),
      kind: 'gauge',
      valueType: 'float',
      intervalMs: INTERVAL_MS,
      maxHoldMs: 3 * INTERVAL_MS,
      windows: [],
    })),
  );
  const numberOf = (place: number): number => numbers.get(keyOf(place)) ?? 0;
  const directory: Directory = {
    configuration: '00'.repeat(32),
    devices: [
      {
        key: 'meter',
        name: 'Meter',
        protocol: 'modbus',
        bus: 'line',
        address: '1',
        maker: 'Bench',
        model: 'Bench',
        profileHash: '00'.repeat(32),
        installation: {},
      },
    ],
    points: places.map((place) => ({
      number: numberOf(place),
      device: 'meter',
      key: `backlog-${place}`,
      name: `Backlog ${place}`,
      kind: 'gauge',
      valueType: 'float',
      property: 'air_temperature',
      unit: 'Cel',
      intervalMs: INTERVAL_MS,
      maxHoldMs: 3 * INTERVAL_MS,
      windows: [],
      scale: 1,
      offset: 0,
      tests: {},
    })),
  };
  const { hash, bytes } = encodeDirectory(directory, new Uint8Array(16));
  await buffer.useDirectory(hash, bytes);
  return places.map(numberOf);
};

export interface AppendShape {
  /** Readings of one append. */
  readonly each: number;
  /** Readings that share a transaction. */
  readonly together: number;
  /** How many readings end with the newest, which is of now; `count` where not given. */
  readonly remaining?: number;
}

/**
 * Appends that many readings, a poll of all points each minute with jitter, each a walk in two decimals below
 * zero, which no meter of the fault tests says.
 */
export const appendBacklog = async (
  buffer: GatewayBuffer,
  numbers: readonly number[],
  count: number,
  { each, together, remaining = count }: AppendShape,
): Promise<void> => {
  const random = createRandom(7);
  const hundredths = numbers.map((_, place) => 2_000 + place);
  const minutes = Math.ceil(remaining / numbers.length);
  const now = Date.now();
  const at = (index: number): NewReading => {
    const place = index % numbers.length;
    const walked = (hundredths[place] ?? 0) + Math.round((random() - 0.5) * 50);
    hundredths[place] = walked;
    const ago = (minutes - Math.floor(index / numbers.length)) * INTERVAL_MS - random() * JITTER_MS;
    return {
      point: numbers[place] ?? 0,
      boot: BOOT,
      monotonic: Math.max(0, 1e10 - ago),
      time: now - ago,
      clock: 'synced',
      uncertaintyMs: 0,
      value: -walked / 100,
      flag: 1,
      reason: 'none',
      held: false,
    };
  };
  let waiting: Promise<void>[] = [];
  for (let done = 0; done < count; done += each) {
    const readings = Array.from({ length: Math.min(each, count - done) }, (_, index) => at(done + index));
    waiting.push(buffer.append(readings));
    if (waiting.length * each < together) continue;
    await Promise.all(waiting);
    waiting = [];
  }
  await Promise.all(waiting);
};
