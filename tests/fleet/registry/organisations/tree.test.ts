import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { newId } from '../../../../fleet/registry/new-id.js';
import type { Deed } from '../../../../fleet/registry/organisations/deeds.js';
import { OrganisationError } from '../../../../fleet/registry/organisations/errors.js';
import { createOrganisations } from '../../../../fleet/registry/organisations/organisations.js';
import { readOrganisationVocabulary } from '../../../../fleet/registry/organisations/vocabulary.js';
import { ORGANISATION_TYPES } from '../../../../fleet/store/organisations-store.js';
import { openRegistryStore } from '../../../../fleet/store/sqlite/registry-store.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const NOW = Date.UTC(2026, 5, 1);
const vocabulary = readOrganisationVocabulary();

const openRegistry = () => {
  const registry = openRegistryStore(join(temporaryFolder(), 'registry.db'), { newId });
  onTestFinished(() => registry.close());
  registry.addOrganisation({
    id: 'top',
    parentId: null,
    name: 'Top',
    type: 'region',
    code: null,
    timeZone: 'UTC',
  });
  const organisations = createOrganisations({ store: registry, vocabulary, newId, now: () => NOW });
  const attempt = (deed: Deed): boolean => {
    try {
      organisations.perform(deed, { by: 'p' });
      return true;
    } catch (error) {
      // what does not go with what is there is refused, and nothing else happens
      if (error instanceof OrganisationError) return false;
      throw error;
    }
  };
  return { registry, attempt };
};
type Registry = ReturnType<typeof openRegistry>['registry'];

const faultsOfTree = (registry: Registry): readonly string[] => {
  const all = registry.records('organisation');
  const byId = new Map(all.map((row) => [row.id, row]));
  return all.flatMap((row) => {
    const parent = row.parentId === null ? undefined : byId.get(row.parentId);
    const { under } = vocabulary.types[row.type];
    const stands =
      row.parentId === null ? under.includes('top') : parent !== undefined && under.includes(parent.type);
    let above: typeof parent = parent;
    let steps = 0;
    while (above !== undefined && steps <= all.length) {
      above = above.parentId === null ? undefined : byId.get(above.parentId);
      steps += 1;
    }
    return [
      ...(stands ? [] : [`${row.type} ${row.id} under ${parent?.type ?? 'nothing'}`]),
      ...(steps > all.length ? [`${row.id} stands on a ring`] : []),
    ];
  });
};

const pick = fc.nat(12);
// services stand under services: only they can be put on a ring
const type = fc.oneof(fc.constant('service' as const), fc.constantFrom(...ORGANISATION_TYPES));
const change = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const), type, under: pick }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('move' as const), what: pick, under: pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('merge' as const), what: pick, under: pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), what: pick }) },
);

test('whatever is added, moved, merged and removed, everything stands where its type may, on no ring', () => {
  const { registry, attempt } = openRegistry();
  let done = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 20 }), (changes) => {
      for (const each of changes) {
        const ids = registry.records('organisation').map(({ id }) => id);
        const idOf = (number: number): string => ids[number % ids.length] ?? 'top';
        const name = `O${done}`;
        const deed: Deed =
          each.do === 'add'
            ? {
                deed: 'add-organisation',
                asked: {
                  parentId: idOf(each.under),
                  name,
                  type: each.type,
                  ...(each.type === 'partner' ? { partnerKind: 'company' as const } : {}),
                },
              }
            : each.do === 'move'
              ? { deed: 'change-organisation', id: idOf(each.what), asked: { parentId: idOf(each.under) } }
              : each.do === 'merge'
                ? {
                    deed: 'merge',
                    asked: { record: 'organisation', survivor: idOf(each.what), duplicate: idOf(each.under) },
                  }
                : { deed: 'remove-organisation', id: idOf(each.what) };
        if (attempt(deed)) done += 1;
      }
      expect(faultsOfTree(registry)).toEqual([]);
    }),
    { numRuns: 40 },
  );
  expect(done).toBeGreaterThan(20);
});
