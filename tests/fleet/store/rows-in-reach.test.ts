import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { concernsOnly } from '../../../fleet/registry/organisations/within-reach.js';
import { newId } from '../../../fleet/registry/new-id.js';
import type { Change, RecordName } from '../../../fleet/store/organisations-store.js';
import type { Reach } from '../../../fleet/store/reach.js';
import type { RegistryStore } from '../../../fleet/store/registry-store.js';
import { openRegistryStore } from '../../../fleet/store/sqlite/registry-store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { addGateway, directoryOf, point } from '../projections/fleet-of-views.js';

const ORGANISATIONS = ['top', 'a', 'b', 'c'];
const SITES = ['site-a', 'site-b'];

const RECORDS: readonly RecordName[] = [
  'organisation',
  'competence',
  'site',
  'location',
  'locationAlias',
  'gateway',
  'device',
  'assignment',
  'holding',
  'gatewayHolding',
  'locationHolding',
  'siteHolding',
  'installation',
  'point',
];

const siteOf = (id: string, organisationId: string): readonly Change[] => [
  {
    record: 'site',
    before: null,
    after: { id, organisationId, name: id, address: null, geometry: null, mergedInto: null },
  },
  {
    record: 'siteHolding',
    before: null,
    after: { id: `h-${id}`, subjectId: id, organisationId, from: 0, to: null, title: 'holder' },
  },
];

/** Two gateways with their meters; a meter of `a` was given to `b`, and `c` holds competences of both. */
const openWorld = (): RegistryStore => {
  const registry = openRegistryStore(join(temporaryFolder(), 'registry.db'), { newId });
  onTestFinished(() => registry.close());
  for (const id of ORGANISATIONS) {
    const parentId = id === 'top' ? null : 'top';
    registry.addOrganisation({ id, parentId, name: id, type: 'municipality', code: null, timeZone: 'UTC' });
  }
  for (const id of ['a', 'b']) {
    const gatewayId = `gateway${id.repeat(13)}`;
    addGateway(registry, gatewayId, id);
    const [meter] = directoryOf().devices;
    if (meter === undefined) throw new Error('no device');
    registry.resolve(
      gatewayId,
      {
        ...directoryOf(),
        devices: ['one', 'two'].map((key) => ({ ...meter, key, installation: { location: `place-${key}` } })),
        points: ['one', 'two'].map((device, index) => point(index + 1, { device })),
      },
      1000,
    );
  }
  const act = (id: string, changes: readonly Change[]) =>
    registry.apply({ id, kind: 'add', at: 1, by: 'p', effective: null, summary: {}, changes, concerns: [] });
  const placed = (record: 'gateway' | 'location', id: string, siteId: string): readonly Change[] => {
    const before = registry.record(record, id);
    return before === undefined ? [] : [{ record, before, after: { ...before, siteId } } as Change];
  };
  const [first, second] = registry.records('location', { organisationId: 'a' });
  act('places', [
    ...siteOf('site-a', 'a'),
    ...siteOf('site-b', 'b'),
    ...placed('location', first?.id ?? '', 'site-a'),
    ...placed('location', second?.id ?? '', 'site-b'),
    ...placed('gateway', 'gatewaybbbbbbbbbbbbb', 'site-b'),
    ...[
      ['a', 'a'],
      ['c', 'b'],
      ['c', 'a'],
    ].map(([holderId = '', forId = ''], index): Change => ({
      record: 'competence',
      before: null,
      after: { id: `competence-${index}`, key: 'water', holderId, forId, from: 0, to: null },
    })),
  ]);
  const held = registry.records('holding', { organisationId: 'a' })[0];
  if (held === undefined) throw new Error('no holding');
  const next = { id: 'given', subjectId: held.subjectId, organisationId: 'b', from: 2000, to: null } as const;
  act('given', [
    { record: 'holding', before: held, after: { ...held, to: 2000 } },
    { record: 'holding', before: null, after: { ...next, title: 'holder' } },
  ]);
  return registry;
};

const reaches = fc
  .record({
    organisations: fc.subarray(ORGANISATIONS),
    siteId: fc.option(fc.constantFrom(...SITES), { nil: undefined }),
  })
  .map(({ organisations, siteId }): Reach => ({
    organisations: new Set(organisations),
    ...(siteId === undefined ? {} : { siteId }),
  }));

/** Fields by which rows are looked for. */
const BY = ['id', 'subjectId', 'deviceId', 'gatewayId', 'organisationId', 'key', 'holderId', 'forId'];

const seenOf = (
  registry: RegistryStore,
  name: RecordName,
  reach: Reach,
): readonly { readonly id: string }[] =>
  registry
    .records(name)
    .filter((row) => concernsOnly(registry, [{ record: name, before: null, after: row } as Change], reach));

test('the store finds within a reach those rows that an act within it may concern, and no other', () => {
  const registry = openWorld();
  for (const name of RECORDS) expect([name, registry.records(name).length > 0]).toEqual([name, true]);
  fc.assert(
    fc.property(reaches, fc.constantFrom(...RECORDS), fc.constantFrom(...BY), (reach, name, field) => {
      const seen = seenOf(registry, name, reach);
      expect(registry.recordsIn(name, reach)).toEqual(seen);
      for (const row of registry.records(name)) {
        const one = seen.find(({ id }) => id === row.id);
        expect(registry.recordIn(name, reach, row.id)).toEqual(one);
        const value: unknown = Reflect.get(row, field);
        if (value === undefined) continue;
        const alike = seen.filter((other) => Reflect.get(other, field) === value);
        expect(registry.recordsIn(name, reach, { [field]: value })).toEqual(alike);
      }
    }),
    { numRuns: 400 },
  );
});
