import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { newId } from '../../fleet/registry/new-id.js';
import { openDatabase } from '../../fleet/store/sqlite/database.js';
import { openHttpOver } from '../fleet/http/http-under-test.js';
import { openFleetIn } from '../fleet/projections/fleet-of-views.js';
import type { Answered, Asked } from './query-client.js';
import { MONTH, MONTH_READINGS, multiplySeries, POINTS, sendMonth, sendPoints } from './query-fleet.js';
import { percentile } from './replay-latency.js';

const PAGES = 100;
const STREAMS = 3;
const READINGS = 10_000_000;

/**
 * What an organisation of 100,000 points asks for, over HTTP, from another thread: pages and the stream of its newest
 * readings, a chart of a month for a width, fifty of them in one request, a month of one point as CSV; of 1,000 points there
 * are `readings` in all (10 million by default; of the figure asked for: `--readings=100000000`). `countLatest100MMs` is the count and
 * newest time of 1,000 devices, 20,000 points, that many readings among them. `loopBlockMs` is the longest that the
 * event loop stood still meanwhile. `bare…` is better-sqlite3 alone over the same file in the same run.
 */
export const run = async (options: { readonly readings?: number }): Promise<Record<string, number>> => {
  const folder = mkdtempSync(join(tmpdir(), 'terroir-query-'));
  const fleet = openFleetIn(folder, { newId });
  const http = await openHttpOver(fleet);
  try {
    await sendPoints(fleet);
    const charts = await sendMonth(fleet);
    const path = join(folder, 'views.db');
    const readings = multiplySeries(path, options.readings ?? READINGS);
    const url = await http.server.listen({ host: '127.0.0.1', port: 0 });
    const asked = await measure(`${url}/api/v1`, await http.login('org-owner'), charts);
    return {
      readings,
      points: POINTS,
      ...asked,
      ...measureBare(path, numberOf(join(folder, 'registry.db'), charts.month)),
    };
  } finally {
    await http.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

type Ask = (path: string, times: number) => Promise<Answered>;

const openClient = (url: string, token: string): { ask: Ask; close(): Promise<number> } => {
  const worker = new Worker(new URL('query-client.js', import.meta.url), { workerData: token });
  let last = 0;
  const ask: Ask = (path, times) =>
    new Promise((resolve, reject) => {
      last += 1;
      const id = last;
      const heard = (answer: Answered): void => {
        if (answer.id !== id) return;
        worker.off('message', heard);
        worker.off('error', reject);
        resolve(answer);
      };
      worker.on('message', heard);
      worker.once('error', reject);
      worker.postMessage({ id, url: `${url}/${path}`, times } satisfies Asked);
    });
  return { ask, close: () => worker.terminate() };
};

const measure = async (
  url: string,
  token: string,
  { month, charted }: { readonly month: string; readonly charted: readonly string[] },
): Promise<Record<string, number>> => {
  const client = openClient(url, token);
  const period = `from=${new Date(MONTH.from).toISOString()}&to=${new Date(MONTH.to).toISOString()}`;
  const page = 'latest?limit=1000';
  const chart = `charts?points=${month}&${period}&width=1000`;
  const charts = `charts?points=${charted.join(',')}&${period}&width=1000`;
  const counts = 'device-counts?limit=1000';
  const csv = `readings?point=${month}&${period}&format=csv`;
  try {
    for (const path of [page, chart]) await client.ask(path, 5);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const pages = await client.ask(page, PAGES);
    const chartMonths = await client.ask(chart, PAGES);
    const dashboards = await client.ask(charts, 10);
    const counted = await client.ask(counts, 10);
    const latest = await client.ask('latest?format=csv', STREAMS);
    const heldBefore = process.memoryUsage().rss;
    const rows = await client.ask(csv, STREAMS);
    const csvMemoryMb = (process.memoryUsage().rss - heldBefore) / 1e6;
    delay.disable();
    if (latest.lines < POINTS || rows.lines !== MONTH_READINGS + 1) {
      throw new Error(`${latest.lines} points and ${rows.lines} readings came`);
    }
    return {
      latestPage1000P95Ms: percentile(pages.ms, 0.95),
      latest100kStreamMs: percentile(latest.ms, 0.5),
      chartMonthP95Ms: percentile(chartMonths.ms, 0.95),
      countLatest100MMs: percentile(counted.ms, 0.95),
      charts50P95Ms: percentile(dashboards.ms, 0.95),
      csvRowsPerSecond: MONTH_READINGS / (percentile(rows.ms, 0.5) / 1000),
      csvMemoryMb,
      loopBlockMs: delay.max / 1e6,
      loopBlockP999Ms: delay.percentile(99.9) / 1e6,
    };
  } finally {
    await client.close();
  }
};

const timed = (act: () => void): number => {
  const startedAt = performance.now();
  act();
  return performance.now() - startedAt;
};

const numberOf = (path: string, pointId: string): number => {
  const database = openDatabase(path, { readonly: true });
  try {
    const select = database.prepare<[string], number>('select number from point where id = ?').pluck();
    return select.get(pointId) ?? Number.NaN;
  } finally {
    database.close();
  }
};

const measureBare = (path: string, point: number): Record<string, number> => {
  const database = openDatabase(path, { readonly: true, cacheKib: 32_768 });
  try {
    const page = database.prepare('select * from latest order by point limit 1000');
    const all = database.prepare('select * from latest order by point');
    const month = database.prepare<[number, number, number], object>(
      'select * from series where point = ? and time >= ? and time < ?',
    );
    const pages = Array.from({ length: PAGES }, () => timed(() => JSON.stringify(page.all())));
    let text = '';
    const csvMs = timed(() => {
      for (const row of month.iterate(point, MONTH.from, MONTH.to)) {
        text = `${Object.values(row).join(',')}\r\n`;
      }
    });
    if (text === '') throw new Error('the month is empty');
    return {
      bareLatestPage1000P95Ms: percentile(pages, 0.95),
      bareLatest100kMs: timed(() => JSON.stringify(all.all())),
      bareCsvRowsPerSecond: MONTH_READINGS / (csvMs / 1000),
    };
  } finally {
    database.close();
  }
};
