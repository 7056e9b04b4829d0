import { ALARMS, type GatewayEvent } from '../store/operations-store.js';
import type { LedgerDetail, LedgerEpoch, LedgerGap } from '../store/views-store.js';

/** A gateway's ledger with what happened to it. */
export interface GatewayLedger extends LedgerDetail {
  readonly gatewayId: string;
  readonly name: string;
  readonly events: readonly GatewayEvent[];
}

/** No batch is missing, and every row is accounted for. */
export const ledgerAddsUp = ({ epochs, unreadable }: LedgerDetail): boolean =>
  unreadable === 0 && epochs.every(({ addsUp }) => addsUp);

const DAY_COLUMNS = [
  'day',
  'sealed',
  'received',
  'quarantined',
  'lostBatches',
  'missing',
  'duplicates',
  'readings',
  'windows',
  'late',
  'declaredLost',
] as const;

const DAY_HEADS = [
  'day (UTC)',
  'sealed',
  'received',
  'quarantined',
  'declared lost',
  'missing',
  'duplicates',
  'readings',
  'windows',
  'late',
  'readings lost',
];

/** A ledger as people read it. */
export const renderLedger = (ledger: GatewayLedger): string => {
  const verdict = ledgerAddsUp(ledger) ? 'adds up to the last reading' : 'DOES NOT ADD UP';
  const unreadable =
    ledger.unreadable === 0 ? [] : [`  ${ledger.unreadable} messages are kept apart without a number`];
  return [
    `${ledger.name} (${ledger.gatewayId}): ${verdict}`,
    ...unreadable,
    ...ledger.epochs.flatMap((epoch) => [...epochLines(epoch), ...dayLines(ledger, epoch.epoch)]),
    ...ledger.events.map(
      ({ kind, detail, lastAt, count }) =>
        `  ${ALARMS.has(kind) ? 'ALARM ' : ''}${kind}, ${isoText(lastAt)}${count > 1 ? `, ${count} times` : ''}: ${detail}`,
    ),
    '',
  ].join('\n');
};

const isoText = (time: number): string => new Date(time).toISOString();

const gapText = ({ first, last, after, before }: LedgerGap): string => {
  const between = [
    after === null ? '' : ` after ${isoText(after)}`,
    before === null ? '' : ` before ${isoText(before)}`,
  ].join('');
  return `    MISSING: batches ${first} to ${last}${between}`;
};

const epochLines = (epoch: LedgerEpoch): readonly string[] => {
  const { rows } = epoch;
  const bound = epoch.declaredLostIsBound ? ' (at most)' : '';
  const erased = rows.erased === 0 ? '' : `, ${rows.erased} erased`;
  const unaccounted = rows.unaccounted === 0 ? '' : `, ${rows.unaccounted} UNACCOUNTED`;
  return [
    `  epoch ${epoch.epoch}: ${epoch.sealed} batches sealed, ${epoch.stored} received, ` +
      `${epoch.quarantined} quarantined, ${epoch.lostBatches} declared lost, ${epoch.clones} clones`,
    `    ${rows.lastOrdinal} rows: ${rows.readings} readings, ${rows.windows} windows, ${rows.heldBack} held back, ` +
      `${rows.quarantined} quarantined, ${rows.declaredLost} declared lost${bound}, ` +
      `${rows.lossRecords} loss records${erased}${unaccounted}`,
    ...epoch.losses.map(
      ({ cause, records, batches, readings, windows, exact }) =>
        `    lost for ${cause}: ${exact ? '' : 'at most '}${readings} readings, ${windows} windows, ` +
        `${batches} batches (${records} records)`,
    ),
    ...epoch.gaps.map(gapText),
  ];
};

const dayLines = ({ days }: LedgerDetail, epoch: string): readonly string[] => {
  const rows = days
    .filter((day) => day.epoch === epoch)
    .map((day) => DAY_COLUMNS.map((column) => String(day[column])));
  const table = [DAY_HEADS, ...rows];
  const widths = DAY_HEADS.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map(
    (row) => `    ${row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ')}`,
  );
};
