import { DAY, HOUR, joinSpans, MINUTE, QUARTER, startOf, type Span } from '../store/periods.js';
import type { Cell, CellsReader, PeriodCells, PointMeta, SeriesReader } from '../store/views-writer.js';
import type { LegalDays } from './legal-day.js';
import { createCellMerger, type CellMerger } from './merged-cells.js';
import type { PointWork, SentWindow } from './point-work.js';
import { rawCells } from './raw-cells.js';

type Views = SeriesReader & CellsReader;

export interface Rollups {
  /**
   * The cells of one point that its new rows and windows change, finest period first, made before any of it is stored.
   * Each cell has one origin: the gateway's window where there is one or the directory promises one, else the finer
   * cells, and for minutes the readings.
   */
  project(work: PointWork, carryMs: number): Promise<readonly PeriodCells[]>;
  /** Drops what is remembered of uncommitted work. */
  forget(): void;
}

export const createRollups = (views: Views, legalDays: Pick<LegalDays, 'dayOf'>): Rollups => {
  const merger = createCellMerger(views);
  return {
    project: async (work, carryMs) => {
      const minutes = await minutesOf(views, work, carryMs);
      const quarters = await mergedOf(views, merger, work, {
        periodMs: QUARTER,
        finerMs: MINUTE,
        finer: minutes,
      });
      const hours = await mergedOf(views, merger, work, {
        periodMs: HOUR,
        finerMs: QUARTER,
        finer: quarters,
      });
      const days = await legalDaysOf({ merger, legalDays }, work.meta, quarters, hours);
      return [
        { periodMs: MINUTE, cells: minutes },
        { periodMs: QUARTER, cells: quarters },
        { periodMs: HOUR, cells: hours },
        { periodMs: DAY, cells: days },
      ];
    },
    forget: () => {
      merger.forget();
    },
  };
};

/** These three give all cells of their period that change, by start. */
const minutesOf = async (views: Views, work: PointWork, carryMs: number): Promise<readonly Cell[]> => {
  const { meta, rows } = work;
  const windows = await windowsOf(views, work, MINUTE);
  if (meta.windows.includes(MINUTE) || rows.length === 0) return windows;
  const taken = startsOf(windows);
  const raw = (await rawCells(views, meta, carryMs, rows)).filter(({ start }) => !taken.has(start));
  return inOrder(windows, raw);
};

interface Finer {
  readonly periodMs: number;
  readonly finerMs: number;
  readonly finer: readonly Cell[];
}

const mergedOf = async (
  views: Views,
  merger: CellMerger,
  work: PointWork,
  input: Finer,
): Promise<readonly Cell[]> => {
  const { meta } = work;
  const { periodMs, finer } = input;
  const windows = await windowsOf(views, work, periodMs);
  const promised = meta.windows.includes(periodMs);
  if (windows.length > 0 || promised) merger.forgetPoint(meta.point, periodMs);
  if (promised || finer.length === 0) return windows;
  const taken = startsOf(windows);
  const dirty = periodsOf(finer, periodMs).filter(({ from }) => !taken.has(from));
  const merged = await merger.merge(meta, { ...input, dirty });
  return inOrder(windows, merged);
};

interface DayDeps {
  readonly merger: CellMerger;
  readonly legalDays: Pick<LegalDays, 'dayOf'>;
}

/** Legal days, from hours; in a zone whose midnight is not on an hour of UTC, from quarters. */
const legalDaysOf = (
  { merger, legalDays }: DayDeps,
  meta: PointMeta,
  quarters: readonly Cell[],
  hours: readonly Cell[],
): Promise<readonly Cell[]> => {
  const days = daysOf(legalDays, hours, meta.timeZone);
  const onHours = days.every(({ from, to }) => from % HOUR === 0 && to % HOUR === 0);
  const input = onHours
    ? { finerMs: HOUR, finer: hours, dirty: days }
    : { finerMs: QUARTER, finer: quarters, dirty: daysOf(legalDays, quarters, meta.timeZone) };
  return merger.merge(meta, { periodMs: DAY, ...input });
};

const startsOf = (cells: readonly Cell[]): ReadonlySet<number> => new Set(cells.map(({ start }) => start));

const inOrder = (a: readonly Cell[], b: readonly Cell[]): readonly Cell[] => {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
  return [...a, ...b].toSorted((x, y) => x.start - y.start);
};

const periodsOf = (cells: readonly Cell[], periodMs: number): readonly Span[] => {
  const spans: Span[] = [];
  for (const cell of cells) {
    const from = startOf(cell.start, periodMs);
    if (spans.at(-1)?.from !== from) spans.push({ from, to: from + periodMs });
  }
  return spans;
};

const daysOf = (legalDays: DayDeps['legalDays'], cells: readonly Cell[], zone: string): readonly Span[] => {
  const days: Span[] = [];
  for (const cell of cells) {
    if (cell.start < (days.at(-1)?.to ?? -Infinity)) continue;
    const { start, end } = legalDays.dayOf(cell.start, zone);
    days.push({ from: start, to: end });
  }
  return days;
};

/** The windows that win over what is stored. */
const windowsOf = async (
  views: CellsReader,
  { meta, windows }: PointWork,
  periodMs: number,
): Promise<readonly Cell[]> => {
  const sent = windows.get(periodMs);
  if (sent === undefined) return [];
  const spans = sent.map(({ window }) => ({ from: window.start, to: window.start + periodMs }));
  const stored: Cell[] = [];
  for (const span of joinSpans(spans))
    stored.push(...(await views.cells(meta, periodMs, span.from, span.to)));
  return winningWindows(sent, periodMs, stored);
};

const winningWindows = (
  sent: readonly SentWindow[],
  periodMs: number,
  stored: readonly Cell[],
): readonly Cell[] => {
  const newest = new Map(stored.map((cell) => [cell.start, cell]));
  const winners = new Map<number, Cell>();
  for (const { sender, window } of sent) {
    const { start, revision, aggregate } = window;
    const cell: Cell = { start, end: start + periodMs, origin: 'window', sender, revision, aggregate };
    if (!replaces(cell, newest.get(start))) continue;
    newest.set(start, cell);
    winners.set(start, cell);
  }
  return [...winners.values()].toSorted((a, b) => a.start - b.start);
};

/**
 * A sender replaces its own window by a newer revision. Where two senders have the same period (a device that
 * moved, a buffer made anew), the one that saw more of it stays.
 */
const replaces = (cell: Cell, old: Cell | undefined): boolean => {
  if (old?.origin !== 'window') return true;
  if (old.sender === cell.sender) return cell.revision > old.revision;
  return cell.aggregate.count > old.aggregate.count;
};
