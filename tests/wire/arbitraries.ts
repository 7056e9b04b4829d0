import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import type { Aggregate, Sums } from '../../agent/wire/aggregate/aggregate.js';
import type { Directory } from '../../agent/wire/directory.js';
import type { MessageKind, Messages } from '../../agent/wire/message-codec.js';
import type { Reading, ReadingColumn } from '../../agent/wire/readings.js';
import { CLOCK_STATES, FLAGS, KINDS, REASONS, VALUE_TYPES, type Value } from '../../agent/wire/terms.js';
import type { Loss, Window, WindowColumn } from '../../agent/wire/windows.js';

const PACKED = 2 ** 50 - 1;
const INT64 = 2n ** 63n;

/** Optional keys are sometimes missing, never `undefined`. */
const sparse = <T extends object>(arbitrary: Arbitrary<T>, keys: readonly (keyof T)[]): Arbitrary<T> =>
  fc.tuple(arbitrary, fc.array(fc.constantFrom(...keys))).map(([value, missing]) => {
    const kept: T = { ...value };
    for (const key of missing) Reflect.deleteProperty(kept, key);
    return kept;
  });

const bytes = (length: number): Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const epoch = fc
  .array(fc.constantFrom(...Array.from('0123456789abcdef')), { minLength: 16, maxLength: 16 })
  .map((d) => d.join(''));
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const time = fc.oneof(
  fc.integer({ min: 1_600_000_000_000, max: 1_900_000_000_000 }),
  fc.integer({ min: -PACKED, max: PACKED }),
);
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

export const packedIntegers = fc.oneof(
  fc.array(fc.integer({ min: -PACKED, max: PACKED }), { maxLength: 40 }),
  fc.array(fc.integer({ min: -300, max: 300 }), { maxLength: 40 }),
  fc
    .tuple(fc.integer({ min: -1e12, max: 1e12 }), fc.integer(), fc.array(fc.nat(500), { maxLength: 40 }))
    .map(([first, step, jitters]) => jitters.map((jitter, index) => first + step * index + jitter)),
);

/** An int64 as the contract has it: a number where that is exact. */
export const int64: Arbitrary<Value> = fc
  .oneof(fc.bigInt({ min: -INT64, max: INT64 - 1n }), fc.bigInt({ min: 2n ** 53n - 9n, max: 2n ** 53n + 9n }))
  .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value));

const decimal = fc.tuple(fc.integer(), fc.nat(9)).map(([integer, decimals]) => integer / 10 ** decimals);
const value: Arbitrary<Value> = fc.oneof(finite, decimal, int64, fc.constant(-0), text);

/** Values as points have them (of one type), and any mixture. */
export const values: Arbitrary<(Value | null)[]> = fc.oneof(
  ...[
    finite,
    decimal,
    fc.integer(),
    int64,
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    text,
    value,
  ].map((one) => fc.array(fc.option(one, { freq: 5 }), { maxLength: 30 })),
);

const ordinals = (count: number): Arbitrary<number[]> =>
  fc
    .tuple(fc.nat(1e9), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: count, maxLength: count }))
    .map(([first, gaps]) => {
      let at = first;
      return gaps.map((gap) => (at += gap));
    });

const reading = fc.record({
  time,
  flag: fc.constantFrom(...FLAGS),
  reason: fc.constantFrom(...REASONS),
  clock: fc.constantFrom(...CLOCK_STATES),
  uncertaintyMs: fc.oneof(fc.constant(0), fc.nat(), fc.constant(PACKED)),
  deviceTime: fc.option(fc.integer({ min: -1e12, max: 2e12 }), { nil: undefined }),
  deviceClock: fc.constantFrom('sound', 'degraded', undefined),
});

const plainTime = fc.integer({ min: -1e12, max: 2e12 });

const readings: Arbitrary<Reading[]> = values
  .filter((list) => list.length > 0)
  .chain((list) =>
    fc
      .tuple(
        ordinals(list.length),
        fc.array(reading, { minLength: list.length, maxLength: list.length }),
        plainTime,
      )
      .map(([numbers, rest, near]) =>
        list.map((item, index): Reading => {
          const {
            time: anyTime,
            deviceTime,
            deviceClock,
            ...marks
          } = rest[index] ?? {
            time: 0,
            flag: 1,
            reason: 'none',
            clock: 'synced',
            uncertaintyMs: 0,
            deviceTime: undefined,
            deviceClock: undefined,
          };
          const base = { ordinal: numbers[index] ?? 0, value: item, ...marks };
          if (deviceTime === undefined) return { ...base, time: anyTime };
          const timed = { ...base, time: near + index, deviceTime };
          return deviceClock === undefined ? timed : { ...timed, deviceClock };
        }),
      ),
  );

export const readingColumns: Arbitrary<ReadingColumn[]> = fc.uniqueArray(
  fc.record({ point: fc.nat(2 ** 31 - 1), readings }),
  { minLength: 1, maxLength: 6, selector: (column) => column.point },
);

const sumsOf: Record<(typeof KINDS)[number], Arbitrary<Sums>> = {
  gauge: fc.record({ kind: fc.constant('gauge' as const), weighted: finite, heldMs: fc.nat() }),
  counter: fc.record({ kind: fc.constant('counter' as const), delta: finite, resets: fc.nat() }),
  interval: fc.record({ kind: fc.constant('interval' as const), total: finite }),
  state: fc.record({
    kind: fc.constant('state' as const),
    durations: fc.dictionary(fc.constantFrom('0', '1', 'open', '__proto__', 'constructor'), fc.nat(), {
      maxKeys: 4,
    }),
  }),
  angle: fc.record({ kind: fc.constant('angle' as const), sine: finite, cosine: finite }),
  decibel: fc.record({ kind: fc.constant('decibel' as const), energy: finite }),
  extreme: fc.constant({ kind: 'extreme' }),
  event: fc.constant({ kind: 'event' }),
  text: fc.constant({ kind: 'text' }),
};

const end = (start: number): Arbitrary<Aggregate['first']> =>
  fc.option(fc.record({ time: fc.integer({ min: -1e9, max: 1e9 }).map((after) => start + after), value }));

const windowsOf = (kind: (typeof KINDS)[number]): Arbitrary<Window[]> =>
  fc.tuple(fc.integer({ min: 1, max: 8 }), plainTime).chain(([count, start]) =>
    fc
      .tuple(
        ordinals(count),
        fc.array(
          fc.record({
            revision: fc.nat(3),
            aggregate: fc.record({
              count: fc.nat(),
              expected: fc.double({ min: 0, max: 1e6, noNaN: true }),
              flags: fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat(), fc.nat()),
              min: fc.option(finite),
              max: fc.option(finite),
              first: end(start),
              last: end(start),
              sums: sumsOf[kind],
            }),
          }),
          { minLength: count, maxLength: count },
        ),
      )
      .map(([numbers, rest]) =>
        rest.map((window, index) => ({
          ordinal: numbers[index] ?? 0,
          start: start + index * 60_000,
          ...window,
        })),
      ),
  );

export const windowColumns: Arbitrary<WindowColumn[]> = fc.uniqueArray(
  fc.constantFrom(...KINDS).chain((kind) =>
    fc.record({
      point: fc.nat(40),
      periodMs: fc.constantFrom(60_000, 900_000),
      windows: windowsOf(kind),
    }),
  ),
  { minLength: 1, maxLength: 4, selector: (column) => `${column.point}/${column.periodMs}` },
);

const loss: Arbitrary<Omit<Loss, 'ordinal'>> = fc
  .record({
    cause: fc.constantFrom('space', 'damage', 'retention', 'operator', 'memory'),
    epoch,
    firstSeq: fc.nat(),
    lastSeq: fc.nat(),
    count: fc.nat(),
    exact: fc.boolean(),
    firstTime: fc.option(fc.nat(), { nil: undefined }),
    points: fc.array(fc.nat()),
    note: fc.option(text, { nil: undefined }),
  })
  .map(({ firstTime, note, ...rest }) => ({
    ...rest,
    ...(firstTime === undefined ? {} : { firstTime, lastTime: firstTime + 5 }),
    ...(note === undefined ? {} : { note }),
  }));

export const losses: Arbitrary<Loss[]> = fc
  .array(loss, { minLength: 1, maxLength: 5 })
  .chain((list) =>
    ordinals(list.length).map((numbers) =>
      list.map((item, index) => ({ ordinal: numbers[index] ?? 0, ...item })),
    ),
  );

const ranges = fc.array(
  fc.tuple(fc.nat(), fc.nat()).map(([first, size]): [number, number] => [first, first + size]),
);
const quarantined = fc.array(
  sparse<NonNullable<Messages['ack']['quarantined'][number]>>(
    fc.record({ seq: fc.nat(), reason: text, taken: fc.boolean() }),
    ['taken'],
  ),
);
const command = fc.record({
  id: text,
  name: text,
  expires: fc.nat(),
  arguments: fc.dictionary(
    text,
    fc.oneof(
      text,
      finite.map((number) => number + 0),
      fc.boolean(),
    ),
  ),
});

export const messages: { [Kind in MessageKind]: Arbitrary<Messages[Kind]> } = {
  hello: sparse<Messages['hello']>(
    fc.record({
      epoch,
      firstUnacked: fc.maxSafeNat(),
      lastSealed: fc.nat(),
      lastOrdinal: fc.nat(),
      unsealed: fc.nat(),
      directory: bytes(32),
      configVersion: text,
      agentVersion: text,
      clock: fc.constantFrom(...CLOCK_STATES),
      time,
      earlier: fc.array(fc.record({ epoch, firstUnacked: fc.nat() }), { maxLength: 3 }),
    }),
    ['unsealed', 'earlier'],
  ),
  welcome: sparse<Messages['welcome']>(
    fc.record({
      time,
      resend: ranges,
      directories: fc.array(bytes(32)),
      desired: fc.record({ version: text, document: fc.uint8Array() }),
      commands: fc.array(command, { maxLength: 3 }),
      renew: text,
    }),
    ['desired', 'renew'],
  ),
  ack: sparse<Messages['ack']>(
    fc.record({
      epoch,
      stored: ranges,
      quarantined,
      directories: fc.array(bytes(32)),
      unreadable: fc.array(fc.record({ hash: bytes(32), reason: text, kept: fc.boolean() }), {
        maxLength: 3,
      }),
      postponed: quarantined,
    }),
    ['epoch', 'unreadable', 'postponed'],
  ),
  resend: fc.record({ epoch, batches: ranges, directories: fc.array(bytes(32)) }),
  command,
  result: fc.record({
    id: text,
    outcome: fc.constantFrom('done', 'refused', 'failed', 'expired'),
    detail: text,
  }),
  status: fc.record({ online: fc.boolean() }),
  health: sparse<Messages['health']>(
    fc.record({
      time,
      uptimeS: fc.double({ min: 0, max: 1e9, noNaN: true }),
      rssBytes: fc.maxSafeNat(),
      buffer: fc.record({
        bytes: fc.nat(),
        unsealed: fc.nat(),
        unackedBatches: fc.nat(),
        quarantined: fc.nat(),
      }),
      buses: fc.array(fc.record({ key: text, ok: fc.nat(), timeouts: fc.nat(), errors: fc.nat() })),
      storage: sparse<NonNullable<Messages['health']['storage']>>(
        fc.record({
          kind: text,
          usedBytes: fc.maxSafeNat(),
          allowedBytes: fc.maxSafeNat(),
          thinned: text,
          lostReadings: fc.nat(),
          writtenBytesPerReading: fc.double({ min: 0, max: 1e6, noNaN: true }),
          yearsOfCard: fc.double({ min: 0, max: 1e6, noNaN: true }),
        }),
        ['writtenBytesPerReading', 'yearsOfCard'],
      ),
      uplink: fc.record({ month: text, bytes: fc.maxSafeNat(), budgetBytes: fc.maxSafeNat() }),
      lastError: text,
    }),
    ['storage', 'uplink', 'lastError'],
  ),
};

const plainNumber = finite.map((number) => number + 0);

const point = (device: string, number: number): Arbitrary<Directory['points'][number]> =>
  sparse<Directory['points'][number]>(
    fc.record({
      number: fc.constant(number),
      device: fc.constant(device),
      key: text,
      name: text,
      kind: fc.constantFrom(...KINDS),
      valueType: fc.constantFrom(...VALUE_TYPES),
      property: text,
      unit: text,
      dialUnit: text,
      states: fc.dictionary(fc.string({ maxLength: 8 }), text),
      intervalMs: fc.integer({ min: 1, max: 1e9 }),
      maxHoldMs: fc.nat(),
      windows: fc.array(fc.integer({ min: 1, max: 1e9 })),
      rollover: plainNumber,
      scale: plainNumber,
      offset: plainNumber,
      tests: sparse<Directory['points'][number]['tests']>(
        fc.record({
          min: plainNumber,
          max: plainNumber,
          maxRatePerS: plainNumber,
          flatLineMs: fc.nat(),
          gapMs: fc.nat(),
          usualMin: plainNumber,
          usualMax: plainNumber,
          spike: plainNumber,
          spikeBad: plainNumber,
          climatology: fc.dictionary(fc.constantFrom('1', '7', '12'), fc.tuple(plainNumber, plainNumber)),
        }),
        [
          'min',
          'max',
          'maxRatePerS',
          'flatLineMs',
          'gapMs',
          'usualMin',
          'usualMax',
          'spike',
          'spikeBad',
          'climatology',
        ],
      ),
      deadband: plainNumber,
      deadbandPercent: plainNumber,
    }),
    ['dialUnit', 'states', 'rollover', 'deadband', 'deadbandPercent'],
  );

export const directories: Arbitrary<Directory> = fc
  .uniqueArray(text, { minLength: 1, maxLength: 4 })
  .chain((keys) =>
    fc.record({
      configuration: text,
      devices: fc.tuple(
        ...keys.map((key) =>
          fc.record({
            key: fc.constant(key),
            name: text,
            protocol: text,
            bus: text,
            address: text,
            maker: text,
            model: text,
            profileHash: text,
            installation: sparse<Directory['devices'][number]['installation']>(
              fc.record({
                serial: text,
                location: text,
                locationName: text,
                ratio: plainNumber,
                offset: plainNumber,
              }),
              ['serial', 'location', 'ratio'],
            ),
          }),
        ),
      ),
      points: fc.tuple(...keys.map((key, number) => point(key, number))),
    }),
  );
