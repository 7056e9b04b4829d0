import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { Check } from 'typebox/value';
import { openAuthority } from '../../registry/authority/authority.js';
import { newId } from '../../registry/new-id.js';
import type { AuditStore, StoredAuditEntry } from '../../store/audit-store.js';
import { usageTrail } from '../../store/usage-store.js';
import { openRegistryStore } from '../../store/sqlite/registry-store.js';
import { allTrails } from './all-trails.js';
import { AuditError } from './audit-error.js';
import { OUTCOMES } from './content.js';
import { auditCsvHeader, auditCsvLine } from './csv-entry.js';
import { createHeads } from './heads.js';
import { exportEntry, presentEntry } from './present-entry.js';
import { entriesOf, parseEntries, searchAll } from './read-entries.js';
import { HEADS, openHead, type TreeHead } from './signed-head.js';
import { verifyTrail, type Verdict } from './verify-trail.js';

interface Stores {
  readonly audit: AuditStore;
  /** With those of the usage ledger. */
  readonly all: AllTrails;
}

type AllTrails = ReturnType<typeof allTrails>;

const print = (text: string): void => void process.stdout.write(text);

const withStores = async <Result>(
  data: string,
  act: (stores: Stores) => Result | Promise<Result>,
): Promise<Result> => {
  const registry = openRegistryStore(join(resolve(data), 'registry.db'), { newId });
  try {
    return await act({ audit: registry.audit, all: allTrails(registry) });
  } finally {
    registry.close();
  }
};

const time = (text: string): number => {
  const parsed = Date.parse(text);
  if (Number.isNaN(parsed)) throw new InvalidArgumentError('write a time as 2026-11-21T08:00:00Z.');
  return parsed;
};

/** `terroir-fleet audit`. */
export const auditCommand = (): Command =>
  new Command('audit')
    .description('Who did what, and what was refused to whom; and the proof that nobody changed it since.')
    .addCommand(listCommand())
    .addCommand(headCommand())
    .addCommand(exportCommand())
    .addCommand(verifyCommand());

interface ListOptions {
  readonly organisation?: string;
  readonly subject?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly outcome?: string;
  readonly from?: number;
  readonly to?: number;
  readonly format: 'text' | 'json' | 'csv';
  readonly data: string;
}

const listCommand = (): Command =>
  new Command('list')
    .description('Search the audit trails, newest first.')
    .option('--organisation <id>', 'of one organisation (default: all)')
    .option('--subject <id>', 'who acted')
    .option('--action <action>', 'what they did')
    .option('--resource <id>', 'on what')
    .addOption(new Option('--outcome <outcome>').choices(OUTCOMES))
    .option('--from <time>', 'ISO 8601', time)
    .option('--to <time>', 'ISO 8601, not included', time)
    .addOption(new Option('--format <format>').choices(['text', 'json', 'csv']).default('text'))
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .action(({ data, organisation, format, ...search }: ListOptions) =>
      withStores(data, ({ audit: store }) => {
        const trails = organisation === undefined ? store.trails() : [organisation];
        if (format === 'csv') print(auditCsvHeader());
        for (const entries of searchAll(store, trails, search)) print(entries.map(LINES[format]).join(''));
      }),
    );

const LINES: Readonly<Record<ListOptions['format'], (entry: StoredAuditEntry) => string>> = {
  csv: auditCsvLine,
  json: (entry) => `${JSON.stringify(presentEntry(entry))}\n`,
  text: (entry) => {
    const { time, subject, action, resource, outcome, reason, from } = presentEntry(entry);
    if (subject === null) return `${time}  (erased)\n`;
    const who = subject.name ?? subject.id ?? subject.type;
    const why = reason === null ? '' : ` (${reason})`;
    const what = `${resource?.type ?? ''} ${resource?.id ?? ''}`.trim();
    return `${time}  ${outcome ?? ''}${why}  ${who} from ${from ?? ''}: ${action ?? ''} ${what}\n`;
  },
};

const headCommand = (): Command =>
  new Command('head')
    .description(
      'Sign how the trails stand now, also those of the usage ledger. Keep the file elsewhere: it proves later what was there.',
    )
    .option('--organisation <id>', 'of one organisation (default: all)')
    .option('--save <file>', 'write it here rather than print it')
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .action((options: { organisation?: string; save?: string; data: string }) =>
      withStores(options.data, async ({ all: store }) => {
        const authority = await openAuthority(join(resolve(options.data), 'authority'), { now: Date.now });
        const signer = await authority.issueDocumentSigner({ name: 'Terroir audit' });
        const heads = createHeads({ store, signer, now: Date.now });
        const trails = trailsAsked(store, options.organisation);
        const text = `${JSON.stringify({ heads: heads(trails) }, null, 2)}\n`;
        if (options.save === undefined) print(text);
        else writeFileSync(options.save, text);
      }),
    );

/** Of one organisation: what was done, and what was used of its data. */
const trailsAsked = (store: AllTrails, organisation: string | undefined): readonly string[] =>
  organisation === undefined ? store.trails() : [organisation, usageTrail(organisation)];

const exportCommand = (): Command =>
  new Command('export')
    .description('Print whole trails with their hashes, for `audit verify --entries` on another machine.')
    .option('--organisation <id>', 'of one organisation (default: all)')
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .action(({ organisation, data }: { organisation?: string; data: string }) =>
      withStores(data, ({ all: store }) => {
        for (const trail of trailsAsked(store, organisation)) {
          for (const entry of entriesOf(store, trail)) print(exportEntry(entry));
        }
      }),
    );

interface VerifyOptions {
  readonly head: readonly string[];
  readonly entries?: string;
  readonly root?: string;
  readonly json: boolean;
  readonly data: string;
}

const verifyCommand = (): Command =>
  new Command('verify')
    .description(
      'Find entries that were edited, removed, moved, chained anew, or cut off. Exit code 1 if any.',
    )
    .requiredOption('--head <files...>', 'heads that were kept, of `audit head` or GET /api/v1/audit/head')
    .option('--entries <file>', 'verify an export rather than the fleet’s data')
    .option('--root <file>', 'the fleet’s root certificate as you know it (default: that of its data)')
    .option('--data <folder>', 'the fleet’s data', './fleet-data')
    .option('--json', 'for scripts', false)
    .action(async (options: VerifyOptions) => {
      const rootFile = options.root ?? join(resolve(options.data), 'authority', 'root.pem');
      const root = readFileSync(rootFile, 'utf8');
      const heads = options.head.flatMap((file) => readHeads(file, root));
      const verdicts =
        options.entries === undefined
          ? await withStores(options.data, ({ all }) => verifyStore(all, heads))
          : verifyExport(readFileSync(options.entries, 'utf8'), heads);
      print(options.json ? `${JSON.stringify({ trails: verdicts })}\n` : verdicts.map(render).join(''));
      if (verdicts.some(({ findings }) => findings.length > 0)) process.exitCode = 1;
    });

const readHeads = (file: string, root: string): TreeHead[] => {
  const text = readFileSync(file, 'utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!Check(HEADS, value)) throw new AuditError('bad-head', `${file} holds no heads of audit trails.`);
  return value.heads.map(({ jws }) => openHead(jws, root));
};

/** All trails of the fleet, and those that only the heads still know. */
const verifyStore = (store: AllTrails, heads: readonly TreeHead[]): Verdict[] =>
  trailsOf(store.trails(), heads).map((trail) =>
    verifyTrail(trail, entriesOf(store, trail), of(trail, heads)),
  );

const verifyExport = (text: string, heads: readonly TreeHead[]): Verdict[] => {
  const entries = parseEntries(text);
  const trails = trailsOf(
    entries.map(({ trail }) => trail),
    heads,
  );
  return trails.map((trail) =>
    verifyTrail(
      trail,
      entries.filter((entry) => entry.trail === trail),
      of(trail, heads),
    ),
  );
};

const trailsOf = (trails: readonly string[], heads: readonly TreeHead[]): string[] =>
  [...new Set([...trails, ...heads.map(({ organisationId }) => organisationId)])].toSorted();

const of = (trail: string, heads: readonly TreeHead[]): TreeHead[] =>
  heads.filter(({ organisationId }) => organisationId === trail);

const render = ({ organisationId, entries, erased, findings }: Verdict): string => {
  const count = `${organisationId}: ${entries} entries${erased === 0 ? '' : `, ${erased} of them erased`}`;
  if (findings.length === 0) return `${count}, as they were written.\n`;
  const lines = findings.map(
    ({ number, what }) => `  ${number === undefined ? '' : `entry ${number}: `}${what}\n`,
  );
  return `${count}. NOT as they were written:\n${lines.join('')}`;
};
