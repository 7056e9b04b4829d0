import * as fc from 'fast-check';
import { after, openVersion, type Agreement, type AgreementEvent } from '../../../fleet/sharing/agreement.js';
import { step, type Wanted } from '../../../fleet/sharing/agreement-steps.js';
import { SharingError } from '../../../fleet/sharing/errors.js';
import type { Terms } from '../../../fleet/sharing/terms.js';
import { T0 } from '../projections/fleet-of-views.js';
import type { World } from './rules-model.js';

export const GRID_MS = 1_800_000;
export const STEPS = 6;
/** All that begins or ends does so at these times, or a millisecond beside them. */
export const BORDERS = Array.from({ length: STEPS + 1 }, (_, index) => T0 + index * GRID_MS);
/** Instants by which every stretch can be told: of each border, with those beside it. */
export const INSTANTS = BORDERS.flatMap((border) => [border - 1, border, border + 1]);
export const ENDLESS = Number.MAX_SAFE_INTEGER;

export const PURPOSES = ['operations', 'research'] as const;
export const THEMES = { energy: ['active_power'], water: ['volume', 'flow'] };
export const PROPERTIES = ['active_power', 'volume'] as const;
export const DEVICES = 2;
const ORGANISATIONS = ['org', 'a', 'a1', 'a2', 'b', 'c'] as const;
const BODIES: readonly string[] = ['a', 'b', 'c'];
const LOCATIONS = ['mairie', 'ecole', 'depot'] as const;
const SITES = ['centre', 'nord'] as const;
const DATASETS = ['d0', 'd1', 'd2'] as const;

const mostly = <Value>(usual: Value, other: fc.Arbitrary<Value>) =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 5 }, other);

const border = fc.constantFrom(...BORDERS);
const instant = fc.constantFrom(...INSTANTS);
/** Mostly nothing: each limit hides what others do. */
const seldom = <Value>(value: fc.Arbitrary<Value>, one = 1, of = 6) =>
  fc.oneof({ arbitrary: fc.constant(undefined), weight: of - one }, { arbitrary: value, weight: one });

/** Without what is undefined. */
const dense = <Value extends object>(value: Value): Value =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Value;

const area = fc
  .tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }), fc.nat(2), fc.nat(2))
  .map(([west, south, wide, high]) => [west, south, west + wide, south + high]);

const limits = fc
  .record({
    finest: seldom(fc.constantFrom('raw' as const, '15m' as const, '1h' as const, '1d' as const), 3),
    delayMs: seldom(fc.constantFrom(0, 1, GRID_MS, 3 * GRID_MS), 2),
    area: seldom(area, 1, 12),
    aggregation: seldom(fc.constant({ contributors: 3, maxShare: 0.5 }), 1, 12),
    from: seldom(instant, 1, 5),
    to: seldom(instant, 1, 5),
  })
  .map(dense);

const selection = (points: readonly string[]) =>
  fc
    .record({
      themes: seldom(fc.subarray(['energy', 'water', 'nothing'], { minLength: 1 })),
      properties: seldom(fc.subarray([...PROPERTIES], { minLength: 1 })),
      sites: seldom(fc.subarray([...SITES], { minLength: 1 })),
      locations: seldom(fc.subarray([...LOCATIONS], { minLength: 1 })),
      points: seldom(fc.subarray([...points], { minLength: 1 })),
      area: seldom(area),
    })
    .map(dense);

const datasetsOf = (points: readonly string[]) =>
  fc.tuple(
    ...DATASETS.map((id, index) =>
      fc
        .record({
          owner: mostly(BODIES[index] ?? '', fc.constantFrom(...BODIES)),
          audience: mostly('agreement', fc.constantFrom('private', 'open')),
          selection: fc.oneof(fc.constant({}), selection(points)),
          conditions: seldom(limits, 2),
        })
        .map((dataset) => dense({ id, ...dataset })),
    ),
  );

/** Stretches of one device that follow each other, with gaps. */
const stretches = <Value>(value: fc.Arbitrary<Value>) =>
  fc
    .tuple(
      fc.uniqueArray(instant, { maxLength: 2 }),
      fc.array(seldom(value, 5), { minLength: 3, maxLength: 3 }),
    )
    .map(([cuts, values]) => {
      const ends = [0, ...cuts.toSorted((one, other) => one - other), ENDLESS];
      return ends.slice(0, -1).flatMap((from, index) => {
        const said = values[index];
        return said === undefined ? [] : [{ said, from, to: ends[index + 1] ?? ENDLESS }];
      });
    });

/** Where devices are and whose: mostly of one body, or of its service. */
const placesOf = (giver: string) =>
  fc
    .record({
      held: fc.tuple(
        ...Array.from({ length: DEVICES }, () =>
          stretches(mostly(giver, fc.constantFrom('a', 'a1', 'a2', 'b', 'c'))),
        ),
      ),
      installed: fc.tuple(
        ...Array.from({ length: DEVICES }, () =>
          stretches(fc.constantFrom(...LOCATIONS, ...LOCATIONS, null)),
        ),
      ),
      past: fc.array(
        fc.record({ device: fc.nat(DEVICES - 1), by: fc.constantFrom('a', 'b'), from: border }),
        {
          maxLength: 1,
        },
      ),
    })
    .map(({ held, installed, past }) => ({
      held: [
        ...held.flatMap((own, device) =>
          own.map(({ said, ...span }) => ({ device, by: said, title: 'holder' as const, ...span })),
        ),
        ...past.map((one) => ({ ...one, title: 'past' as const, to: one.from + 2 * GRID_MS })),
      ],
      installed: installed.flatMap((own, device) =>
        own.map(({ said, ...span }) => ({ device, location: said, ...span })),
      ),
    }));

const locations = fc.tuple(
  ...LOCATIONS.map((id) =>
    fc.record({
      id: fc.constant(id),
      site: fc.constantFrom(...SITES, null),
      at: fc.option(fc.tuple(fc.nat(4), fc.nat(4)), { freq: 4 }),
    }),
  ),
);

const organisations = fc.record({ a1: fc.boolean(), a2: fc.boolean() }).map(({ a1, a2 }) =>
  ORGANISATIONS.map((id) => {
    const parentId = { org: null, a1: 'a', a2: 'a1', a: 'org', b: 'org', c: 'org' }[id];
    const isService = (id === 'a1' && a1) || (id === 'a2' && a2);
    return { id, parentId, type: isService ? 'service' : id === 'org' ? 'intercommunality' : 'municipality' };
  }),
);

const title = { fr: 'Partage' };

/** A clause of one of the parties, mostly of its own dataset. */
const clauseOf = (giver: string) =>
  fc
    .record({
      giver: mostly(giver, fc.constantFrom(...BODIES)),
      own: seldom(fc.constantFrom(...DATASETS), 1, 12),
      receivers: fc.constantFrom<('parties' | string[])[]>(
        'parties',
        'parties',
        'parties',
        ['a'],
        ['b'],
        ['c'],
        ['b', 'c'],
      ),
      purposes: mostly([...PURPOSES], fc.subarray([...PURPOSES], { minLength: 1 })),
      conditions: seldom(limits, 5),
    })
    .map(({ own, ...clause }) => ({
      ...clause,
      dataset: own ?? DATASETS[BODIES.indexOf(clause.giver)] ?? '',
    }));

/** Several of one giver, which limit each other. */
const clausesOf = (giver: string) => fc.array(clauseOf(giver), { minLength: 2, maxLength: 3 });

/** Terms that hold together: clauses that do not are left out. */
const termsOf = (giver: string): fc.Arbitrary<Terms> =>
  fc
    .record({
      parties: mostly<string[]>(['a', 'b', 'c'], fc.constantFrom(['a', 'b'], ['b', 'c'])),
      clauses: clausesOf(giver),
      conditions: seldom(limits, 2),
      from: fc.oneof({ arbitrary: fc.constant(0), weight: 5 }, instant),
      to: fc.oneof({ arbitrary: fc.constant(null), weight: 5 }, instant),
      accession: fc.constantFrom('closed' as const, 'open' as const),
    })
    .map(({ parties, clauses: said, ...more }) => {
      const fit = said.filter(
        ({ giver, receivers }) =>
          parties.includes(giver) &&
          (receivers === 'parties' || receivers.every((one) => one !== giver && parties.includes(one))),
      );
      const given = fit.length > 0 ? fit : [{ ...said[0], giver: 'b', receivers: 'parties' as const }];
      return dense({
        ...more,
        title,
        to: more.to !== null && more.to <= more.from ? null : more.to,
        parties: parties.map((organisationId) => ({ organisationId, name: organisationId })),
        clauses: given.map((one, index) => dense({ ...one, key: `c${index}` })),
      }) as Terms;
    });

const terms = fc.constantFrom(...BODIES).chain(termsOf);

/** What somebody tries. */
export type Attempt = Wanted & { readonly who: string };

const WHO = fc.constantFrom(...BODIES);
const act = <Type extends string>(type: Type) => fc.record({ type: fc.constant(type), who: WHO });

export const attempt: fc.Arbitrary<Attempt> = fc.oneof(
  fc.record({ type: fc.constant('drafted' as const), who: WHO, terms }),
  act('proposed'),
  { arbitrary: act('signed').map((one) => ({ ...one, version: 0, signer: SIGNER })), weight: 6 },
  { arbitrary: fc.record({ type: fc.constant('amended' as const), who: WHO, terms }), weight: 2 },
  act('recalled'),
  fc
    .record({ who: WHO, invited: WHO })
    .map(({ who, invited }) => ({ type: 'invited' as const, who, party: partyOf(invited) })),
  WHO.map((who) => ({ type: 'join' as const, who, clauses: [] })),
  WHO.map((who) => ({ type: 'withdrew' as const, who, reason: null })),
  act('ended'),
);

const SIGNER = { id: 'p', name: 'P', role: 'owner' };
const partyOf = (organisationId: string) => ({ organisationId, name: organisationId });

/** Draft, proposal and signatures of all: what most histories begin with. */
export const beginningOf = (said: Terms): readonly Attempt[] => [
  { type: 'drafted', who: said.parties[0]?.organisationId ?? '', terms: said },
  { type: 'proposed', who: said.parties[0]?.organisationId ?? '' },
  ...said.parties.map(({ organisationId }) => ({
    type: 'signed' as const,
    who: organisationId,
    version: 0,
    signer: SIGNER,
  })),
];

export const attempts = fc
  .tuple(
    fc.oneof({ arbitrary: terms.map(beginningOf), weight: 5 }, fc.constant([])),
    fc.array(attempt, { maxLength: 8 }),
  )
  .map(([first, more]) => [...first, ...more]);

/** An agreement after what was permitted of some attempts, one an hour; a signature is for the version that waits. */
export const play = (tried: readonly Attempt[], seen?: (attempt: Attempt, done: boolean) => void) => {
  let agreement: Agreement | undefined;
  const events: AgreementEvent[] = [];
  for (const [index, { who, ...wanted }] of tried.entries()) {
    const version = agreement === undefined ? 0 : (openVersion(agreement)?.number ?? 0);
    const exact: Wanted = wanted.type === 'signed' ? { ...wanted, version } : wanted;
    const at = T0 - 1_000_000 + index;
    try {
      const event = step(agreement, exact, { at, by: 'p', organisationId: who });
      agreement = after(agreement, 'agreement', event);
      events.push(event);
      seen?.({ who, ...exact }, true);
    } catch (error) {
      if (!(error instanceof SharingError)) throw error;
      seen?.({ who, ...exact }, false);
    }
  }
  return { agreement, events };
};

const DAY = 86_400_000;
/** Of the legal day in which all readings are. */
export const DAY_END = Date.UTC(2026, 2, 10, 23);
const LATER = (BORDERS.at(-1) ?? 0) + 10 * GRID_MS;

const readersOf = (giver: string): fc.Arbitrary<string | null> =>
  mostly<string | null>(BODIES.find((body) => body !== giver) ?? '', fc.constantFrom(...ORGANISATIONS, null));

/** A world over points that are there, and who reads in it when, for what: everything else is by chance. */
export const scenesOf = (points: World['points']) =>
  fc.constantFrom(...BODIES).chain((giver) =>
    fc
      .record({
        organisations,
        locations,
        places: placesOf(giver),
        datasets: datasetsOf(points.map(({ id }) => id)),
        agreements: fc.array(
          fc
            .oneof({ arbitrary: termsOf(giver).map(beginningOf), weight: 4 }, attempts)
            .map((tried) => play(tried).events),
          { minLength: 1, maxLength: 2 },
        ),
        reader: readersOf(giver),
        purposes: mostly<readonly (string | null)[]>(PURPOSES, fc.constant([null])),
        now: fc.oneof(instant, fc.constantFrom(LATER, DAY_END - 1, DAY_END, DAY_END + 2 * DAY)),
      })
      .map(({ places: { held, installed }, reader, purposes, now, ...world }) => ({
        world: { ...world, held, installed, points, themes: THEMES } satisfies World,
        reader,
        purposes,
        now,
      })),
  );
