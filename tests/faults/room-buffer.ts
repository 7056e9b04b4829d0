import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BufferError } from '../../agent/buffer/buffer-error.js';
import type { Buffer as GatewayBuffer, BufferPoint, NewReading } from '../../agent/buffer/buffer.js';
import { openBuffer } from '../../agent/buffer/open-buffer.js';
import { createRandom } from '../../drivers/simulator/random.js';
import { directoryOf, sealAll } from '../support/buffer-accounts.js';
import { eventually } from '../support/eventually.js';
import { judgeRoom, type RoomEvidence, type StoredReading } from './room-account.js';

/*
 * The buffer of one gateway that has no uplink and far too little room, from days of readings; run with a folder, a number of
 * cycles, a seed and the hours of each. Says after each cycle, as one line of JSON, what was found wrong.
 */

const MIB = 1024 ** 2;
const HOUR_MS = 3_600_000;
const INTERVAL_MS = 10_000;
const ROUNDS = HOUR_MS / INTERVAL_MS;
/** A Monday, 08:00 UTC. */
const START = Date.UTC(2026, 5, 1, 8);
const BOOT = 'boot-one';
const BOOTED_BEFORE_MS = HOUR_MS;
/** Beyond what a window is made again for, and what is believed of a clock. */
const [LATE_HOURS, AHEAD_HOURS] = [8, 5];
/** Without an uplink, more than are kept apart. */
const TOLD_AN_HOUR = 8;
const WAIT_MS = 60_000;
const ALL_FOR_NOW = 100_000;

const gauge = (key: string): BufferPoint => ({
  key,
  kind: 'gauge',
  valueType: 'float',
  intervalMs: INTERVAL_MS,
  maxHoldMs: 60_000,
  windows: [60_000, 900_000],
});
const POINTS: readonly BufferPoint[] = [
  gauge('a/t'),
  gauge('a/u'),
  { ...gauge('a/index'), kind: 'counter' },
  { ...gauge('a/door'), kind: 'event', valueType: 'state', windows: [] },
];
const [T, U, INDEX, DOOR] = [1, 2, 3, 4];

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const SIGNER = {
  source: 'gateway000000001',
  certificate: new Uint8Array(32).fill(7),
  privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
};

/** Asks again while the buffer says that it is full, as the agent does. */
const takenBy = async (call: () => Promise<unknown>): Promise<void> =>
  eventually(async () => {
    try {
      await call();
      return true;
    } catch (error) {
      if (error instanceof BufferError && error.code === 'full') return false;
      throw error;
    }
  }, WAIT_MS);

const roomMade = async (buffer: GatewayBuffer, ask: () => Promise<unknown>): Promise<void> =>
  eventually(async () => {
    await takenBy(ask);
    const { storage } = await buffer.state();
    return storage.usedBytes <= 0.92 * storage.allowedBytes;
  }, WAIT_MS);

/** What an hour brings: two gauges, and now and then a counter, an alarm, a value from before and one of a wrong clock. */
const hourOf = (hour: number, random: () => number): readonly StoredReading[] => {
  const made: StoredReading[] = [];
  const add = (point: number, at: number, outside = false, held = false): void => {
    made.push({ point, time: START + at, value: random() * 1e5, held, outside });
  };
  for (let round = hour * ROUNDS; round < (hour + 1) * ROUNDS; round += 1) {
    const at = round * INTERVAL_MS;
    add(T, at, false, random() < 0.1);
    add(U, at);
    if (round % ROUNDS === 0) {
      add(INDEX, at);
      add(DOOR, at);
    }
    // between two others, so that its time is its own
    if (hour >= LATE_HOURS && random() < 0.01) add(T, at - LATE_HOURS * HOUR_MS + 5_000, true);
    if (random() < 0.01) add(U, at + AHEAD_HOURS * HOUR_MS + 5_000, true);
  }
  return made;
};

const rowOf = ({ point, time, value, held }: StoredReading, hour: number): NewReading => ({
  point,
  boot: BOOT,
  // a clock that is ahead has been so for a moment only
  monotonic: BOOTED_BEFORE_MS + Math.min(time - START, hour * HOUR_MS),
  time,
  clock: 'synced',
  uncertaintyMs: 0,
  value,
  flag: 1,
  reason: 'none',
  held,
});

/** Nobody yet signs; full batches are made, as without an uplink; or all is sealed, as where one comes now and then. */
const LIVES = [
  { capMib: 0.4, begins: 'signed', seals: 'all' },
  { capMib: 0.6, begins: 'signed', seals: 'full' },
  { capMib: 0.6, begins: 'unsigned', seals: 'full' },
] as const;
type Life = (typeof LIVES)[number];

/** One gateway's days: gives what was stored, and all that would leave for the fleet. */
const live = async (
  folder: string,
  hours: number,
  life: Life,
  random: () => number,
): Promise<RoomEvidence> => {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'buffer.db');
  const capBytes = (life.capMib + random() * 0.2) * MIB;
  const open = async (): Promise<GatewayBuffer> => {
    const opened = await openBuffer({ path, capBytes, commitMs: 5, reserveBytes: 0 });
    if (life.begins === 'signed') await opened.setSigner(SIGNER);
    const numbers = await opened.definePoints(POINTS);
    const { hash, bytes } = directoryOf(POINTS, numbers);
    await opened.useDirectory(hash, bytes);
    return opened;
  };
  const stored: StoredReading[] = [];
  let toldLost = 0;
  let buffer = await open();
  for (let hour = 0; hour < hours; hour += 1) {
    const made = hourOf(hour, random);
    stored.push(...made);
    const [now, rows] = [buffer, made.map((each) => rowOf(each, hour + 1))];
    await takenBy(async () => now.append(rows));
    for (let told = 0; told < TOLD_AN_HOUR; told += 1) {
      const count = 1 + Math.floor(random() * 1_000);
      toldLost += count;
      await takenBy(async () => now.declare([{ cause: 'memory', count, exact: true, points: [T] }]));
    }
    await roomMade(now, async () => (life.seals === 'all' ? sealAll(now) : now.seal('backfill', 'full')));
    if (random() > 0.1) continue;
    await now.close();
    buffer = await open();
  }
  const last = buffer;
  await last.setSigner(SIGNER);
  await roomMade(last, async () => sealAll(last));
  await takenBy(async () => sealAll(last));
  const lanes = ['live', 'backfill'] as const;
  const claimed = lanes.map(async (lane) => last.claim(lane, ALL_FOR_NOW, new Set()));
  const batches = (await Promise.all(claimed)).flat();
  const state = await last.state();
  await last.close();
  return { stored, toldLost, batches, state, epoch: last.epoch, alarms: DOOR };
};

const [folder = '', cycles = '1', seed = '1', hours = '1'] = process.argv.slice(2);
const random = createRandom(Number(seed));
for (let done = 0; done < Number(cycles); done += 1) {
  const evidence = await live(
    join(folder, String(done)),
    Number(hours),
    LIVES[done % LIVES.length] ?? LIVES[0],
    random,
  );
  process.stdout.write(`${JSON.stringify(judgeRoom(evidence))}\n`);
}
