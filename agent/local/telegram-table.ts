import type { Sample } from '../../drivers/sample.js';
import type { FieldPoint } from '../../drivers/profile.js';
import type { Field, Telegram } from '../../drivers/telegram/telegram.js';

/** A telegram, and what the points of a profile are in it. */
export interface ShownTelegram {
  readonly telegram: Telegram;
  readonly points: readonly FieldPoint[];
  readonly samples: readonly Sample[];
  /** UCUM; empty where the dialect gives none. */
  readonly unitOf: (field: string) => string;
}

const iso = (ms: number): string => new Date(ms).toISOString();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const plain = (value: Field['value']): number | string | null =>
  typeof value === 'bigint' ? value.toString() : value;

const valueText = ({ value, fault }: Pick<Field, 'value' | 'fault'>, unit: string): string => {
  if (value === null) return `– (${fault?.detail ?? 'no value'})`;
  const shown = String(value);
  return unit === '' || unit === '1' ? shown : `${shown} ${unit}`;
};

const notes = ({ doubt, deviceTime }: Pick<Field, 'doubt' | 'deviceTime'>): string =>
  [
    ...(deviceTime === undefined ? [] : [`at ${iso(deviceTime)}`]),
    ...(doubt === undefined ? [] : [`suspect: ${doubt.detail}`]),
  ].join('; ');

/** Longer texts push their notes aside, not everybody's. */
const WIDEST = 40;

const rows = (cells: readonly (readonly string[])[]): readonly string[] => {
  const width = (column: number): number => Math.max(0, ...cells.map((row) => row[column]?.length ?? 0));
  const widths = [width(0), Math.min(WIDEST, width(1))];
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
};

/** Fields in the order they came, one a line; then the points. */
export const renderTelegram = ({ telegram, points, samples, unitOf }: ShownTelegram): string => {
  const head = [
    ...(telegram.address === '' ? [] : [`from ${telegram.address}`]),
    ...(telegram.deviceTime === undefined ? [] : [`device time ${iso(telegram.deviceTime)}`]),
    ...(telegram.deviceClock === undefined ? [] : [`its clock is ${telegram.deviceClock}`]),
  ].join(', ');
  const fields = [...telegram.fields].map(([name, field]) => [
    name,
    valueText(field, unitOf(name)),
    notes(field),
  ]);
  const named = samples.map((sample) => {
    const point = points.find(({ key }) => key === sample.point);
    return [sample.point, valueText(sample, point?.unit ?? ''), notes(sample)];
  });
  return [
    ...(head === '' ? [] : [head]),
    ...(telegram.remarks ?? []),
    ...rows(fields),
    ...(named.length === 0 ? [] : ['', 'Points of the profile:', ...rows(named)]),
  ].join('\n');
};

const fieldJson = ({ value, raw, fault, doubt, deviceTime }: Field): Record<string, unknown> => ({
  value: plain(value),
  raw: hex(raw),
  ...(fault === undefined ? {} : { fault }),
  ...(doubt === undefined ? {} : { doubt }),
  ...(deviceTime === undefined ? {} : { deviceTime: iso(deviceTime) }),
});

export const telegramAsJson = ({ telegram, samples, unitOf }: ShownTelegram): string => {
  const { address, deviceTime, deviceClock, remarks } = telegram;
  const fields = Object.fromEntries(
    [...telegram.fields].map(([name, field]) => [name, { unit: unitOf(name), ...fieldJson(field) }]),
  );
  const points = Object.fromEntries(samples.map((sample) => [sample.point, fieldJson(sample)]));
  return JSON.stringify(
    {
      address,
      ...(deviceTime === undefined ? {} : { deviceTime: iso(deviceTime) }),
      ...(deviceClock === undefined ? {} : { deviceClock }),
      ...(remarks === undefined ? {} : { remarks }),
      fields,
      ...(samples.length === 0 ? {} : { points }),
    },
    null,
    2,
  );
};
