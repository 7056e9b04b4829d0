import { expect, onTestFinished, test } from 'vitest';
import {
  ALL,
  directoryOf,
  everything,
  NOW,
  openFleetOfViews,
  point,
  reading,
  T0,
} from '../projections/fleet-of-views.js';

test('pages of the newest readings pass over points that have none, and miss none behind them', async () => {
  const fleet = openFleetOfViews();
  onTestFinished(() => fleet.close());
  const directory = directoryOf(...Array.from({ length: 12 }, (_, index) => point(index + 1)));
  await fleet.sendDirectory(directory);
  // ids say nothing of numbers: wherever they fall, some that have none lie between
  const columns = [2, 3, 7, 11].map((number) => ({ point: number, readings: [reading(number, T0, number)] }));
  await fleet.send(directory, { content: 'readings', columns });
  await fleet.project();
  const whole = await fleet.reader.latest(ALL, NOW, { limit: 100 });
  expect(whole.map(({ value }) => value).toSorted((a, b) => Number(a) - Number(b))).toEqual([2, 3, 7, 11]);
  for (const limit of [1, 2, 3]) {
    const paged = [];
    for (let after = ''; ;) {
      const rows = await fleet.reader.latest(ALL, NOW, { limit, after });
      paged.push(...rows);
      const last = rows.at(-1);
      if (last === undefined) break;
      after = last.id;
    }
    expect(paged).toEqual(whole);
  }
  expect(await fleet.reader.latest(everything('elsewhere'), NOW, { limit: 100 })).toEqual([]);
});
