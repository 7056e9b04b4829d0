import type { SeqRange } from '#wire/messages.js';
import { missingRanges } from '../../log/seq-ranges.js';
import { cover } from '../seq-cover.js';
import type { LedgerRow } from '../views-store.js';
import type { Database } from './database.js';
import { gatewayOfGrant, GRANTS, operationsParameter, seenAt } from './views-scope.js';
import type { ViewsQueries } from './views-queries.js';

export interface AskedGateway {
  readonly grants: string;
  readonly gateway: string;
}
export interface AskedEpoch extends AskedGateway {
  readonly epoch: string;
}

/** Columns of an epoch of which views.db has nothing yet. */
export interface EpochRow {
  readonly epoch: string;
  readonly batches: number;
  readonly readings: number;
  readonly windows: number;
  readonly lossRecords: number;
  readonly erased: number;
  readonly heldBack: number;
  readonly late: number;
  readonly quarantined: number;
  readonly quarantinedRows: number;
  readonly lost: number;
  readonly lostRows: number;
  readonly lostIsBound: number;
  readonly covered: string;
  readonly lostSeqs: string;
  readonly lastOrdinal: number;
  /** What the gateway last said of it; 0 and `null` where nothing. */
  readonly sealed: number;
  readonly saidOrdinal: number;
  readonly unsealed: number | null;
}

/** `source` where the scope gives the gateway of that id; nothing otherwise. */
export const GATEWAY = `gateway_row as materialized (
  select distinct g.id from ${gatewayOfGrant('@gateway')})`;

const zeros = (columns: readonly string[]): string =>
  columns
    .map(
      (column) =>
        `ifnull(o.${column}, 0) as ${column.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())}`,
    )
    .join(', ');

const COUNTS = zeros([
  'batches',
  'readings',
  'windows',
  'loss_records',
  'erased',
  'held_back',
  'late',
  'quarantined',
  'quarantined_rows',
  'lost',
  'lost_rows',
  'lost_is_bound',
  'last_ordinal',
]);

/** Epochs of a gateway: those projected, those it told of, and those of which the log has something. */
export const createEpochQuery = (database: Database): ((asked: AskedGateway) => EpochRow[]) => {
  const epochs = database.prepare<[AskedGateway], EpochRow>(
    `with ${GRANTS}, ${GATEWAY}, epochs (epoch) as (
       select o.epoch from origin o join gateway_row g on o.source = g.id
       union select e.epoch from registry.gateway_epoch e join gateway_row g on e.gateway_id = g.id
       union select l.epoch from log.origin l join gateway_row g on l.source = g.id
     )
     select e.epoch, ${COUNTS}, ifnull(o.covered, '[]') as covered, ifnull(o.lost_seqs, '[]') as lostSeqs,
       ifnull(s.last_sealed, 0) as sealed, ifnull(s.last_ordinal, 0) as saidOrdinal, s.unsealed
     from epochs e join gateway_row g left join origin o on o.source = g.id and o.epoch = e.epoch
       left join registry.gateway_epoch s on s.gateway_id = g.id and s.epoch = e.epoch
     order by e.epoch`,
  );
  return (asked) => epochs.all(asked);
};

/**
 * The ledger of a gateway, by epoch. What the log (attached as `log`) has counts as present even where the
 * projections have not come to it.
 */
export const createLedgerQuery = (
  database: Database,
): Pick<ViewsQueries, 'ledger' | 'holes' | 'declaredLost'> => {
  const epochs = createEpochQuery(database);
  const fromLog = createLogPart(database);
  const lost = database.prepare<[string, string], { lostSeqs: string }>(
    'select lost_seqs as lostSeqs from origin where source = ? and epoch = ?',
  );
  return {
    ledger: (scope, gateway) => {
      const asked = { grants: operationsParameter(scope), gateway };
      return epochs(asked).map((row) => ledgerRow(row, fromLog({ ...asked, epoch: row.epoch })));
    },
    holes: createHolesQuery(database),
    declaredLost: (source, epoch) => {
      const row = lost.get(source, epoch);
      return row === undefined ? [] : (JSON.parse(row.lostSeqs) as SeqRange[]);
    },
  };
};

export interface LogPart {
  readonly duplicates: number;
  /** Batches that the door refused. */
  readonly quarantined: readonly number[];
  readonly stored: readonly SeqRange[];
}

/** What the log itself tells of one epoch. */
export const createLogPart = (database: Database): ((asked: AskedEpoch) => LogPart) => {
  const scoped = `with ${GRANTS}, ${GATEWAY}`;
  const origin = 'log.origin l join gateway_row g on l.source = g.id and l.epoch = @epoch';
  const duplicates = database.prepare<[AskedEpoch], { count: number }>(
    `${scoped} select ifnull(sum(d.count), 0) as count from ${origin} join log.duplicate d on d.origin = l.number`,
  );
  const quarantined = database.prepare<[AskedEpoch], { seq: number }>(
    `${scoped} select distinct k.seq from ${origin} join log.kept_apart k on k.origin = l.number
     where not exists (select 1 from log.batch_key b where b.origin = k.origin and b.seq = k.seq)`,
  );
  const stored = database.prepare<[AskedEpoch], { first: number; last: number }>(
    `${scoped} select r.first, r.last from ${origin} join log.stored_range r on r.origin = l.number`,
  );
  return (asked) => ({
    duplicates: duplicates.get(asked)?.count ?? 0,
    quarantined: quarantined.all(asked).map(({ seq }) => seq),
    stored: stored.all(asked).map(({ first, last }): SeqRange => [first, last]),
  });
};

/** Batches that were sealed, as far as anything tells, and those of them that are nowhere. */
const sealedAndMissing = (
  row: Pick<EpochRow, 'covered' | 'sealed'>,
  log: Pick<LogPart, 'stored' | 'quarantined'>,
): { readonly sealed: number; readonly missing: readonly SeqRange[] } => {
  const refused = log.quarantined.map((seq): SeqRange => [seq, seq]);
  let present = JSON.parse(row.covered) as readonly SeqRange[];
  for (const [first, last] of [...log.stored, ...refused]) present = cover(present, first, last);
  const sealed = Math.max(row.sealed, present.at(-1)?.[1] ?? 0);
  return { sealed, missing: missingRanges(present, 1, sealed) };
};

export const ledgerRow = (row: EpochRow, log: LogPart): LedgerRow => {
  const { sealed, missing } = sealedAndMissing(row, log);
  const lostSeqs = JSON.parse(row.lostSeqs) as readonly SeqRange[];
  return {
    epoch: row.epoch,
    sealed,
    stored: row.batches,
    readings: row.readings,
    duplicates: log.duplicates,
    late: row.late,
    quarantined: row.quarantined + log.quarantined.length,
    lostBatches: lostSeqs.reduce((sum, [first, last]) => sum + last - first + 1, 0),
    declaredLost: row.lost,
    declaredLostIsBound: row.lostIsBound !== 0,
    missing,
  };
};

interface AskedGateways {
  readonly grants: string;
  readonly gateways: string;
}

/** Rows of one (source, epoch), in the order that they come in. */
const byEpoch = <Row extends { readonly source: string; readonly epoch: string }>(
  rows: readonly Row[],
): ReadonlyMap<string, Row[]> => {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const place = `${row.source}/${row.epoch}`;
    const group = groups.get(place);
    if (group === undefined) groups.set(place, [row]);
    else group.push(row);
  }
  return groups;
};

/** A few queries for any number of gateways: a listing shows thousands. */
const createHolesQuery = (database: Database): ViewsQueries['holes'] => {
  const asked = `with ${GRANTS}, asked as materialized (select g.id from registry.gateway g
    where g.id in (select value from json_each(@gateways)) and ${seenAt('g.organisation_id', 'g.site_id')})`;
  const epochs = database.prepare<
    [AskedGateways],
    { source: string; epoch: string; covered: string; sealed: number }
  >(
    `${asked}, epochs (source, epoch) as (
       select o.source, o.epoch from origin o join asked a on o.source = a.id
       union select e.gateway_id, e.epoch from registry.gateway_epoch e join asked a on e.gateway_id = a.id
       union select l.source, l.epoch from log.origin l join asked a on l.source = a.id
     )
     select e.source, e.epoch, ifnull(o.covered, '[]') as covered, ifnull(s.last_sealed, 0) as sealed
     from epochs e left join origin o on o.source = e.source and o.epoch = e.epoch
       left join registry.gateway_epoch s on s.gateway_id = e.source and s.epoch = e.epoch`,
  );
  const stored = database.prepare<
    [AskedGateways],
    { source: string; epoch: string; first: number; last: number }
  >(
    `${asked} select l.source, l.epoch, r.first, r.last from log.origin l join asked a on l.source = a.id
       join log.stored_range r on r.origin = l.number`,
  );
  const quarantined = database.prepare<[AskedGateways], { source: string; epoch: string; seq: number }>(
    `${asked} select distinct l.source, l.epoch, k.seq from log.origin l join asked a on l.source = a.id
       join log.kept_apart k on k.origin = l.number
     where not exists (select 1 from log.batch_key b where b.origin = k.origin and b.seq = k.seq)`,
  );
  return (scope, gatewayIds) => {
    const parameters = { grants: operationsParameter(scope), gateways: JSON.stringify(gatewayIds) };
    const [ranges, refused] = [byEpoch(stored.all(parameters)), byEpoch(quarantined.all(parameters))];
    const holes = new Map<string, number>();
    for (const row of epochs.all(parameters)) {
      const place = `${row.source}/${row.epoch}`;
      const { missing } = sealedAndMissing(row, {
        stored: (ranges.get(place) ?? []).map(({ first, last }): SeqRange => [first, last]),
        quarantined: (refused.get(place) ?? []).map(({ seq }) => seq),
      });
      const lacking = missing.reduce((sum, [first, last]) => sum + last - first + 1, 0);
      if (lacking > 0) holes.set(row.source, (holes.get(row.source) ?? 0) + lacking);
    }
    return holes;
  };
};
