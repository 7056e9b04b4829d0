import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Loss } from '../../../agent/wire/windows.js';
import { ledgerAddsUp, renderLedger } from '../../../fleet/operations/render-ledger.js';
import {
  ALL,
  directoryOf,
  EPOCH,
  GATEWAY,
  openFleetOfViews,
  point,
  reading,
  T0,
  type FleetOfViews,
} from './fleet-of-views.js';

const DAY = 86_400_000;
const directory = directoryOf(point(1));

let fleet: FleetOfViews;
beforeEach(async () => {
  fleet = openFleetOfViews();
  await fleet.sendDirectory(directory);
});
afterEach(() => fleet.close());

/** A batch of the readings with these ordinals, one a second from `from` on. */
const send = (seq: number, ordinals: readonly number[], from = T0, more: { receivedAt?: number } = {}) =>
  fleet.send(
    directory,
    {
      content: 'readings',
      columns: [
        { point: 1, readings: ordinals.map((ordinal, index) => reading(ordinal, from + index * 1_000, 1)) },
      ],
    },
    { seq, ...more },
  );

const declare = (seq: number, ...losses: Loss[]) =>
  fleet.send(directory, { content: 'losses', losses }, { seq });

const said = (lastSealed: number, lastOrdinal: number, unsealed: number): void => {
  fleet.registry.noteEpoch(GATEWAY, { epoch: EPOCH, at: T0, lastSealed, lastOrdinal, unsealed });
};

const ledger = async () => {
  await fleet.project();
  const detail = await fleet.reader.ledgerDetail(ALL, GATEWAY);
  const [epoch] = detail.epochs;
  if (epoch === undefined) throw new Error('no epoch');
  return { detail, epoch };
};

describe('the ledger down to its rows', () => {
  test('adds up to the last reading, whatever is not sealed yet', async () => {
    await send(1, [1, 2, 3]);
    await send(2, [4, 5]);
    said(2, 7, 2);
    const { detail, epoch } = await ledger();
    expect(epoch.rows).toMatchObject({ lastOrdinal: 7, readings: 5, unsealed: 2, unaccounted: 0 });
    expect(ledgerAddsUp(detail)).toBe(true);
  });

  test('names the range that is missing, between the times of its neighbours', async () => {
    await send(1, [1, 2, 3]);
    await send(4, [9], T0 + 60_000);
    said(4, 9, 0);
    const { detail, epoch } = await ledger();
    expect(epoch.gaps).toEqual([{ first: 2, last: 3, after: T0 + 2_000, before: T0 + 60_000 }]);
    expect(epoch.rows.unaccounted).toBe(5);
    expect(epoch.addsUp).toBe(false);
    const text = renderLedger({ gatewayId: GATEWAY, name: 'Mairie', events: [], ...detail });
    expect(text).toContain('DOES NOT ADD UP');
    expect(text).toContain(
      'MISSING: batches 2 to 3 after 2026-03-10T10:00:02.000Z before 2026-03-10T10:01:00.000Z',
    );
  });

  test('does not add up where every batch is here and a row is not', async () => {
    await send(1, [1, 2, 4]);
    said(1, 4, 0);
    expect((await ledger()).epoch).toMatchObject({ missing: [], addsUp: false, rows: { unaccounted: 1 } });
  });

  test('does not add up where there is more than there can be', async () => {
    await send(1, [1, 2, 3]);
    await declare(2, { ordinal: 4, cause: 'space', epoch: EPOCH, count: 5, exact: true, points: [] });
    said(2, 4, 0);
    expect((await ledger()).epoch).toMatchObject({ addsUp: false, rows: { unaccounted: -5 } });
  });

  test('takes a bound for no more than it is: it explains what is lacking, up to its number', async () => {
    await send(1, [1, 2, 3]);
    const loss: Loss = { ordinal: 4, cause: 'damage', epoch: EPOCH, count: 50, exact: false, points: [] };
    await declare(2, loss);
    said(2, 20, 0);
    const { detail, epoch } = await ledger();
    expect(epoch).toMatchObject({ addsUp: true, declaredLostIsBound: true, rows: { unaccounted: 0 } });
    const text = renderLedger({ gatewayId: GATEWAY, name: 'Mairie', events: [], ...detail });
    expect(text).toContain('50 declared lost (at most)');
    expect(text).not.toContain('UNACCOUNTED');
    said(2, 60, 0);
    expect((await ledger()).epoch).toMatchObject({ addsUp: false, rows: { unaccounted: 6 } });
  });

  test('adds up with what loss records give up, by cause; what memory lost never had an ordinal', async () => {
    await send(1, [1, 2]);
    await declare(
      4,
      {
        ordinal: 10,
        cause: 'space',
        epoch: EPOCH,
        firstSeq: 2,
        lastSeq: 3,
        count: 6,
        windows: 1,
        exact: true,
        points: [],
      },
      { ordinal: 11, cause: 'memory', epoch: EPOCH, count: 40, exact: true, points: [1] },
    );
    said(4, 11, 0);
    const { epoch } = await ledger();
    expect(epoch).toMatchObject({ addsUp: true, lostBatches: 2, declaredLost: 46, missing: [] });
    expect(
      epoch.losses.map(({ cause, batches, readings, windows }) => ({ cause, batches, readings, windows })),
    ).toEqual([
      { cause: 'memory', batches: 0, readings: 40, windows: 0 },
      { cause: 'space', batches: 2, readings: 6, windows: 1 },
    ]);
  });

  test('counts once what was given up on the gateway, and had arrived all the same', async () => {
    await send(1, [1, 2]);
    await send(2, [3, 4, 5]);
    await declare(3, {
      ordinal: 6,
      cause: 'space',
      epoch: EPOCH,
      firstSeq: 1,
      lastSeq: 2,
      count: 5,
      exact: true,
      points: [],
    });
    said(3, 6, 0);
    expect((await ledger()).epoch).toMatchObject({
      addsUp: true,
      rows: { declaredLost: 0, readings: 5, lossRecords: 1 },
    });
  });

  test('does not add up while a message without a number is kept apart', async () => {
    await send(1, [1]);
    said(1, 1, 0);
    const hash = new Uint8Array(32).fill(1);
    await fleet.log.append([
      { type: 'unreadable', source: GATEWAY, hash, receivedAt: T0, message: hash, refused: 'noise' },
    ]);
    const { detail, epoch } = await ledger();
    expect(epoch.addsUp).toBe(true);
    expect(detail.unreadable).toBe(1);
    expect(ledgerAddsUp(detail)).toBe(false);
  });
});

test('each day has its own readings, batches, duplicates, late ones and missing ones', async () => {
  const eve = Math.floor(T0 / DAY) * DAY + DAY - 1_000;
  await send(1, [1, 2, 3], eve, { receivedAt: eve });
  await send(1, [1, 2, 3], eve, { receivedAt: eve });
  await send(3, [9], eve + 5_000, { receivedAt: eve + DAY });
  const { detail } = await ledger();
  expect(detail.days).toMatchObject([
    { day: '2026-03-10', sealed: 1, received: 1, readings: 1, late: 0, missing: 0 },
    { day: '2026-03-11', sealed: 2, received: 1, readings: 3, late: 1, missing: 1 },
  ]);
  expect(detail.days.map(({ duplicates }) => duplicates)).toEqual([1, 0]);
});

test('without a scope there is no ledger, and no loss, event or command', async () => {
  await send(1, [1]);
  fleet.registry.noteEvent({ gatewayId: GATEWAY, kind: 'cloned', detail: 'x', at: T0 });
  await fleet.project();
  const nobody = { grants: [], shared: [] };
  expect(await fleet.reader.ledgerDetail(nobody, GATEWAY)).toEqual({ epochs: [], days: [], unreadable: 0 });
  expect(await fleet.reader.events(nobody, GATEWAY)).toEqual([]);
  expect(await fleet.reader.commands(nobody, GATEWAY)).toEqual([]);
  expect(await fleet.reader.events(ALL, GATEWAY)).toHaveLength(1);
});
