import { FINEST_NAMES, type Conditions } from '../../../fleet/sharing/conditions.js';
import type { Clause, Terms } from '../../../fleet/sharing/terms.js';
import {
  beginningOf,
  BORDERS,
  DAY_END,
  ENDLESS,
  GRID_MS,
  play,
  THEMES,
  type Attempt,
} from './random-worlds.js';
import type { World } from './rules-model.js';

/** A scene in which `a` gives to `b`, and what is different in it. */
interface Twist {
  readonly clauses?: readonly Partial<Clause>[];
  readonly terms?: Partial<Terms>;
  readonly more?: readonly Attempt[];
  readonly dataset?: Partial<World['datasets'][number]>;
  readonly second?: Partial<World['datasets'][number]>;
  readonly held?: World['held'];
  readonly installed?: World['installed'];
  readonly at?: readonly [number, number] | null;
  readonly now?: number;
  readonly reader?: string;
  /** A second agreement of the same, on these conditions. */
  readonly also?: Conditions;
}

const [FIRST = 0, SECOND = 0, THIRD = 0, FOURTH = 0] = BORDERS;
const LAST = BORDERS.at(-1) ?? 0;
const ALWAYS = { from: 0, to: ENDLESS };
const aggregation = { contributors: 3, maxShare: 0.5 };

/** One for each condition, and for each border that it has; two for what merges. */
const TWISTS: readonly Twist[] = [
  {},
  ...FINEST_NAMES.map((finest) => ({ clauses: [{ conditions: { finest } }, {}] })),
  ...[LAST - 1, LAST, LAST + 1].map((now) => ({ now, clauses: [{ conditions: { delayMs: GRID_MS } }, {}] })),
  ...[LAST - 1, LAST, DAY_END - 1, DAY_END].flatMap(
    (now) =>
      [
        ...(['15m', '1h', '1d'] as const).map((finest) => ({
          now,
          clauses: [{ conditions: { finest } }, {}],
        })),
        { now: now + GRID_MS, clauses: [{ conditions: { finest: '1d' as const, delayMs: GRID_MS } }] },
        {
          now: now + GRID_MS,
          clauses: [{ conditions: { finest: '1d' } }, { conditions: { delayMs: GRID_MS } }],
        },
        { now, also: {}, clauses: [{ conditions: { finest: '1d' as const } }] },
        { now, dataset: { audience: 'open', conditions: { finest: '1d' as const } }, reader: 'c' },
      ] satisfies readonly Twist[],
  ),
  { clauses: [{ conditions: { delayMs: GRID_MS } }, { conditions: { delayMs: 2 * GRID_MS } }], now: LAST },
  { clauses: [{}, { conditions: { from: SECOND } }] },
  { clauses: [{ conditions: { to: THIRD } }, {}] },
  { clauses: [{ conditions: { from: SECOND, to: THIRD } }, { conditions: { to: FOURTH } }] },
  { clauses: [{ conditions: { aggregation } }, {}] },
  { clauses: [{ conditions: { aggregation, to: FIRST - 1 } }] },
  { clauses: [{}, { conditions: { area: [0, 0, 1, 1] } }] },
  ...[0, 1, 2, 3].map((x) => ({ at: [x, 1] as const, clauses: [{ conditions: { area: [1, 1, 2, 2] } }] })),
  ...[0, 1, 2, 3].map((y) => ({ at: [1, y] as const, dataset: { selection: { area: [1, 1, 2, 2] } } })),
  { at: null, dataset: { selection: { area: [0, 0, 4, 4] } } },
  { dataset: { selection: { sites: ['nord'] } } },
  { dataset: { selection: { locations: ['ecole'] } } },
  { dataset: { selection: { themes: ['water'] } } },
  { dataset: { selection: { themes: ['water', 'energy'], properties: ['volume'] } } },
  { dataset: { audience: 'private' } },
  { dataset: { audience: 'open', conditions: { finest: '1h' } }, reader: 'c' },
  { dataset: { owner: 'c' } },
  { dataset: { conditions: { finest: '15m' } } },
  { terms: { conditions: { delayMs: GRID_MS } }, now: LAST },
  { clauses: [{ purposes: ['research'], conditions: { finest: '1h' } }, {}] },
  { clauses: [{ receivers: ['c'] }] },
  { clauses: [{ receivers: ['c'], conditions: { finest: '1d' } }, {}] },
  ...[SECOND - 1, SECOND, THIRD - 1, THIRD].map((now) => ({ now, terms: { from: SECOND, to: THIRD } })),
  { more: [{ type: 'withdrew', who: 'a', reason: null }] },
  { more: [{ type: 'withdrew', who: 'b', reason: null }] },
  { more: [{ type: 'withdrew', who: 'c', reason: null }] },
  { also: { finest: '1h' }, clauses: [{ conditions: { finest: '15m', to: THIRD } }] },
  { also: {}, clauses: [{ conditions: { aggregation } }] },
  {
    second: { owner: 'a', selection: { properties: ['volume'] } },
    clauses: [{}, { dataset: 'd1', conditions: { finest: '1h' } }],
  },
  { installed: [{ device: 0, location: 'mairie', from: SECOND, to: THIRD }] },
  { installed: [{ device: 0, location: null, ...ALWAYS }] },
  {
    installed: [
      { device: 0, location: 'mairie', from: 0, to: SECOND },
      { device: 0, location: 'ecole', from: THIRD, to: ENDLESS },
    ],
  },
  {
    installed: [
      { device: 0, location: 'mairie', from: 0, to: THIRD },
      { device: 0, location: 'ecole', from: THIRD, to: ENDLESS },
    ],
    dataset: { selection: { locations: ['ecole'] } },
  },
  {
    held: [
      { device: 0, by: 'a', title: 'holder', from: 0, to: SECOND },
      { device: 0, by: 'c', title: 'holder', from: SECOND, to: THIRD },
      { device: 0, by: 'a1', title: 'holder', from: THIRD, to: ENDLESS },
      { device: 0, by: 'a', title: 'past', from: SECOND, to: THIRD },
    ],
  },
  { held: [{ device: 0, by: 'org', title: 'holder', ...ALWAYS }], dataset: { owner: 'org' } },
  { held: [{ device: 0, by: 'b', title: 'holder', ...ALWAYS }], installed: [], reader: 'b' },
  { held: [{ device: 0, by: 'a1', title: 'holder', ...ALWAYS }], reader: 'a1' },
  { reader: 'b1' },
];

const clausesOf = (twists: readonly Partial<Clause>[]): Clause[] =>
  twists.map((twist, index) => ({
    key: `c${index}`,
    giver: 'a',
    dataset: 'd0',
    receivers: 'parties',
    purposes: ['operations'],
    ...twist,
  }));

const termsOf = ({ clauses = [{}], terms }: Twist): Terms => ({
  title: { fr: 'Partage' },
  parties: ['a', 'b', 'c'].map((organisationId) => ({ organisationId, name: organisationId })),
  clauses: clausesOf(clauses),
  from: 0,
  to: null,
  accession: 'closed',
  ...terms,
});

const ORGANISATIONS = [
  { id: 'org', parentId: null, type: 'intercommunality' },
  { id: 'a', parentId: 'org', type: 'municipality' },
  { id: 'a1', parentId: 'a', type: 'service' },
  { id: 'a2', parentId: 'a1', type: 'municipality' },
  { id: 'b', parentId: 'org', type: 'municipality' },
  { id: 'b1', parentId: 'b', type: 'service' },
  { id: 'c', parentId: 'org', type: 'municipality' },
];

export const chosenScenes = (points: World['points']) =>
  TWISTS.map((twist) => {
    const { more = [], dataset, second, also, at = [1, 1], now = LAST + 10 * GRID_MS, reader = 'b' } = twist;
    const histories: (readonly Attempt[])[] = [[...beginningOf(termsOf(twist)), ...more]];
    if (also !== undefined) histories.push(beginningOf(termsOf({ clauses: [{ conditions: also }] })));
    const world: World = {
      organisations: ORGANISATIONS,
      locations: [
        { id: 'mairie', site: 'centre', at },
        { id: 'ecole', site: 'nord', at },
        { id: 'depot', site: null, at: null },
      ],
      held: twist.held ?? [{ device: 0, by: 'a', title: 'holder', ...ALWAYS }],
      installed: twist.installed ?? [{ device: 0, location: 'mairie', ...ALWAYS }],
      datasets: [
        { id: 'd0', owner: 'a', audience: 'agreement', selection: {}, ...dataset },
        { id: 'd1', owner: 'b', audience: 'agreement', selection: {}, ...second },
      ],
      themes: THEMES,
      agreements: histories.map((tried) => play(tried).events),
      points,
    };
    return { world, now, reader, purposes: ['operations', 'research'] };
  });
