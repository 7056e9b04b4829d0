import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { createAuditTrail } from '../access/audit/audit-trail.js';
import { changeAsOperator } from '../access/audit/operator-audit.js';
import { organisationOf } from '../access/open-people.js';
import { treeOf } from '../access/organisation-tree.js';
import { operatorSubject } from '../access/subject.js';
import { operatorScope } from '../operations/operator-scope.js';
import { newId } from '../registry/new-id.js';
import type { NewCommand } from '../store/operations-store.js';
import type { RegistryStore } from '../store/registry-store.js';
import { eraseCommandsOf } from './erase-buffers.js';
import {
  byOrganisation,
  countColumns,
  eraseColumns,
  type ErasureOrder,
  type OthersTotal,
} from './erase-columns.js';
import { erasePeople, peopleOf } from './erase-people.js';
import { openSealer, type SealErasure } from './open-sealer.js';
import type { OpenedFleet } from './opened-fleet.js';
import { MAX_ERASED_BATCHES, type ErasureReceipt } from './receipt.js';
import { saidOf, say } from './say-erasure.js';
import { gatewaysOf, holdersOf, targetsOfOrganisation, type ErasureTarget } from './targets.js';

export interface EraseOptions {
  readonly point?: string;
  readonly organisation?: string;
  readonly people: boolean;
  readonly consent: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  readonly out?: string;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly data: string;
  readonly caPassphraseFile?: string;
}

/** What is to go, and in whose trail that is written. */
interface Subject {
  readonly resource: {
    readonly type: 'point' | 'organisation';
    readonly id: string;
    readonly organisationId: string;
  };
  readonly targets: readonly ErasureTarget[];
}

/** Erases, and says what went. */
export const runErasure = async (
  folder: string,
  fleet: OpenedFleet,
  options: EraseOptions,
): Promise<void> => {
  const { reader } = fleet;
  const { dryRun, json } = options;
  const head = await reader.head();
  const progress =
    (what: string) =>
    (position: number): void =>
      void process.stderr.write(`\r${what}: ${position} of ${head} log entries`);
  // what waits in the log may bring the directory that a point is numbered in
  await fleet.settle(progress('reading'));
  const subject = await subjectOf(fleet, options);
  const orders = subject.targets.map((target) => orderOf(fleet, subject, target));
  const deps = { ...fleet, now: Date.now };
  const found = await countColumns(deps, orders, progress('looking'));
  const gone = await erasedOf(fleet, subject);
  const already = gone.length;
  process.stderr.write('\n');
  const people = options.people ? peopleIn(fleet, subject).length : 0;
  if (dryRun) return say(json, saidOf(options, { ...found, alreadyErased: already, people }));
  requireConsent(fleet, [...found.others, ...gone.flatMap(({ others }) => others)], options.consent);
  if (found.batches + already + people === 0) throw new Error('There is nothing of this in that period.');
  if (found.batches + already > MAX_ERASED_BATCHES) {
    throw new Error(`One receipt lists ${MAX_ERASED_BATCHES} batches at most: erase shorter periods.`);
  }
  const seal = await openSealer(folder, options.caPassphraseFile);
  const erased = await eraseColumns(deps, orders, progress('erasing'));
  // whatever happens before: projections follow what was erased as they follow the log
  await fleet.settle(progress('making views again'));
  process.stderr.write('\n');
  const batches = await erasedOf(fleet, subject);
  const { gateways, notAsked } = finish(fleet, subject, options, { seal, batches });
  const kept = { keptApart: await countKeptApart(reader, batches), gateways: gateways.length, notAsked };
  say(json, saidOf(options, { ...erased, alreadyErased: already, people, ...kept }));
};

const subjectOf = async (
  fleet: OpenedFleet,
  { point, organisation, from, to }: EraseOptions,
): Promise<Subject> => {
  const { registry, views } = fleet;
  if (point !== undefined) {
    const row = await views.point(operatorScope(registry.organisations()), point);
    if (row === undefined) throw new Error(`There is no point ${point}.`);
    const { id, organisationId } = row;
    return { resource: { type: 'point', id, organisationId }, targets: [{ pointId: id, from, to }] };
  }
  const { id } = organisationOf(registry.organisations(), organisation);
  const targets = targetsOfOrganisation(registry, id, { from, to });
  return { resource: { type: 'organisation', id, organisationId: id }, targets };
};

/** What another organisation held goes with its consent alone. */
const requireConsent = (
  { registry }: OpenedFleet,
  parts: readonly OthersTotal[],
  consent: readonly string[],
): void => {
  const agreed = consentsOf(registry, consent);
  const asked = byOrganisation(parts).filter(({ organisationId }) => !agreed.includes(organisationId));
  if (asked.length === 0) return;
  const named = asked.map(({ organisationId, readings, windows }) => {
    const name = registry.record('organisation', organisationId)?.name ?? organisationId;
    return `${name} (${organisationId}): ${readings} readings, ${windows} windows`;
  });
  throw new Error(
    `Columns go as a whole, and of some others held a part, by a transfer: ${named.join('; ')}. ` +
      'Give --consent with each of them once it agreed, or a period that ends before.',
  );
};

const consentsOf = (registry: RegistryStore, consent: readonly string[]): readonly string[] =>
  consent.map((text) => organisationOf(registry.organisations(), text).id);

const orderOf = (
  { views, registry }: OpenedFleet,
  { resource }: Subject,
  target: ErasureTarget,
): ErasureOrder => {
  const holders = holdersOf(registry, target.pointId);
  const inPeriod = holders.filter(({ from, to }) => from < target.to && (to ?? Infinity) > target.from);
  const own =
    resource.type === 'organisation' ? [resource.id] : inPeriod.map(({ organisationId }) => organisationId);
  return {
    ...target,
    own: new Set(own),
    holderAt: (time) =>
      holders.find(({ from, to }) => from <= time && time < (to ?? Infinity))?.organisationId,
    numberIn: (source, directory) => views.numberIn(source, directory, target.pointId),
  };
};

const erasedOf = async (
  { reader }: OpenedFleet,
  { targets }: Subject,
): Promise<ErasureReceipt['batches']> => {
  const erased = await Promise.all(
    targets.map(async ({ pointId, from, to }) =>
      (await reader.erased(pointId, from, to)).map((batch) => ({ ...batch, pointId })),
    ),
  );
  return erased.flat();
};

const peopleIn = ({ registry }: OpenedFleet, { resource }: Subject) =>
  registry.people().filter(({ organisationId }) => organisationId === resource.id);

/** Messages of the same gateways that the log does not list: nothing reads them, and a person must look. */
const countKeptApart = async (
  reader: OpenedFleet['reader'],
  batches: ErasureReceipt['batches'],
): Promise<number> => {
  let count = 0;
  for (const source of new Set(batches.map((batch) => batch.source))) {
    count += (await reader.keptApart(source, 1000)).length;
  }
  return count;
};

/** People, commands to gateways, the receipt and its entry in the trail: one transaction. */
const finish = (
  fleet: OpenedFleet,
  subject: Subject,
  options: EraseOptions,
  { seal, batches }: { readonly seal: SealErasure; readonly batches: ErasureReceipt['batches'] },
) => {
  const { registry } = fleet;
  const { from, to, reason, out = '' } = options;
  return registry.audit.together(() => {
    const people = options.people ? eraseTheirPeople(fleet, subject) : [];
    const commands = gatewaysOf(registry, subject.targets).flatMap((target) =>
      eraseCommandsOf(target, { newId, at: Date.now(), by: 'terroir-fleet' }),
    );
    const asked = commands.filter((command: NewCommand) => registry.addCommand(command));
    const gateways = asked.map(({ gatewayId, id }) => ({ gatewayId, commandId: id }));
    const others = byOrganisation(batches.flatMap((batch) => batch.others));
    const consents = [...consentsOf(registry, options.consent)];
    const said = { from, to, reason, by: userInfo().username, batches, gateways, consents };
    const { type, id } = subject.resource;
    const receipt = seal({
      ...said,
      ...(type === 'point' ? { pointId: id } : { organisationId: id, people: peopleOf(people) }),
    });
    const common = {
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      reason,
      receipt: createHash('sha256').update(receipt).digest('hex'),
    };
    // who lost something by another's erasure reads it in its own trail
    for (const { organisationId, readings, windows } of others) {
      const resource = { type: 'organisation', id: organisationId, organisationId };
      const after = { ...common, readings, windows, consented: consents.includes(organisationId) };
      changeAsOperator(
        registry,
        () => undefined,
        () => ({ action: 'erase-readings', resource, after }),
      );
    }
    const commandIds = gateways.map(({ commandId }) => commandId);
    changeAsOperator(
      registry,
      () => writeFileSync(out, receipt, { flag: 'wx' }),
      () => ({
        action: 'erase-readings',
        resource: subject.resource,
        after: { ...common, batches: batches.length, people: people.length, commands: commandIds },
      }),
    );
    const notAsked = commands.filter((command) => !asked.includes(command)).map(({ gatewayId }) => gatewayId);
    return { gateways, notAsked: [...new Set(notAsked)] };
  });
};

const eraseTheirPeople = (fleet: OpenedFleet, subject: Subject) => {
  const { registry } = fleet;
  const organisations = () => registry.organisations();
  const isTop = treeOf(organisations()).top === subject.resource.id;
  if (isTop) throw new Error('The people of the organisation on top are erased one by one: erase-person.');
  const audit = createAuditTrail({
    store: registry.audit,
    tree: () => treeOf(organisations()),
    now: Date.now,
    random: randomBytes,
  });
  const by = { subject: operatorSubject(userInfo().username), from: 'command line' };
  return erasePeople({ registry, audit, now: Date.now }, subject.resource.id, by);
};
