/**
 * What `fleet/sharing/README.md` says of aggregates over several points, written a second time and as plainly as can be.
 * Nothing of the product is called.
 */
export interface AggregatesWorld {
  readonly datasets: readonly {
    readonly id: string;
    readonly points: readonly number[];
    readonly open: boolean;
    readonly conditions: Said;
  }[];
  readonly agreements: readonly {
    readonly id: string;
    readonly clauses: readonly {
      readonly key: string;
      readonly dataset: string;
      readonly purposes: readonly string[];
      readonly conditions: Said;
    }[];
  }[];
}

export interface Said {
  readonly finest?: '15m' | '1h' | '1d' | undefined;
  readonly delayMs?: number | undefined;
  readonly area?: readonly number[] | undefined;
  readonly aggregation?: { readonly contributors: number; readonly maxShare: number } | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** Where a point was from when to when. */
export interface Stretch {
  readonly point: number;
  readonly location: string;
  readonly at: readonly [number, number];
  readonly from: number;
  readonly to: number;
}

export interface Cell {
  readonly start: number;
  readonly end: number;
}

export const LENGTHS = { '15m': 900_000, '1h': 3_600_000, '1d': 86_400_000 } as const;
const QUARTER = LENGTHS['15m'];

interface Consent {
  readonly by: string;
  /** Each clause that selects it, and what limits it. */
  readonly clauses: readonly string[];
  readonly said: readonly Said[];
}

const consents = (world: AggregatesWorld, point: number, purpose: string | null): Consent[] => {
  const found: Consent[] = [];
  for (const { id, points, open, conditions } of world.datasets) {
    if (open && points.includes(point)) found.push({ by: `open ${id}`, clauses: [id], said: [conditions] });
  }
  for (const { id, clauses } of world.agreements) {
    const apply = clauses.filter(
      ({ dataset, purposes }) =>
        purposes.some((one) => one === purpose) &&
        world.datasets.some((one) => one.id === dataset && one.points.includes(point)),
    );
    if (apply.length === 0) continue;
    const said = apply.flatMap(({ dataset, conditions }) => [
      conditions,
      world.datasets.find((one) => one.id === dataset)?.conditions ?? {},
    ]);
    found.push({ by: id, clauses: apply.map(({ key }) => key), said });
  }
  return found;
};

const inAll = (said: readonly Said[], [x, y]: Stretch['at']): boolean =>
  said.every(
    ({ area: [west = -180, south = -90, east = 180, north = 90] = [] }) =>
      west <= x && x <= east && south <= y && y <= north,
  );
const isPooled = (said: readonly Said[]): boolean => said.some((one) => one.aggregation !== undefined);
const beginOf = (said: readonly Said[]): number => Math.max(...said.map(({ from = -Infinity }) => from));
const endOf = (said: readonly Said[]): number => Math.min(...said.map(({ to = Infinity }) => to));

/** Whether the reader ever reads something of the point within the cell by itself. */
export const isReadAlone = (
  world: AggregatesWorld,
  stretches: readonly Stretch[],
  purposes: readonly (string | null)[],
  { start, end }: Cell,
): boolean =>
  stretches.some((stretch) =>
    purposes.some((purpose) =>
      consents(world, stretch.point, purpose).some(
        ({ said }) =>
          !isPooled(said) &&
          inAll(said, stretch.at) &&
          Math.max(beginOf(said), stretch.from) < end &&
          start < Math.min(endOf(said), stretch.to) &&
          Math.max(beginOf(said), stretch.from) < Math.min(endOf(said), stretch.to),
      ),
    ),
  );

/** All that the reader's clauses say of a place, whatever the purpose. */
const fingerprint = (
  world: AggregatesWorld,
  { point, at }: Stretch,
  purposes: readonly (string | null)[],
): string =>
  JSON.stringify(
    purposes.map((purpose) =>
      consents(world, point, purpose).map(({ by, clauses }) => [
        by,
        clauses.map((key) => {
          const agreement = world.agreements.find(({ id }) => id === by);
          const clause = agreement?.clauses.find((one) => one.key === key);
          const dataset = world.datasets.find(({ id }) => id === (clause?.dataset ?? key));
          return [key, inAll([clause?.conditions ?? {}, dataset?.conditions ?? {}], at)];
        }),
      ]),
    ),
  );

export interface Asking {
  readonly world: AggregatesWorld;
  readonly stretches: readonly Stretch[];
  readonly purposes: readonly (string | null)[];
  /** What the point measured in the cell, if anything. */
  readonly valueOf: (point: number, cell: Cell) => number | undefined;
  readonly now: number;
}

/** The sets of points of which a sum is given for one cell. */
export const setsGiven = (
  asking: Asking,
  purpose: string | null,
  lengthMs: number,
  cell: Cell,
): readonly string[] => {
  const { world, stretches, purposes, valueOf, now } = asking;
  const sets = new Map<string, { stretch: Stretch; value: number; said: readonly Said[] }[]>();
  for (const stretch of stretches) {
    const value = valueOf(stretch.point, cell);
    if (value === undefined || stretch.from > cell.start || cell.end > stretch.to) continue;
    const own = stretches.filter(({ point }) => point === stretch.point);
    if (isReadAlone(world, own, purposes, cell)) continue;
    const pooled = (which: string | null): Consent[] =>
      consents(world, stretch.point, which).filter(({ said }) => isPooled(said) && inAll(said, stretch.at));
    const lengths = purposes
      .flatMap(pooled)
      .map(({ said }) => Math.max(QUARTER, ...said.map(({ finest = '15m' }) => LENGTHS[finest])));
    if (Math.max(...lengths) !== lengthMs) continue;
    for (const { by, said } of pooled(purpose)) {
      const delayMs = Math.max(...said.map((one) => one.delayMs ?? 0));
      if (cell.start < beginOf(said) || Math.min(endOf(said), now - delayMs) < cell.end) continue;
      const key = by + fingerprint(world, stretch, purposes);
      sets.set(key, [...(sets.get(key) ?? []), { stretch, value, said }]);
    }
  }
  return [...sets.values()]
    .filter((members) => {
      const said = members.flatMap((member) => member.said).flatMap(({ aggregation }) => aggregation ?? []);
      const locations = [...new Set(members.map(({ stretch }) => stretch.location))];
      const of = (location: string): number =>
        members.reduce((sum, { stretch, value }) => sum + (stretch.location === location ? value : 0), 0);
      const sum = members.reduce((all, { value }) => all + value, 0);
      const enough = locations.length >= Math.max(...said.map(({ contributors }) => contributors));
      return enough && Math.max(...locations.map(of)) / sum <= Math.min(...said.map((one) => one.maxShare));
    })
    .map((members) => nameOfSet(members.map(({ stretch }) => stretch.point)))
    .toSorted();
};

export const nameOfSet = (points: readonly number[]): string =>
  points.toSorted((one, other) => one - other).join(' ');
