import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import type { Action } from '../../access/actions.js';
import type { AuditObject } from '../../access/audit/content.js';
import { changeAsOperator } from '../../access/audit/operator-audit.js';
import type { Act } from '../../store/organisations-store.js';
import type { RegistryStore } from '../../store/registry-store.js';
import { openRegistryStore } from '../../store/sqlite/registry-store.js';
import { newId } from '../new-id.js';
import { concernedBy } from './concerned.js';
import type { Deed } from './deeds.js';
import { OrganisationError } from './errors.js';
import { createOrganisations, type Actor, type Organisations, type Plan } from './organisations.js';
import { readOrganisationVocabulary } from './vocabulary.js';

export interface OperatorOptions {
  readonly data: string;
  readonly json: boolean;
}

/** Organisations from the command line, beside a service that runs or not. */
export interface OperatorOrganisations {
  readonly registry: RegistryStore;
  readonly organisations: Organisations;
  readonly actor: Actor;
}

/** The registry of a fleet that is there: a mistyped folder must not become a new one. */
const registryIn = (data: string): string => {
  const path = join(resolve(data), 'registry.db');
  if (existsSync(path)) return path;
  throw new OrganisationError('unknown', `There is no fleet in ${resolve(data)}: name its folder by --data.`);
};

/** Opens the data folder for one command. */
export const withOrganisations = async (
  options: Pick<OperatorOptions, 'data'>,
  work: (opened: OperatorOrganisations) => void | Promise<void>,
): Promise<void> => {
  const registry = openRegistryStore(registryIn(options.data), { newId });
  try {
    const vocabulary = readOrganisationVocabulary();
    const organisations = createOrganisations({ store: registry, vocabulary, newId, now: Date.now });
    await work({ registry, organisations, actor: { by: userInfo().username } });
  } finally {
    registry.close();
  }
};

/** Plans, or performs and records in the trail of each organisation that it concerns; tells what changed. */
export const performAsOperator = (
  opened: OperatorOrganisations,
  action: Action,
  deed: Deed,
  options: OperatorOptions & { readonly dryRun?: boolean },
): void => {
  const { organisations, actor } = opened;
  if (options.dryRun === true) print(organisations.plan(deed, actor), options, 'Plan, nothing was done');
  else
    print(
      recordedAsOperator(opened, action, () => organisations.perform(deed, actor)),
      options,
      'Done',
    );
};

export const recordedAsOperator = (
  { registry }: OperatorOrganisations,
  action: Action,
  act: () => Act,
): Act => {
  const partsOf = (made: Act) =>
    concernedBy(registry, made.changes).map(({ organisationId, changes }) => ({
      action,
      resource: { type: 'act', id: made.id, organisationId },
      after: JSON.parse(JSON.stringify({ kind: made.kind, changes })) as AuditObject,
    }));
  return registry.audit.together(() => {
    const made = act();
    for (const part of partsOf(made))
      changeAsOperator(
        registry,
        () => undefined,
        () => part,
      );
    return made;
  });
};

export const print = (done: Plan | Act, { json }: OperatorOptions, title: string): void => {
  if (json) {
    process.stdout.write(`${JSON.stringify(done, null, 2)}\n`);
    return;
  }
  const id = 'id' in done ? ` (act ${done.id})` : '';
  const lines = done.changes.map(({ record, before, after }) => {
    const row = after ?? before;
    const verb = before === null ? '+' : after === null ? '-' : '~';
    return `  ${verb} ${record} ${row?.id ?? ''} ${differenceOf(before, after)}`.trimEnd();
  });
  const from = done.effective === null ? '' : `, from ${new Date(done.effective).toISOString()}`;
  process.stdout.write(`${title}: ${done.kind}${from}${id}, ${lines.length} changes\n${lines.join('\n')}\n`);
};

/** Fields that differ. */
const differenceOf = (before: object | null, after: object | null): string =>
  Object.entries(after ?? {})
    .filter(
      ([field, value]) =>
        field !== 'id' && value !== null && (before === null || Reflect.get(before, field) !== value),
    )
    .map(([field, value]) => `${field}=${typeof value === 'object' ? '…' : String(value)}`)
    .join(' ');
