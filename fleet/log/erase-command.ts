import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { changeAsOperator } from '../access/audit/operator-audit.js';
import { operatorScope } from '../operations/operator-scope.js';
import { parseTime } from '../parse-time.js';
import { createProjector, type Projector } from '../projections/projector.js';
import { MAX_ERASED_BATCHES, sealErasure } from '../proof/erasure-receipt.js';
import { RECEIPT_SIGNER, receiptSignerOf } from '../proof/receipt.js';
import { openAuthority } from '../registry/authority/authority.js';
import { readPassphrase } from '../registry/authority/passphrase.js';
import { newId } from '../registry/new-id.js';
import type { PointRow } from '../store/views-store.js';
import { isOpenElsewhere } from '../store/sqlite/database.js';
import { openLogReader } from '../store/sqlite/log-reader.js';
import { openLogWriter } from '../store/sqlite/log-writer.js';
import { openRegistryStore } from '../store/sqlite/registry-store.js';
import { openViewsReader } from '../store/sqlite/views-reader.js';
import { openViewsWriter } from '../store/sqlite/views-writer.js';
import { countColumns, eraseColumns, type ErasureOrder } from './erase-columns.js';

interface EraseOptions {
  readonly point: string;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  readonly out?: string;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly data: string;
  readonly caPassphraseFile?: string;
}

/** `terroir-fleet erase`. */
export const eraseCommand = (): Command =>
  new Command('erase')
    .description(
      'Erase what one point measured in a period, for good, and write the signed receipt. Stop the service first.',
    )
    .requiredOption('--point <id>', 'id of the point')
    .requiredOption('--from <time>', 'ISO 8601', parseTime)
    .requiredOption('--to <time>', 'ISO 8601, not included', parseTime)
    .requiredOption('--reason <text>', 'kept in the receipt and in the audit trail')
    .option('--out <file>', 'where to write the receipt; needed without --dry-run')
    .option('--dry-run', 'say what would go, and erase nothing', false)
    .option('--json', 'for scripts', false)
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .option('--ca-passphrase-file <file>', 'passphrase of the authority’s keys, as for `serve`')
    .addHelpText(
      'after',
      `
A batch's column of the point goes as a whole, also where it reaches beyond the period; its neighbours stay, with
their proofs. All views are then made again from the log. Killed half-way, the same command goes on and gives the
whole receipt; check that with terroir-fleet verify. Gateways' own buffers and backups keep what they have.`,
    )
    .action(async (options: EraseOptions) => {
      const folder = resolve(options.data);
      requireSound(folder, options);
      const opened = openFleet(folder);
      try {
        await run(folder, opened, options);
      } finally {
        opened.close();
      }
    });

const requireSound = (folder: string, { from, to, out, dryRun }: EraseOptions): void => {
  if (from >= to) throw new Error('--from must be before --to.');
  if (!dryRun && out === undefined) throw new Error('--out is needed: the receipt says what went.');
  if (out !== undefined && existsSync(out)) throw new Error(`${out} exists: give the receipt another name.`);
  const log = join(folder, 'log.db');
  if (!existsSync(log)) throw new Error(`There is no fleet in ${folder}.`);
  if (isOpenElsewhere(log)) throw new Error('The fleet is running: stop it first, and start it again after.');
};

type Fleet = ReturnType<typeof openFleet>;

const openFleet = (folder: string) => {
  const path = (name: string): string => join(folder, `${name}.db`);
  const writer = openLogWriter(path('log'));
  const reader = openLogReader(path('log'));
  const registry = openRegistryStore(path('registry'), { newId });
  const writing = openViewsWriter(path('views'));
  const views = openViewsReader({ views: path('views'), registry: path('registry'), log: path('log') });
  const projector = createProjector({
    log: reader,
    views: writing,
    registry,
    onQuarantine: ({ source, reason }) => process.stderr.write(`quarantined: ${source}: ${reason}\n`),
  });
  return {
    writer,
    reader,
    registry,
    views,
    projector,
    checkpoint: () => writing.checkpoint(),
    close: () => {
      views.close();
      writing.close();
      registry.close();
      reader.close();
      void writer.close();
    },
  };
};

const progressOf =
  (what: string, head: number) =>
  (position: number): void =>
    void process.stderr.write(`\r${what}: ${position} of ${head} log entries`);

const projectAll = (projector: Projector, progress: (position: number) => void): void => {
  for (let step = projector.step(); step.applied > 0; step = projector.step()) progress(step.position);
};

const run = async (folder: string, fleet: Fleet, options: EraseOptions): Promise<void> => {
  const { reader, views, projector } = fleet;
  const { point: pointId, from, to, dryRun, json } = options;
  const progress = (what: string) => progressOf(what, reader.head());
  // what waits in the log may bring the directory that the point is numbered in
  projectAll(projector, progress('reading'));
  const point = views.point(operatorScope(fleet.registry.organisations()), pointId);
  if (point === undefined) throw new Error(`There is no point ${pointId}.`);
  const order: ErasureOrder = {
    pointId,
    from,
    to,
    numberIn: (source, directory) => views.numberIn(source, directory, pointId),
  };
  const deps = { ...fleet, now: Date.now };
  const found = countColumns(deps, order, progress('looking'));
  const already = reader.erased(pointId, from, to).length;
  process.stderr.write('\n');
  if (dryRun) return say(json, { dryRun, pointId, ...found, alreadyErased: already });
  if (found.batches + already === 0) throw new Error('There is nothing of this point in that period.');
  if (found.batches + already > MAX_ERASED_BATCHES) {
    throw new Error(`One receipt lists ${MAX_ERASED_BATCHES} batches at most: erase shorter periods.`);
  }
  // before the first column goes: whatever happens from here on, no view is left that shows it
  projector.rebuild();
  const erased = await eraseColumns(deps, order, progress('erasing'));
  projectAll(projector, progress('making views again'));
  fleet.checkpoint();
  process.stderr.write('\n');
  const receipt = await receiptOf(folder, fleet, options);
  const keptApart = countKeptApart(fleet, options);
  finish(fleet, point, options, receipt);
  say(json, { dryRun, pointId, ...erased, alreadyErased: already, keptApart, receipt: options.out });
};

const receiptOf = async (
  folder: string,
  { reader }: Fleet,
  { point: pointId, from, to, reason, caPassphraseFile }: EraseOptions,
): Promise<Uint8Array> => {
  const passphrase = await readPassphrase(caPassphraseFile, process.env);
  const authority = await openAuthority(join(folder, 'authority'), { now: Date.now, passphrase });
  const issued = await authority.issueDocumentSigner({ name: RECEIPT_SIGNER });
  const issuer = new X509Certificate(authority.issuerOf(issued.certificatePem)).raw;
  const batches = reader.erased(pointId, from, to);
  const said = { pointId, from, to, reason, by: userInfo().username, issuedAt: Date.now(), batches };
  return sealErasure(said, receiptSignerOf(issued), [new Uint8Array(issuer)]);
};

/** Messages of the same gateways that the log does not list: nothing reads them, and a person must look. */
const countKeptApart = ({ reader }: Fleet, { point, from, to }: EraseOptions): number => {
  const sources = new Set(reader.erased(point, from, to).map(({ source }) => source));
  return [...sources].reduce((sum, source) => sum + reader.keptApart(source, 1000).length, 0);
};

const finish = (
  { registry, reader }: Fleet,
  { id, organisationId }: PointRow,
  { from, to, reason, out = '' }: EraseOptions,
  receipt: Uint8Array,
): void =>
  changeAsOperator(
    registry,
    () => writeFileSync(out, receipt, { flag: 'wx' }),
    () => ({
      action: 'erase-readings',
      resource: { type: 'point', id, organisationId },
      after: {
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
        reason,
        batches: reader.erased(id, from, to).length,
        receipt: createHash('sha256').update(receipt).digest('hex'),
      },
    }),
  );

interface Said {
  readonly dryRun: boolean;
  readonly pointId: string;
  readonly batches: number;
  readonly readings: number;
  readonly windows: number;
  readonly alreadyErased: number;
  readonly keptApart?: number;
  readonly receipt?: string | undefined;
}

const say = (json: boolean, said: Said): void => {
  process.stdout.write(json ? `${JSON.stringify(said, null, 2)}\n` : textOf(said));
};

const textOf = ({ dryRun, readings, windows, batches, alreadyErased, keptApart, receipt }: Said): string =>
  [
    `${dryRun ? 'would erase' : 'erased'} ${readings} readings and ${windows} windows of ${batches} batches`,
    ...(alreadyErased === 0 ? [] : [`${alreadyErased} batches had been erased before`]),
    ...(keptApart === undefined || keptApart === 0
      ? []
      : [`${keptApart} messages of the same gateways are kept apart and were not searched: see quarantine`]),
    ...(receipt === undefined ? [] : [`receipt in ${receipt}; check it with terroir-fleet verify`]),
    '',
  ].join('\n');
