import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { newId } from '../../../../fleet/registry/new-id.js';
import type { Deed } from '../../../../fleet/registry/organisations/deeds.js';
import { OrganisationError } from '../../../../fleet/registry/organisations/errors.js';
import { createOrganisations } from '../../../../fleet/registry/organisations/organisations.js';
import { readOrganisationVocabulary } from '../../../../fleet/registry/organisations/vocabulary.js';
import {
  ORGANISATION_TYPES,
  type Act,
  type HoldingRecord,
} from '../../../../fleet/store/organisations-store.js';
import { openRegistryStore } from '../../../../fleet/store/sqlite/registry-store.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const NOW = Date.UTC(2026, 5, 1);
const vocabulary = readOrganisationVocabulary();

/** What was done; what does not go with what is there is refused, and nothing else happens. */
const orRefused = (act: () => Act): Act | undefined => {
  try {
    return act();
  } catch (error) {
    if (error instanceof OrganisationError) return undefined;
    throw error;
  }
};

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
  const attempt = (deed: Deed): Act | undefined => orRefused(() => organisations.perform(deed, { by: 'p' }));
  const takeBack = ({ id }: Act): Act | undefined => orRefused(() => organisations.undo(id, { by: 'p' }));
  return { registry, attempt, takeBack };
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

/** Times at which a thing has not exactly one holder, of the ends of its intervals and just beside them. */
const faultsOfHoldings = (holdings: readonly HoldingRecord[]): readonly string[] => {
  const titles = holdings.filter(({ title }) => title === 'holder');
  const edges = titles.flatMap(({ from, to }) => [from, from - 1, ...(to === null ? [] : [to, to - 1])]);
  return [...new Set(titles.map(({ subjectId }) => subjectId))].flatMap((subjectId) =>
    edges
      .filter((time) => time >= 0)
      .flatMap((time) => {
        const count = titles.filter(
          (one) => one.subjectId === subjectId && one.from <= time && (one.to === null || time < one.to),
        ).length;
        return count === 1 ? [] : [`${subjectId} has ${count} holders at ${time}`];
      }),
  );
};

test('a site and a location have one holder at any time, whatever is given, united and split, and taken back', () => {
  const { registry, attempt, takeBack } = openRegistry();
  const holders = ['m1', 'm2', 'm3', 'm4'];
  for (const id of holders) {
    registry.addOrganisation({
      id,
      parentId: 'top',
      name: id,
      type: 'municipality',
      code: null,
      timeZone: 'UTC',
    });
  }
  for (const [index, organisationId] of holders.entries()) {
    attempt({ deed: 'add-site', asked: { organisationId, name: `Site ${index}` } });
    attempt({ deed: 'add-location', asked: { organisationId, key: `l${index}`, name: `L${index}` } });
  }
  const ids = (name: 'site' | 'location'): readonly string[] => registry.records(name).map(({ id }) => id);
  const who = fc.constantFrom(...holders);
  const day = fc.integer({ min: 1, max: 400 }).map((days) => new Date(NOW - days * 86_400_000).toISOString());
  const terms = { from: day, past: fc.constantFrom('readable' as const, 'withheld' as const) };
  const some = (name: 'site' | 'location') => fc.subarray([...ids(name)], { maxLength: 3 });
  const act = fc.oneof(
    fc.constant('take the last back' as const),
    fc
      .record({ organisations: who.map((id) => [id]), into: who, ...terms })
      .map((asked): Deed => ({ deed: 'unite', asked })),
    fc
      .record({ to: who, sites: some('site'), locations: some('location'), ...terms })
      .map((asked): Deed => ({ deed: 'transfer', asked })),
    fc
      .record({ organisation: who, into: who, sites: some('site'), ...terms })
      .map(({ organisation, into, sites, ...rest }): Deed => ({
        deed: 'split',
        asked: { organisation, parts: [{ into, sites }], ends: false, ...rest },
      })),
  );
  const done = new Map<string, number>();
  const standing: Act[] = [];
  const perform = (each: Deed | 'take the last back'): void => {
    const last = standing.at(-1);
    const back = each === 'take the last back';
    const performed = back ? last && takeBack(last) : attempt(each);
    if (performed === undefined) return;
    if (back) standing.pop();
    else standing.push(performed);
    const kind = back ? 'undo' : performed.kind;
    done.set(kind, (done.get(kind) ?? 0) + 1);
  };
  fc.assert(
    fc.property(fc.array(act, { minLength: 1, maxLength: 8 }), (acts) => {
      for (const each of acts) perform(each);
      const holdings = [...registry.records('siteHolding'), ...registry.records('locationHolding')];
      expect(faultsOfHoldings(holdings)).toEqual([]);
    }),
    { numRuns: 100 },
  );
  for (const kind of ['transfer', 'split', 'unite', 'undo']) {
    expect(done.get(kind) ?? 0, kind).toBeGreaterThan(0);
  }
});
