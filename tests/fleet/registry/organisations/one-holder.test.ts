import * as fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { newId } from '../../../../fleet/registry/new-id.js';
import type { Deed } from '../../../../fleet/registry/organisations/deeds.js';
import { OrganisationError } from '../../../../fleet/registry/organisations/errors.js';
import { createOrganisations } from '../../../../fleet/registry/organisations/organisations.js';
import { readOrganisationVocabulary } from '../../../../fleet/registry/organisations/vocabulary.js';
import type { Act, HoldingRecord } from '../../../../fleet/store/organisations-store.js';
import {
  addGateway,
  directoryOf,
  everything,
  NOW,
  openFleetOfViews,
  point,
  T0,
  type FleetOfViews,
} from '../../projections/fleet-of-views.js';

const DAY = 86_400_000;
const HOLDERS = ['m1', 'm2', 'm3', 'm4'];
const HELD = [
  ['gateway', 'gatewayHolding'],
  ['device', 'holding'],
  ['site', 'siteHolding'],
  ['location', 'locationHolding'],
] as const;
type Thing = (typeof HELD)[number][0];

/** What was done; what does not go with what is there is refused, and nothing else happens. */
const orRefused = (act: () => Act): Act | undefined => {
  try {
    return act();
  } catch (error) {
    if (error instanceof OrganisationError) return undefined;
    throw error;
  }
};

/** A gateway's directory: two meters of two points each, at two locations. */
const listingOf = (gatewayId: string) => {
  const [meter] = directoryOf().devices;
  if (meter === undefined) throw new Error('no device');
  const keys = ['heat', 'water'];
  const installed = (key: string) => ({ serial: `${gatewayId}-${key}`, location: `${gatewayId}-${key}` });
  return {
    ...directoryOf(),
    devices: keys.map((key) => ({ ...meter, key, installation: installed(key) })),
    points: keys.flatMap((device, index) =>
      [1, 2].map((number) => point(index * 2 + number, { device, key: `p${number}` })),
    ),
  };
};

/** Four municipalities; each has a site, and a gateway with meters. */
const openHeld = () => {
  const fleet = openFleetOfViews('UTC');
  onTestFinished(() => fleet.close());
  const { registry } = fleet;
  const organisations = createOrganisations({
    store: registry,
    vocabulary: readOrganisationVocabulary(),
    newId,
    now: () => NOW,
  });
  const attempt = (deed: Deed): Act | undefined => orRefused(() => organisations.perform(deed, { by: 'p' }));
  const takeBack = ({ id }: Act): Act | undefined => orRefused(() => organisations.undo(id, { by: 'p' }));
  for (const id of HOLDERS) {
    const more = { parentId: 'org', name: id, type: 'municipality', code: null, timeZone: 'UTC' } as const;
    registry.addOrganisation({ id, ...more });
    attempt({ deed: 'add-site', asked: { organisationId: id, name: `Site of ${id}` } });
    const gatewayId = `gateway${id}00000000`;
    addGateway(registry, gatewayId, id);
    registry.resolve(gatewayId, listingOf(gatewayId), T0);
  }
  return { fleet, attempt, takeBack };
};

const ownHoldings = ({ registry }: FleetOfViews, name: (typeof HELD)[number][1]): readonly HoldingRecord[] =>
  registry.records(name).filter(({ title }) => title === 'holder');

const holderAt = (holdings: readonly HoldingRecord[], subjectId: string, time: number): readonly string[] =>
  holdings
    .filter((one) => one.subjectId === subjectId && one.from <= time && (one.to === null || time < one.to))
    .map(({ organisationId }) => organisationId);

/** Times at which a thing has not exactly one holder, of the ends of its intervals and just beside them. */
const faultsOfHoldings = (holdings: readonly HoldingRecord[]): readonly string[] => {
  const edges = holdings.flatMap(({ from, to }) => [from, from - 1, ...(to === null ? [] : [to, to - 1])]);
  return [...new Set(holdings.map(({ subjectId }) => subjectId))].flatMap((subjectId) =>
    edges
      .filter((time) => time >= 0)
      .flatMap((time) => {
        const { length } = holderAt(holdings, subjectId, time);
        return length === 1 ? [] : [`${subjectId} has ${length} holders at ${time}`];
      }),
  );
};

const named = (kind: string) => (row: { readonly id: string; readonly organisationId: string }) =>
  `${kind} ${row.id} ${row.organisationId}`;

/** Things that a face lists under another than who holds them now, or not once. */
const faultsOfFaces = async (fleet: FleetOfViews): Promise<readonly string[]> => {
  const { reader, registry } = fleet;
  const query = { limit: 1000 };
  // whoever sees all of them; a former holder alone goes on seeing under its own name what it held
  const all = everything(...HOLDERS);
  const gateways = await Promise.all(
    HOLDERS.map(async (who) =>
      (await reader.gateways(everything(who), query)).map(({ id }) => `gateway ${id} ${who}`),
    ),
  );
  const listed = [
    ...gateways.flat(),
    ...(await reader.devices(all, query)).map(named('device')),
    ...(await reader.points(all, query)).map(named('point')),
  ];
  const devices = ownHoldings(fleet, 'holding');
  const held = [
    ...ownHoldings(fleet, 'gatewayHolding').map(({ subjectId }) => ['gateway', subjectId] as const),
    ...devices.map(({ subjectId }) => ['device', subjectId] as const),
    ...registry.records('point').map(({ id }) => ['point', id] as const),
  ];
  const expected = new Set(
    held.flatMap(([kind, id]) => {
      const subject = kind === 'point' ? (registry.record('point', id)?.deviceId ?? '') : id;
      const rows = kind === 'gateway' ? ownHoldings(fleet, 'gatewayHolding') : devices;
      const [who = ''] = holderAt(rows, subject, NOW);
      return HOLDERS.includes(who) ? [`${kind} ${id} ${who}`] : [];
    }),
  );
  return [
    ...listed.filter((line) => !expected.has(line)).map((line) => `${line}: not its holder`),
    ...[...expected].filter((line) => !listed.includes(line)).map((line) => `${line}: not listed`),
  ];
};

/** Records that name another holder than who holds them now. */
const faultsOfRecords = (fleet: FleetOfViews): readonly string[] =>
  (['gateway', 'site', 'location'] as const).flatMap((name) =>
    fleet.registry.records(name).flatMap(({ id, organisationId }) => {
      const [holder] = holderAt(ownHoldings(fleet, `${name}Holding`), id, NOW);
      return holder === organisationId ? [] : [`${name} ${id} names ${organisationId}, held by ${holder}`];
    }),
  );

const arbitraryActs = ({ registry }: FleetOfViews) => {
  const who = fc.constantFrom(...HOLDERS);
  // some of them on a day to come, by whatever clock
  const at = fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 0, max: 400 }).map((days) => NOW - days * DAY) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 }).map((days) => NOW * 2 + days * DAY) },
  );
  const from = at.map((time) => new Date(time).toISOString());
  const terms = { from, past: fc.constantFrom('readable' as const, 'withheld' as const) };
  const some = (name: Thing) =>
    fc.subarray(
      registry.records(name).map(({ id }) => id),
      { maxLength: 2 },
    );
  const things = {
    gateways: some('gateway'),
    devices: some('device'),
    locations: some('location'),
    sites: some('site'),
  };
  return fc.oneof(
    fc.constant('take the last back' as const),
    fc
      .record({ organisations: who.map((id) => [id]), into: who, ...terms })
      .map((asked): Deed => ({ deed: 'unite', asked })),
    fc
      .record({ to: who, alone: fc.boolean(), ...things, ...terms })
      .map((asked): Deed => ({ deed: 'transfer', asked })),
    fc
      .record({ organisation: who, into: who, gateways: things.gateways, sites: things.sites, ...terms })
      .map(({ organisation, into, gateways, sites, ...rest }): Deed => {
        // what it holds of these, or nothing could ever be split
        const own = (name: 'gateway' | 'site', ids: readonly string[]) =>
          ids.filter((id) => registry.record(name, id)?.organisationId === organisation);
        const parts = [{ into, gateways: own('gateway', gateways), sites: own('site', sites) }];
        return { deed: 'split', asked: { organisation, parts, ends: false, ...rest } };
      }),
  );
};

test('everything has one holder at any time, and is listed as theirs, whatever is given, united, split and taken back', async () => {
  const { fleet, attempt, takeBack } = openHeld();
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
    const touched = performed.changes.map(({ record }) => record);
    for (const [thing, holding] of HELD) {
      if (!touched.includes(holding)) continue;
      done.set(`${kind} ${thing}`, (done.get(`${kind} ${thing}`) ?? 0) + 1);
    }
  };
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryActs(fleet), { minLength: 1, maxLength: 6 }), async (acts) => {
      for (const each of acts) perform(each);
      fleet.registry.settleHolders(NOW);
      expect(HELD.flatMap(([, name]) => faultsOfHoldings(ownHoldings(fleet, name)))).toEqual([]);
      expect(faultsOfRecords(fleet)).toEqual([]);
      expect(await faultsOfFaces(fleet)).toEqual([]);
      // until nothing is left standing, so that the next ones find somebody to give to
      for (let last = standing.pop(); last !== undefined; last = standing.pop()) takeBack(last);
    }),
    { numRuns: 60 },
  );
  for (const [thing] of HELD) {
    for (const kind of ['transfer', 'split', 'unite', 'undo']) {
      expect(done.get(`${kind} ${thing}`) ?? 0, `${kind} ${thing}`).toBeGreaterThan(0);
    }
  }
});
