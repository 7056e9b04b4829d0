import type { BatchContent } from '../../../agent/wire/body.js';
import type { Directory } from '../../../agent/wire/directory.js';
import type { Messages } from '../../../agent/wire/message-codec.js';
import type { Aggregate, Sums } from '../../../agent/wire/aggregate/aggregate.js';
import { KINDS, type Kind } from '../../../agent/wire/terms.js';
import type { Reading } from '../../../agent/wire/readings.js';

/** What the files of `1/` hold. Neither these values nor the files ever change; a new message is a new file. */

const EPOCH = '0123456789abcdef';
const TIME = 1_760_000_000_000;
const hash = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

const reading = (ordinal: number, more: Partial<Reading>): Reading => ({
  ordinal,
  time: TIME + ordinal * 1000,
  value: 0,
  flag: 1,
  reason: 'none',
  clock: 'synced',
  uncertaintyMs: 0,
  ...more,
});

const command = {
  id: 'c1',
  name: 'read',
  expires: TIME + 60_000,
  arguments: { device: 'meter-1', points: 3, raw: true, factor: 0.5 },
};

export const messages: Messages = {
  hello: {
    epoch: EPOCH,
    firstUnacked: 41,
    lastSealed: 45,
    lastOrdinal: 123_456,
    directory: hash(1),
    configVersion: 'a1b2',
    agentVersion: '0.1.0',
    clock: 'holdover',
    time: TIME,
  },
  welcome: {
    time: TIME + 1,
    resend: [[31, 40]],
    directories: [hash(2)],
    desired: { version: 'c3d4', document: Uint8Array.of(1, 2, 3) },
    commands: [command],
  },
  ack: {
    epoch: EPOCH,
    stored: [[43, 45]],
    quarantined: [{ seq: 44, reason: 'hash' }],
    directories: [hash(1)],
    unreadable: [{ hash: hash(4), reason: 'a header without its keys', kept: true }],
    postponed: [{ seq: 46, reason: 'no room' }],
  },
  resend: { epoch: EPOCH, batches: [[3, 9]], directories: [hash(3)] },
  command,
  result: { id: 'c1', outcome: 'done', detail: 'trois points lus' },
  status: { online: false },
  health: {
    time: TIME,
    uptimeS: 86_400.5,
    rssBytes: 73_400_320,
    buffer: { bytes: 1_048_576, unsealed: 12, unackedBatches: 3, quarantined: 0 },
    buses: [{ key: 'rs485', ok: 1000, timeouts: 2, errors: 1 }],
    storage: {
      kind: 'disk',
      usedBytes: 52_000_000,
      allowedBytes: 500_000_000,
      thinned: 'nothing',
      lostReadings: 0,
      writtenBytesPerReading: 110.5,
      yearsOfCard: 21,
    },
    uplink: { month: '2025-10', bytes: 7_300_000, budgetBytes: 50_000_000 },
    lastError: 'rs485: no answer from 3',
  },
};

export const directory: Directory = {
  configuration: 'ab'.repeat(32),
  devices: [
    {
      key: 'meter-1',
      name: 'Compteur général',
      protocol: 'modbus',
      bus: 'rs485',
      address: '3',
      maker: 'Exemple',
      model: 'E1',
      profileHash: 'cd'.repeat(32),
      installation: { serial: 'SN-12', location: 'ecole', locationName: 'École', ratio: 40, offset: 0 },
    },
  ],
  points: [
    {
      number: 1,
      device: 'meter-1',
      key: 'energy',
      name: 'Énergie active',
      kind: 'counter',
      valueType: 'integer',
      property: 'energy',
      unit: 'W.h',
      dialUnit: 'kW.h',
      intervalMs: 60_000,
      maxHoldMs: 180_000,
      windows: [60_000, 900_000],
      rollover: 4_294_967_296,
      scale: 40,
      offset: 0,
      tests: { min: 0, maxRatePerS: 12.5 },
    },
    {
      number: 2,
      device: 'meter-1',
      key: 'breaker',
      name: 'Disjoncteur',
      kind: 'state',
      valueType: 'state',
      property: 'state',
      unit: '1',
      states: { '0': 'ouvert', '1': 'fermé' },
      intervalMs: 1000,
      maxHoldMs: 5000,
      windows: [],
      scale: 1,
      offset: 0,
      tests: {},
      deadband: 0,
    },
  ],
};

const sums: Record<Kind, Sums> = {
  gauge: { kind: 'gauge', weighted: 1_275_000.25, heldMs: 60_000 },
  counter: { kind: 'counter', delta: 17, resets: 1 },
  interval: { kind: 'interval', total: 4.2 },
  state: { kind: 'state', durations: { '0': 12_000, '1': 48_000 } },
  angle: { kind: 'angle', sine: 0.1, cosine: -0.7 },
  decibel: { kind: 'decibel', energy: 123_456.789 },
  extreme: { kind: 'extreme' },
  event: { kind: 'event' },
  text: { kind: 'text' },
};

const aggregate = (kind: Kind): Aggregate => ({
  count: 59,
  expected: 60,
  flags: [57, 1, 1, 0, 1],
  min: kind === 'text' ? null : 20.5,
  max: kind === 'text' ? null : 22,
  first: { time: TIME + 100, value: kind === 'text' ? 'ok' : 21 },
  last: kind === 'event' ? null : { time: TIME + 59_100, value: kind === 'counter' ? 2n ** 60n : 21.5 },
  sums: sums[kind],
});

export const batches: Readonly<Record<string, BatchContent>> = {
  readings: {
    content: 'readings',
    columns: [
      {
        point: 1,
        readings: [21.5, 21.53, 21.49, 21.6].map((value, index) =>
          reading(100 + index * 7, { value, time: TIME + index * 10_000 + (index % 3) }),
        ),
      },
      {
        point: 2,
        readings: [
          reading(101, { value: 2n ** 53n }),
          reading(108, { value: 12, flag: 3, reason: 'rate' }),
          reading(115, { value: null, flag: 9, reason: 'no-answer' }),
        ],
      },
      { point: 3, readings: [reading(102, { value: 0.10000000149011612 }), reading(109, { value: -0 })] },
      { point: 4, readings: [reading(103, { value: Math.PI }), reading(110, { value: 1e300 })] },
      {
        point: 5,
        readings: [
          reading(104, { value: 'marche', clock: 'holdover', uncertaintyMs: 250 }),
          reading(111, {
            value: 'arrêt',
            clock: 'unsynced',
            uncertaintyMs: 86_400_000,
            deviceTime: TIME - 5,
            deviceClock: 'degraded',
          }),
        ],
      },
      {
        point: 4_000_000_000,
        readings: [
          reading(105, { value: 'mêlé' }),
          reading(112, { value: 1.5 }),
          reading(119, { value: -3 }),
        ],
      },
    ],
  },
  windows: {
    content: 'windows',
    columns: KINDS.map((kind, point) => ({
      point,
      periodMs: 60_000,
      windows: [0, 1].map((index) => ({
        ordinal: 200 + point * 2 + index,
        start: TIME + index * 60_000,
        revision: index,
        aggregate: aggregate(kind),
      })),
    })),
  },
  losses: {
    content: 'losses',
    losses: [
      {
        ordinal: 300,
        cause: 'retention',
        epoch: EPOCH,
        firstSeq: 1,
        lastSeq: 4,
        count: 4000,
        exact: true,
        firstTime: TIME - 1000,
        lastTime: TIME,
        points: [1, 2],
        note: 'partition pleine',
      },
      { ordinal: 301, cause: 'damage', epoch: 'fedcba9876543210', count: 100_000, exact: false, points: [] },
    ],
  },
};
