import { expect, test } from 'vitest';
import { renderChart } from '../../../agent/local/history-chart.js';
import { HistoryColumns, type ColumnPoint } from '../../../agent/local/history-columns.js';
import { HISTORY_FORMATS } from '../../../agent/local/history-lines.js';
import { findHistoryPoint } from '../../../agent/local/history.js';
import { historyCommand } from '../../../agent/local/cli/history-command.js';
import { readConfiguration } from '../../../agent/twin/configuration-file.js';
import { packagedProfiles } from '../../../agent/twin/packaged.js';
import { openBuffer } from '../../../agent/buffer/open-buffer.js';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { point, reading, START } from '../../support/buffer.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const GAUGE: ColumnPoint = { kind: 'gauge', intervalMs: 60_000, maxHoldMs: 60_000 };
const MINUTE = 60_000;

test('a column has its extremes and the mean of its kind, a gap is a gap, flags are marked', () => {
  const columns = new HistoryColumns(GAUGE, START, START + 10 * MINUTE, 5);
  const add = (minute: number, value: number | null, flag: 1 | 3 | 9 = 1): void =>
    columns.add({ time: START + minute * MINUTE, value, flag });
  add(0, 10);
  add(1, 20);
  add(2, 30, 3);
  add(3, 30);
  add(8, null, 9);
  const all = columns.all();
  expect(all.map(({ aggregate }) => [aggregate.min, aggregate.max])).toEqual([
    [10, 20],
    [30, 30],
    [null, null],
    [null, null],
    [null, null],
  ]);
  const lines = renderChart(GAUGE, all, 'Europe/Paris');
  expect(lines.find((line) => line.startsWith('30 ┤'))).toBe('30 ┤ •');
  expect(lines.filter((line) => /[┤│]│/.test(line)).length).toBeGreaterThan(1);
  expect(lines.find((line) => line.includes('×') && !line.includes('nothing'))?.trim()).toBe('?××0');
  expect(lines.at(-1)).toContain('× nothing stored, 0 missing, ? suspect');
});

test('rows are written as CSV and JSON that programs read', () => {
  const about = { key: 'a/x', map: { name: 'X, the first', unit: 'Cel' }, zone: 'Europe/Paris' };
  const row = {
    time: START,
    value: 'a "b", c',
    flag: 1,
    reason: 'none',
    clock: 'synced',
    uncertaintyMs: 0,
  } as const;
  expect(HISTORY_FORMATS.csv(about).page([row], true)).toBe(
    '2026-06-01T08:00:00.000Z,"a ""b"", c",Cel,1,none,synced,0\r\n',
  );
  const { head, page, tail } = HISTORY_FORMATS.json(about);
  const document: unknown = JSON.parse(head + page([row], true) + page([row], false) + tail);
  expect(document).toMatchObject({ name: 'X, the first', readings: [row, row] });
  expect(HISTORY_FORMATS.table(about).page([row], true)).toContain('2026-06-01 10:00:00 +02:00');
});

test('the command reads the file where no agent runs, names the nearest point, and says since when there is something', async () => {
  const folder = temporaryFolder();
  const config = join(folder, 'gateway.yaml');
  writeFileSync(
    config,
    `gateway: { name: Hall }
buses: { hall: { tcp: '127.0.0.1:1' } }
devices:
  a:
    bus: hall
    address: 1
    points:
      x: { table: input, address: 0, type: int16, scale: 0.1, unit: Cel, property: air_temperature }
`,
  );
  const configuration = readConfiguration(config, [packagedProfiles]);
  expect(() => findHistoryPoint(configuration, 'a/y')).toThrow('the nearest are a/x');
  mkdirSync(configuration.dataFolder, { recursive: true });
  const buffer = await openBuffer({
    path: join(configuration.dataFolder, 'buffer.db'),
    reserveBytes: 0,
    commitMs: 5,
  });
  await buffer.definePoints([point('a/x')]);
  await buffer.append([reading(1, 0, { value: 21 }), reading(1, 1_000, { value: 22 })]);
  await buffer.close();
  const written: string[] = [];
  const run = async (from: string, format: 'chart' | 'csv'): Promise<number> =>
    historyCommand(
      {
        config,
        profiles: [packagedProfiles],
        point: 'a/x',
        from,
        to: '2026-06-02',
        lastMs: undefined,
        format,
        width: 80,
      },
      { explain: () => undefined },
      async (text) => void written.push(text),
      AbortSignal.timeout(20_000),
    );
  expect(await run('2026-06-01', 'csv')).toBe(0);
  expect(written.join('').split('\r\n')).toHaveLength(4);
  expect(await run('2026-06-01', 'chart')).toBe(0);
  expect(written.join('')).toMatch(/2 readings, last 22 at 2026-06-01 10:00:01/);
  await expect(run('2026-06-01T12:00', 'csv')).rejects.toThrow(
    /there is from 2026-06-01 10:00:00 \+02:00 on/,
  );
});
